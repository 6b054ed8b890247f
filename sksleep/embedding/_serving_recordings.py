"""Which recordings serve a pretext task, and which are held out."""

from functools import reduce

import numpy as np

from .._some_of import some_of
from .._warn import warn
from ..pretext._plan import rows_of_recordings


def find_rows(task, source):
    """Return the windows of the recordings in which a task has a valid tuple.

    Parameters
    ----------
    task : PretextTask
    source : WindowSource

    Returns
    -------
    rows : ndarray of int
        Positions of windows.

    Warns
    -----
    UserWarning
        If some recordings do not serve a task.

    Raises
    ------
    ValueError
        If none does.
    """
    if len(source) < 2:
        raise ValueError("A pretext task compares windows, but X has 1 sample.")
    recordings = np.unique(source.recording_index)
    rows = rows_of_recordings(source.recording_index, source.onsets)
    serves = np.array([task.serves(source.onsets[each]) for each in rows])
    left_out = [repr(source.names[number]) for number in recordings[~serves]]
    name, requirement = type(task).__name__, task.requirement()
    if not serves.any():
        raise ValueError(
            f"{name} needs {requirement} in a recording; none has them: "
            f"{some_of(left_out)}.{_tell_step(source)}"
        )
    if left_out:
        warn(
            f"{name} leaves out {len(left_out)} of {len(recordings)} recordings, "
            f"which have not {requirement}: {some_of(left_out)}."
        )
    return np.flatnonzero(np.isin(source.recording_index, recordings[serves]))


def hold_out(dataset, fraction, rng):
    """Choose recordings for validation, among those that every task uses.

    Parameters
    ----------
    dataset : PretextDataset
    fraction : float or None
        Part of them to hold out: at least one, and never all.
    rng : numpy.random.Generator

    Returns
    -------
    held_out : list of ndarray of int
        The recordings that are held out from each task, for all the same: none where
        `fraction` is None or fewer than two recordings serve all tasks.
    """
    index = dataset.source.recording_index
    of_tasks = [np.unique(index[rows]) for rows in dataset.rows]
    candidates = reduce(np.intersect1d, of_tasks)
    held_out = rng.permutation(candidates)[: n_to_hold_out(candidates, fraction)]
    return [held_out] * len(dataset.rows)


def n_to_hold_out(candidates, fraction):
    """Return how many of some recordings to hold out: not all, but one or more."""
    if fraction is None or len(candidates) < 2:
        return 0
    return int(np.clip(round(fraction * len(candidates)), 1, len(candidates) - 1))


def _tell_step(source):
    """Say how far apart windows are, as tau_pos and the like must be more."""
    order = np.lexsort((source.onsets, source.recording_index))
    steps = np.diff(source.onsets[order])
    steps = steps[np.diff(source.recording_index[order]) == 0]
    if not len(steps):
        return ""
    return f" Most of their windows begin {np.median(steps):g} apart."
