"""Which recordings serve a pretext task, and which are held out."""

import warnings

import numpy as np


def find_serving(tasks, source):
    """Return for each task the recordings in which it has a valid tuple.

    Parameters
    ----------
    tasks : list of PretextTask
    source : WindowSource

    Returns
    -------
    serving : list of ndarray of int
        Numbers of recordings, sorted.

    Warns
    -----
    UserWarning
        If some recordings do not serve a task.

    Raises
    ------
    ValueError
        If none does.
    """
    return [_serving_one(task, source) for task in tasks]


def hold_out(serving, fraction, rng):
    """Choose recordings for validation, among those that serve every task.

    Parameters
    ----------
    serving : list of ndarray of int
        For each task, the recordings that serve it.
    fraction : float or None
        Part of them to hold out: at least one, and never all.
    rng : numpy.random.Generator

    Returns
    -------
    held_out : ndarray of int
        Empty where `fraction` is None or fewer than two recordings serve all tasks.
    """
    candidates = np.arange(max(map(np.max, serving)) + 1)
    for recordings in serving:
        candidates = np.intersect1d(candidates, recordings)
    if fraction is None or len(candidates) < 2:
        return np.array([], dtype=int)
    n_held_out = np.clip(round(fraction * len(candidates)), 1, len(candidates) - 1)
    return rng.permutation(candidates)[:n_held_out]


def _serving_one(task, source):
    recordings = np.unique(source.recording_index)
    serves = np.array([_serves(task, source, number) for number in recordings])
    left_out = [source.names[number] for number in recordings[~serves]]
    name, requirement = type(task).__name__, task.requirement()
    if not serves.any():
        raise ValueError(
            f"{name} needs {requirement} in a recording; none has them: "
            f"{_enumerate(left_out)}."
        )
    if left_out:
        warnings.warn(
            f"{name} leaves out {len(left_out)} of {len(recordings)} recordings, "
            f"which have not {requirement}: {_enumerate(left_out)}.",
            UserWarning,
            stacklevel=2,
        )
    return recordings[serves]


def _serves(task, source, number):
    return task.serves(np.sort(source.onsets[source.recording_index == number]))


def _enumerate(names, n_shown=5):
    shown = ", ".join(repr(name) for name in names[:n_shown])
    n_more = len(names) - n_shown
    return shown if n_more <= 0 else f"{shown} and {n_more} more"
