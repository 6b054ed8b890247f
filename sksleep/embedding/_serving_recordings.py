"""Which recordings serve a pretext task, and which are held out."""

from functools import reduce
from numbers import Real

import numpy as np

from .._some_of import some_of
from .._warn import warn
from ..pretext._plan import rows_of_recordings

# What "auto" holds out, and of how many recordings and windows at least. Of fewer, all
# teach more than it helps to know when to stop; benchmarks/DEFAULTS.md has the numbers.
USUAL_FRACTION = 0.2
_LEAST_RECORDINGS, _LEAST_WINDOWS = 5, 4000


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
    fraction : float, "auto" or None
        As :func:`draw_held_out` takes it.
    rng : numpy.random.Generator

    Returns
    -------
    held_out : list of ndarray of int
        The recordings that are held out from each task, for all the same.

    Warns
    -----
    UserWarning
        If `fraction` is a number, but there are not two such recordings.
    """
    index = dataset.source.recording_index
    held_out = draw_held_out([index[rows] for rows in dataset.rows], fraction, rng)
    if isinstance(fraction, Real) and not len(held_out):
        warn(
            f"validation_fraction={fraction} holds no recording out, as there are not "
            "two that serve every task: all epochs are trained."
        )
    return [held_out] * len(dataset.rows)


def draw_held_out(recordings, fraction, rng):
    """Draw recordings to hold out, among those that some tasks all use.

    Parameters
    ----------
    recordings : list of ndarray of int
        For each task the recordings of its windows; of one that it uses, all windows.
    fraction : float, "auto" or None
        Part of the recordings: at least one, and never all. "auto" is a fifth where
        they are five or more and have 4,000 windows or more, else None.
    rng : numpy.random.Generator

    Returns
    -------
    held_out : ndarray of int
        Empty where `fraction` is None, or fewer than two recordings serve.
    """
    candidates = reduce(np.intersect1d, map(np.unique, recordings))
    if fraction == "auto":
        n_windows = np.isin(recordings[0], candidates).sum()
        is_much = len(candidates) >= _LEAST_RECORDINGS and n_windows >= _LEAST_WINDOWS
        fraction = USUAL_FRACTION if is_much else None
    n = len(candidates)
    if fraction is None or n < 2:
        return candidates[:0]
    return rng.permutation(candidates)[: int(np.clip(round(fraction * n), 1, n - 1))]


def _tell_step(source):
    """Say how far apart windows are, as tau_pos and the like must be more."""
    order = np.lexsort((source.onsets, source.recording_index))
    steps = np.diff(source.onsets[order])
    steps = steps[np.diff(source.recording_index[order]) == 0]
    if not len(steps):
        return ""
    return f" Most of their windows begin {np.median(steps):g} apart."
