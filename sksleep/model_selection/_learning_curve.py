"""Scores against the number of labels per class."""

import numpy as np
from sklearn.utils.parallel import Parallel, delayed

from ._assemble import assemble_curve
from ._data import check_data
from ._failures import check_error_score, tell_failures
from ._fold import FoldRunner
from ._folds import split_folds
from ._metadata import deal_params
from ._plan import plan_curve, warn_of_absent
from ._scoring import make_scoring
from ._steps import check_no_step_needs_y, split_steps
from ._unlabelled import keeps_unlabelled


def per_class_learning_curve(
    estimator,
    X,
    y=None,
    *,
    groups=None,
    cv=None,
    samples_per_class=None,
    n_repeats=1,
    scoring=None,
    unlabelled="auto",
    params=None,
    return_estimator=False,
    error_score=np.nan,
    n_jobs=None,
    random_state=None,
    verbose=0,
):
    """Score an estimator that is given few labels per class, then more.

    The limit is on labels, not on signal. Of a Pipeline, every step but the last is
    fitted once in a fold, without y, on all training windows, unlabelled ones
    included; training and test windows are transformed once. The last step alone is
    fitted for every limit and repeat, on the labels kept, so that a whole curve
    costs little more than its largest point. Test folds are scored on their labelled
    windows.

    Parameters
    ----------
    estimator : classifier or Pipeline
        Cloned in every fold. A step that needs y, such as
        :class:`~sklearn.feature_selection.SelectKBest`, belongs with the classifier:
        nest the two in one Pipeline as the last step. A scaler is better a step of its
        own: nested, it sees no more than the labels kept. Frozen estimators and
        FeatureUnions work as steps. An estimator that is no Pipeline is fitted anew
        for every limit.
    X : Windows or array-like of shape (n_samples, ...)
        Whatever scikit-learn can index by row.
    y : array-like of shape (n_samples,), default=None
        Labels; -1 means unlabelled. None means the labels of the Windows.
    groups : array-like of shape (n_samples,), default=None
        Groups that `cv` keeps together. None means the subjects, for Windows. With
        metadata routing they are given to steps and scorers that ask for ``groups``,
        too, unless `params` has others. Without it an embedder of an array is told
        the recording of each row by `params`, and a warning says so.
    cv : int, splitter or iterable, default=None
        As in :func:`sklearn.model_selection.cross_validate`, except that None and an
        int mean :class:`~sklearn.model_selection.GroupKFold` where there are groups:
        folds never share a subject unless a splitter that ignores groups is given,
        which a warning tells.
        Groups without any label, on which there is nothing to score, are in every
        training fold of scikit-learn's splitters that train on all groups but those
        that they test, such as GroupKFold.
    samples_per_class : sequence of int or "all", default=None
        The limits, increasing; "all" may be the last. None means 1, 10, 100, ... below
        the smallest class of any training fold, then "all", so that every point is a
        mean over the same folds. In a fold where a class is smaller than a limit
        given here, that point is NaN, and a warning names fold, class and limit.
    n_repeats : int, default=1
        Independent draws per limit and fold. "all" leaves nothing to draw: it is
        fitted once in a fold and its value stands in every repeat.
    scoring : str, callable, list, tuple or dict, default=None
        As in :func:`sklearn.model_selection.cross_validate`; several scores cost one
        fit. Scorers get the last step and the transformed test windows.
    unlabelled : {"auto", "keep", "drop"}, default="auto"
        What the last step sees of windows that have no label or whose label was not
        kept. "drop" leaves them out; "keep" passes them with y = -1, for
        semi-supervised estimators. "auto" keeps them for the estimators of
        :mod:`sklearn.semi_supervised` and for those whose attribute
        ``accepts_unlabelled`` is true, alone or as the last step of a Pipeline, and
        warns of those inside another one, such as GridSearchCV, and of embedders there.
    params : dict of str to array-like of shape (n_samples,), default=None
        Metadata for the estimator, for example onsets: by the names requested with
        metadata routing, where scorers may ask, too; else by ``step__name`` for a
        Pipeline's ``fit``.
    return_estimator : bool, default=False
        Whether to keep the fitted estimator of every point.
    error_score : "raise" or float, default=np.nan
        What a point is set to where the last step cannot be fitted or scored, as with
        a score that needs every class in the test windows; a warning says which and
        why. "raise" raises the error. An error of the steps before is always raised.
    n_jobs : int, default=None
        Folds to run at once, as in joblib. The draws do not depend on it.
    random_state : int, RandomState instance or None, default=None
        Which labels are drawn. With an int, all estimators that are given the same y,
        folds and limits are given the same labels; the draws of the first repeats stay
        when `n_repeats` grows.
    verbose : int, default=0
        As in joblib.

    Returns
    -------
    curve : PerClassLearningCurve
        Scores, times and the rows drawn.

    Raises
    ------
    ValueError
        Before any fit: if groups are missing or too few for `cv`, if a training fold
        lacks a class or a test fold has no label, if there are fewer than two
        classes, if a step before the last needs y, if limits are not positive,
        increasing integers or fit into no fold. If the last step could be fitted at no
        point. What a step raises whose own fit fails without y is raised with a note
        that the steps before the last get no labels.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import StratifiedKFold
    >>> from sklearn.pipeline import make_pipeline
    >>> from sksleep.model_selection import per_class_learning_curve
    >>> X, y = load_iris(return_X_y=True)
    >>> curve = per_class_learning_curve(
    ...     make_pipeline(PCA(2), LogisticRegression()), X, y,
    ...     cv=StratifiedKFold(5), scoring="balanced_accuracy", n_repeats=3,
    ...     random_state=0,
    ... )
    >>> curve
    <PerClassLearningCurve: 1, 10, all labels per class; 5 folds, 3 repeats;
    balanced_accuracy>
    >>> curve.scores["balanced_accuracy"].mean(axis=(1, 2)).round(1)
    array([0.8, 0.9, 1. ])
    >>> curve.mean_label_counts
    array([ 1., 10., 40.])
    """
    data = check_data(X, y, groups)
    check_error_score(error_score)
    raises = error_score == "raise"
    last = split_steps(estimator)[1][-1]
    scorers = make_scoring(last, scoring, raises=raises)
    folds = split_folds(data, cv, estimator)
    plan = plan_curve(data, folds, samples_per_class, n_repeats, random_state)
    runner = FoldRunner(
        estimator,
        data,
        scoring=scorers,
        params=deal_params(estimator, scorers.scorer, params, data),
        keep_unlabelled=keeps_unlabelled(estimator, unlabelled, plan.hides(data.y)),
        return_estimator=return_estimator,
        raises=raises,
    )
    check_no_step_needs_y(estimator)
    warn_of_absent(plan, data, scoring)
    results = Parallel(n_jobs=n_jobs, verbose=verbose)(
        delayed(runner)(fold) for fold in plan.folds
    )
    tell_failures(plan, results, error_score)
    return assemble_curve(
        plan,
        results,
        data,
        score_names=scorers.names,
        error_score=error_score,
        return_estimator=return_estimator,
    )
