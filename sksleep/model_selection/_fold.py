"""One fold of a learning curve."""

import warnings
from dataclasses import dataclass, field
from math import nan
from time import perf_counter

from sklearn.base import clone
from sklearn.utils import _safe_indexing

from .._own_labels import SOME_HAVE_NO_LABEL
from ._failures import FIT, in_words
from ._metadata import take_params
from ._steps import fit_front, join_steps, split_steps
from ._unlabelled import hide_labels


@dataclass(frozen=True)
class Point:
    """One fit of the last step: one limit, one repeat, one fold.

    Attributes
    ----------
    scores : dict of str to float
        None for a scorer that failed; none where all is lost.
    fit_time, score_time : float
        In seconds.
    estimator : estimator or None
    errors : dict of str to str
        What went wrong, by what was being done.
    """

    scores: dict
    fit_time: float
    score_time: float
    estimator: object = None
    errors: dict = field(default_factory=dict)


@dataclass(eq=False)
class FoldResult:
    """What one fold gave.

    Attributes
    ----------
    front_fit_time, front_transform_time : float
        In seconds: the steps before the last, on the training and test windows.
    points : dict of (int, int) to Point
        By (limit, repeat), as in :class:`~sksleep.model_selection._plan.Fold`.
    """

    front_fit_time: float
    front_transform_time: float
    points: dict = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class FoldRunner:
    """Runs folds: fits the steps before the last once, the last for every point.

    Parameters
    ----------
    estimator : estimator
    data : LabelledData
    scoring : Scoring
    params : StepParams
    keep_unlabelled : bool
        Whether the last step sees rows with a hidden label, as -1.
    return_estimator : bool
    raises : bool
        Whether an error of the last step is raised.
    """

    estimator: object
    data: object
    scoring: object
    params: object
    keep_unlabelled: bool
    return_estimator: bool
    raises: bool

    def __call__(self, fold):
        """Return the :class:`FoldResult` of a :class:`Fold`."""
        front, last = split_steps(self.estimator)
        start = perf_counter()
        Z_train = self._fit_front(front, fold.train)
        fitted = perf_counter()
        Z_test = self._transform(front, fold.test)
        result = FoldResult(fitted - start, perf_counter() - fitted)
        test = Z_test, self.data.y[fold.test], take_params(self.params.score, fold.test)
        for key, kept in fold.kept.items():
            train = self._training_rows(Z_train, fold.train, kept)
            result.points[key] = self._run_point(front, clone(last), train, test)
        return result

    def _fit_front(self, front, rows):
        X = _safe_indexing(self.data.X, rows)
        params = take_params(self.params.front_fit, rows)
        Z = fit_front(front, X, params)
        if _n_rows(Z) != len(rows):
            raise ValueError(
                f"The steps before the last made {_n_rows(Z)} rows out of {len(rows)}; "
                "labels belong to windows, so cut recordings into windows first."
            )
        return Z

    def _transform(self, front, rows):
        X = _safe_indexing(self.data.X, rows)
        return front.transform(X, **take_params(self.params.front_transform, rows))

    def _training_rows(self, Z, train, kept):
        """Return what the last step is fitted on: Z, y and metadata."""
        if self.keep_unlabelled:
            y = hide_labels(self.data.y[train], kept)
            return Z, y, take_params(self.params.last_fit, train)
        rows = train[kept]
        params = take_params(self.params.last_fit, rows)
        return _safe_indexing(Z, kept), self.data.y[rows], params

    def _run_point(self, front, last, train, test):
        Z, y, params = train
        start = perf_counter()
        try:
            last = self._fit(last, Z, y, params)
        except Exception as error:
            if self.raises:
                raise
            return Point({}, perf_counter() - start, nan, None, {FIT: in_words(error)})
        fitted = perf_counter()
        scores, errors = self.scoring(last, *test)
        scored = perf_counter()
        estimator = join_steps(front, last) if self.return_estimator else None
        return Point(scores, fitted - start, scored - fitted, estimator, errors)

    def _fit(self, last, Z, y, params):
        if not self.keep_unlabelled:
            return last.fit(Z, y, **params)[-1]
        with warnings.catch_warnings():  # of what it knows
            warnings.filterwarnings("ignore", SOME_HAVE_NO_LABEL)
            return last.fit(Z, y, **params)[-1]


def _n_rows(Z):
    return Z.shape[0] if hasattr(Z, "shape") else len(Z)
