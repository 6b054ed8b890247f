"""Put the folds of a learning curve together."""

import numpy as np

from ._curve import PerClassLearningCurve
from ._plan import ALL


def assemble_curve(plan, results, data, *, return_estimator):
    """Put the folds' results into arrays.

    Parameters
    ----------
    plan : Plan
    results : list of FoldResult
        One per fold of the plan.
    data : LabelledData
    return_estimator : bool

    Returns
    -------
    curve : PerClassLearningCurve
    """
    points = _fill(plan, [result.points for result in results])
    rows = _fill(plan, [_kept_rows(fold) for fold in plan.folds])
    first = next(point for point in points.flat if point is not None)
    return PerClassLearningCurve(
        samples_per_class=plan.limits,
        scores={
            name: _numbers(points, lambda point, name=name: point.scores[name])
            for name in first.scores
        },
        label_counts=_count_labels(rows[:, :, 0], data),
        fit_times=_numbers(points, lambda point: point.fit_time),
        score_times=_numbers(points, lambda point: point.score_time),
        front_fit_times=np.array([r.front_fit_time for r in results]),
        front_transform_times=np.array([r.front_transform_time for r in results]),
        indices=rows,
        folds=tuple((fold.train, fold.test) for fold in plan.folds),
        classes=data.classes,
        class_names=data.class_names,
        estimators=_estimators(points) if return_estimator else None,
    )


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


def _numbers(points, get):
    out = np.full(points.shape, np.nan)
    for position, point in np.ndenumerate(points):
        if point is not None:
            out[position] = get(point)
    return out


def _estimators(points):
    out = np.full(points.shape, None, dtype=object)
    for position, point in np.ndenumerate(points):
        if point is not None:
            out[position] = point.estimator
    return out


def _count_labels(rows, data):
    counts = np.zeros((*rows.shape, len(data.classes)), dtype=int)
    for position, kept in np.ndenumerate(rows):
        if kept is not None:
            counts[position] = [np.sum(data.y[kept] == c) for c in data.classes]
    return counts
