"""Scores against time, and who gets to a score first."""

from typing import NamedTuple

import numpy as np


class Point(NamedTuple):
    """A checkpoint of a training: what was done, in what time, how well it scores.

    Attributes
    ----------
    done : int
        Pairs or epochs trained.
    seconds : dict of str to float
        What each part took, all of them together the time to get there.
    scores : dict of str to float
    """

    done: int
    seconds: dict[str, float]
    scores: dict[str, float]

    @property
    def total(self):
        """Seconds from the recordings to the embeddings."""
        return sum(self.seconds.values())


def first_time(points, name, target):
    """Return when a score was first at or above a target; None if it never was.

    Parameters
    ----------
    points : list of Point
    name : str
        The score.
    target : float

    Returns
    -------
    seconds : float or None
    """
    times = [point.total for point in points if point.scores[name] >= target]
    return min(times, default=None)


def compare(published, other, name):
    """Return how soon another training gets to what the published one had.

    Parameters
    ----------
    published, other : list of Point
    name : str
        The score.

    Returns
    -------
    rows : list of dict
        The goals: the published training's score at each checkpoint, at its end and
        at its best; the seconds of each to be there first; and how many times as
        fast the other is. None where it never is.
    """
    goals = {f"{point.done} pairs": point.scores[name] for point in published[:-1]}
    goals["end"] = published[-1].scores[name]
    goals["best"] = max(point.scores[name] for point in published)
    rows = []
    for goal, target in goals.items():
        times = [first_time(points, name, target) for points in (published, other)]
        row = {"score": name, "goal": goal, "target": target}
        row |= {"published, s": times[0], "reached, s": times[1]}
        row["times as fast"] = None if times[1] is None else times[0] / times[1]
        rows.append(row)
    return rows


def compare_all(points):
    """Return how soon each other training gets to what the published one had.

    Parameters
    ----------
    points : dict of str to list of Point
        The published training first.

    Returns
    -------
    rows : list of dict
        As :func:`compare` returns them, for every score.
    """
    published, *others = points
    return [
        {"training": other} | row
        for name in points[published][0].scores
        for other in others
        for row in compare(points[published], points[other], name)
    ]


def mean_course(repetitions):
    """Return the mean of each checkpoint's seconds and scores over repetitions.

    Parameters
    ----------
    repetitions : list of list of Point
        The same checkpoints of the same training in each.

    Returns
    -------
    course : list of Point
    """
    return [
        Point(
            same[0].done,
            _mean([point.seconds for point in same]),
            _mean([point.scores for point in same]),
        )
        for same in zip(*repetitions, strict=True)
    ]


def _mean(values):
    return {name: float(np.mean([row[name] for row in values])) for name in values[0]}
