"""Which labels every point of a learning curve keeps, drawn before any fit."""

from dataclasses import dataclass
from itertools import count, takewhile

import numpy as np
from sklearn.utils import check_random_state

from .._constraints import check_count
from .._labels import UNLABELLED
from .._some_of import some_of
from .._warn import warn
from ._limit import draw_rows, rows_of_classes

ALL = "all"


@dataclass(frozen=True, eq=False)
class Fold:
    """One fold and the labels that its points keep.

    Attributes
    ----------
    train, test : ndarray of int
        Rows of the data; `test` holds labelled rows only.
    kept : dict of (int, int) to ndarray of int
        For (limit, repeat), positions in `train`. A limit above the fold's smallest
        class has no entry, and "all" has one entry, at repeat 0.
    """

    train: np.ndarray
    test: np.ndarray
    kept: dict


@dataclass(frozen=True, eq=False)
class Plan:
    """All folds of a learning curve, with limits, repeats and draws.

    Attributes
    ----------
    limits : tuple of int or "all"
    n_repeats : int
    folds : tuple of Fold
    """

    limits: tuple
    n_repeats: int
    folds: tuple[Fold, ...]

    def hides(self, y):
        """Tell whether some row is without a label, at any point."""
        return self.limits != (ALL,) or bool((y == UNLABELLED).any())


def plan_curve(data, folds, samples_per_class, n_repeats, random_state):
    """Settle limits and draws, or raise a ValueError where they cannot be.

    Parameters
    ----------
    data : LabelledData
    folds : list of tuple of ndarray
        Rows (train, test) of every fold.
    samples_per_class : sequence of int or "all", or None
    n_repeats : int
    random_state : int, RandomState instance or None

    Returns
    -------
    plan : Plan
    """
    check_count("n_repeats", n_repeats)
    counts = _count_labels(data, folds)
    if samples_per_class is None:
        limits = default_limits(counts.min())
    else:
        limits = _check_limits(samples_per_class)
        _check_reachable(limits, counts, data.class_names)
    # Repeats come first, so that more of them leave the draws of the first ones.
    shape = (n_repeats, len(folds), len(limits))
    seeds = check_random_state(random_state).randint(2**31 - 1, size=shape)
    planned = [
        Fold(
            train,
            test[data.labelled[test]],
            _draw_fold(data.y[train], limits, seeds[:, number]),
        )
        for number, (train, test) in enumerate(folds)
    ]
    return Plan(limits, n_repeats, tuple(planned))


def _draw_fold(y, limits, seeds):
    """Return the rows that each point keeps, by (limit, repeat)."""
    rows = rows_of_classes(y)
    smallest = min(map(len, rows.values()))
    kept = {}
    for position, limit in enumerate(limits):
        if limit == ALL:
            kept[position, 0] = np.flatnonzero(y != UNLABELLED)
        elif limit <= smallest:
            for repeat, seed in enumerate(seeds[:, position]):
                kept[position, repeat] = draw_rows(rows, limit, seed)
    return kept


def _count_labels(data, folds):
    """Count the training labels per fold and class; refuse folds without."""
    if not folds:
        raise ValueError("cv makes no fold.")
    for number, (_, test) in enumerate(folds):
        if not data.labelled[test].any():
            raise ValueError(
                f"Fold {number} has no labelled row to score on"
                f"{_tell_groups(data, test)}. GroupKFold, with groups, keeps groups "
                "without a label in training."
            )
    counts = np.array([data.count_labels(train) for train, _ in folds])
    if (counts == 0).any():
        fold, label = np.argwhere(counts == 0)[0]
        raise ValueError(
            f"Fold {fold} has no training row of class {data.class_names[label]!r}; "
            "choose a cv whose training folds hold every class."
        )
    return counts


def warn_of_absent(plan, data, scoring):
    """Warn of classes that a test fold lacks, where balanced accuracy leaves them out.

    Parameters
    ----------
    plan : Plan
    data : LabelledData
    scoring : str, callable, list, tuple, dict or None
        As the caller gave it.
    """
    scores = scoring.values() if isinstance(scoring, dict) else scoring
    if scores is None or callable(scores) or "balanced_accuracy" not in scores:
        return
    absent = [
        f"fold {number} has none of {data.class_names[label]!r}"
        for number, fold in enumerate(plan.folds)
        for label in np.flatnonzero(data.count_labels(fold.test) == 0)
    ]
    if absent:
        warn(
            f"Test labels: {some_of(absent)}. There balanced accuracy is the mean over "
            "the other classes, so that chance is higher than over all."
        )


def _tell_groups(data, rows):
    """Return whom rows are of, in words."""
    if data.groups is None:
        return ""
    return f"; its groups are {', '.join(map(str, np.unique(data.groups[rows])))}"


def default_limits(smallest):
    """1, 10, 100, ... as long as every fold can draw them, then all."""
    powers = (10**exponent for exponent in count())
    return (*takewhile(lambda limit: limit < smallest, powers), ALL)


def _check_limits(samples_per_class):
    if isinstance(samples_per_class, str) or not np.iterable(samples_per_class):
        raise ValueError(
            "samples_per_class must be a list of positive integers, with 'all' as "
            f"the last if wanted, got {samples_per_class!r}."
        )
    limits = list(samples_per_class)
    numbers = limits[:-1] if limits and limits[-1] == ALL else limits
    for limit in numbers:
        check_count("each of samples_per_class but a last 'all'", limit)
    if not limits or (np.diff(numbers) <= 0).any():
        raise ValueError(
            f"samples_per_class must hold limits that increase, got {limits!r}."
        )
    return (*map(int, numbers), *limits[len(numbers) :])


def _check_reachable(limits, counts, class_names):
    """Refuse a limit that no fold can draw; warn of one that some cannot."""
    numbers = [limit for limit in limits if limit != ALL]
    for limit in numbers:
        if (counts.min(axis=1) < limit).all():
            raise ValueError(
                f"samples_per_class: no fold has {limit} training labels of every "
                f"class; the most is {counts.min(axis=1).max()}."
            )
    missing = [
        f"fold {fold} has {counts[fold, label]} training labels of class "
        f"{class_names[label]!r}, below the limit {limit}"
        for limit in numbers
        for fold, label in np.argwhere(counts < limit)
    ]
    if missing:
        warn(f"Points left out as NaN: {some_of(missing, '; ')}.")
