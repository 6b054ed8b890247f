"""The result of a per-class learning curve."""

from dataclasses import dataclass

import numpy as np

from .._optional import import_optional


@dataclass(frozen=True, eq=False, repr=False)
class PerClassLearningCurve:
    """Scores against the number of labels per class.

    What :func:`per_class_learning_curve` returns. Arrays of shape (n_limits, n_folds,
    n_repeats) hold NaN where a fold has a class smaller than the limit, scores also
    where a fit or a score failed. "all" is fitted once in a fold, and its value stands
    in every repeat.

    Attributes
    ----------
    samples_per_class : tuple of int or "all"
        The limits.
    scores : dict of str to ndarray of shape (n_limits, n_folds, n_repeats)
        Scores on the test folds, by name. The name is that of the scorer; "score"
        where `scoring` was None or a callable.
    label_counts : ndarray of int of shape (n_limits, n_folds, n_classes)
        Labels kept; 0 where the fold has a class smaller than the limit.
    test_label_counts : ndarray of int of shape (n_folds, n_classes)
        Labels of the test windows. Where a class has none, balanced accuracy is a mean
        over the others, and its chance level higher.
    fit_times, score_times : ndarray of shape (n_limits, n_folds, n_repeats)
        Seconds to fit and to score the last step.
    front_fit_times, front_transform_times : ndarray of shape (n_folds,)
        Seconds to fit the steps before the last and transform the training windows,
        and to transform the test windows: once in a fold.
    indices : ndarray of object of shape (n_limits, n_folds, n_repeats)
        Rows of the labels kept, each a sorted array; None where there are none.
    folds : tuple of (ndarray, ndarray)
        Rows of the training windows, and of the labelled test windows.
    classes : ndarray of shape (n_classes,)
        Labels as they stand in y.
    class_names : tuple of str
        Their names.
    test_groups : tuple of tuple, or None
        The groups of each fold's labelled test windows, such as subjects, each once in
        the order of rows; None without groups.
    estimators : ndarray of object of shape (n_limits, n_folds, n_repeats), or None
        The fitted estimators, if `return_estimator` was True.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sksleep.model_selection import per_class_learning_curve
    >>> X, y = load_iris(return_X_y=True)
    >>> curve = per_class_learning_curve(
    ...     GaussianNB(), X, y, samples_per_class=[2, 20], scoring="accuracy",
    ...     n_repeats=3, random_state=0,
    ... )
    >>> curve.scores["accuracy"].shape  # limits, folds, repeats
    (2, 5, 3)
    >>> curve.label_counts[:, 0]  # of each class, in the first fold
    array([[ 2,  2,  2],
           [20, 20, 20]])
    >>> X_kept = X[curve.indices[0, 0, 0]]
    >>> X_kept.shape
    (6, 4)
    """

    samples_per_class: tuple
    scores: dict
    label_counts: np.ndarray
    test_label_counts: np.ndarray
    fit_times: np.ndarray
    score_times: np.ndarray
    front_fit_times: np.ndarray
    front_transform_times: np.ndarray
    indices: np.ndarray
    folds: tuple
    classes: np.ndarray
    class_names: tuple
    test_groups: tuple | None = None
    estimators: np.ndarray | None = None

    def __repr__(self):
        limits = ", ".join(str(limit) for limit in self.samples_per_class)
        return (
            f"<PerClassLearningCurve: {limits} labels per class; "
            f"{len(self.folds)} folds, {self.fit_times.shape[2]} repeats; "
            f"{', '.join(self.scores)}>"
        )

    @property
    def mean_label_counts(self):
        """Labels per class, meaned over classes and folds: shape (n_limits,).

        Equals the limit, and for "all" tells where it stands among the limits.
        """
        per_fold = self.label_counts.mean(axis=2)
        return per_fold.sum(axis=1) / np.count_nonzero(per_fold, axis=1)

    def to_frame(self):
        """Return a long table: a row per limit, fold and repeat.

        Returns
        -------
        frame : pandas.DataFrame
            Columns samples_per_class, fold, test_groups (as in "M1, M2"; not without
            groups), repeat, n_labels (labels kept, of all classes together), one per
            score, fit_time and score_time in seconds. A score that has the name of
            another of these columns is called, for example, score_fold.
            samples_per_class holds numbers and "all". Repeats of a fold share its test
            windows, and those of "all" are one number copied: for statistics take the
            mean over repeats first.

        Raises
        ------
        ImportError
            If pandas is not installed.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.naive_bayes import GaussianNB
        >>> from sksleep.model_selection import per_class_learning_curve
        >>> X, y = load_iris(return_X_y=True)
        >>> curve = per_class_learning_curve(
        ...     GaussianNB(), X, y, samples_per_class=[5], n_repeats=3, random_state=0
        ... )
        >>> table = curve.to_frame()
        >>> table.columns.tolist()
        ['samples_per_class', 'fold', 'repeat', 'n_labels', 'score', 'fit_time',
         'score_time']
        >>> table.groupby("fold")["score"].mean().shape
        (5,)
        """
        pandas = import_optional("pandas", "pandas")
        shape = self.fit_times.shape
        limit, fold, repeat = (axis.ravel() for axis in np.indices(shape))
        own = {
            "samples_per_class": np.array(self.samples_per_class, dtype=object)[limit],
            "fold": fold,
            **self._names_of_test_groups(fold),
            "repeat": repeat,
            "n_labels": self.label_counts.sum(axis=2)[limit, fold],
        }
        times = {
            "fit_time": self.fit_times.ravel(),
            "score_time": self.score_times.ravel(),
        }
        taken = {*own, *times}
        scores = {
            f"score_{name}" if name in taken else name: values.ravel()
            for name, values in self.scores.items()
        }
        return pandas.DataFrame(own | scores | times)

    def _names_of_test_groups(self, folds):
        """Return the column of the groups that some folds test, if there are any."""
        if self.test_groups is None:
            return {}
        names = [", ".join(map(str, groups)) for groups in self.test_groups]
        return {"test_groups": np.array(names, dtype=object)[folds]}
