"""Put the folds of a learning curve together."""

from functools import partial
from operator import attrgetter

import numpy as np

from ._curve import PerClassLearningCurve
from ._plan import ALL


def assemble_curve(plan, results, data, *, score_names, error_score, return_estimator):
    """Put the folds' results into arrays.

    Parameters
    ----------
    plan : Plan
    results : list of FoldResult
        One per fold of the plan.
    data : LabelledData
    score_names : list of str
        Names of the scores where no point has any.
    error_score : float
        Score of a point that failed.
    return_estimator : bool

    Returns
    -------
    curve : PerClassLearningCurve
    """
    points = _fill(plan, [result.points for result in results])
    rows = _fill(plan, [_kept_rows(fold) for fold in plan.folds])
    names = dict.fromkeys(
        n for r in results for p in r.points.values() for n in p.scores
    )
    estimators = _of_each(points, attrgetter("estimator"), None, object)
    return PerClassLearningCurve(
        samples_per_class=plan.limits,
        scores={
            name: _of_each(points, partial(_score_of, name=name, if_failed=error_score))
            for name in names or score_names
        },
        label_counts=_count_kept(rows[:, :, 0], data),
        test_label_counts=np.array([data.count_labels(f.test) for f in plan.folds]),
        fit_times=_of_each(points, attrgetter("fit_time")),
        score_times=_of_each(points, attrgetter("score_time")),
        front_fit_times=np.array([r.front_fit_time for r in results]),
        front_transform_times=np.array([r.front_transform_time for r in results]),
        indices=rows,
        folds=tuple((fold.train, fold.test) for fold in plan.folds),
        classes=data.classes,
        class_names=data.class_names,
        test_groups=_test_groups(plan, data.groups),
        estimators=estimators if return_estimator else None,
    )


def _score_of(point, name, if_failed):
    score = point.scores.get(name)
    if score is None and not point.errors:
        raise ValueError(
            f"scoring returned {name!r} for some points of the curve alone."
        )
    return if_failed if score is None else score


def _fill(plan, folds):
    """Return an object array of shape (n_limits, n_folds, n_repeats), None for none."""
    out = np.full((len(plan.limits), len(folds), plan.n_repeats), None, dtype=object)
    for fold, values in enumerate(folds):
        for (limit, repeat), value in values.items():
            everywhere = plan.limits[limit] == ALL
            repeats = range(plan.n_repeats) if everywhere else (repeat,)
            for position in repeats:
                out[limit, fold, position] = value
    return out


def _kept_rows(fold):
    return {key: np.sort(fold.train[kept]) for key, kept in fold.kept.items()}


def _test_groups(plan, groups):
    if groups is None:
        return None
    # Whatever they are: not all can be sorted, and no NaN is another's equal.
    by_name = ({str(g): g for g in groups[fold.test].tolist()} for fold in plan.folds)
    return tuple(tuple(each.values()) for each in by_name)


def _of_each(points, get, missing=np.nan, dtype=float):
    """Return what a function gets of each point; `missing` where there is none."""
    out = np.full(points.shape, missing, dtype=dtype)
    for position, point in np.ndenumerate(points):
        if point is not None:
            out[position] = get(point)
    return out


def _count_kept(rows, data):
    counts = np.zeros((*rows.shape, len(data.classes)), dtype=int)
    for position, kept in np.ndenumerate(rows):
        if kept is not None:
            counts[position] = data.count_labels(kept)
    return counts
