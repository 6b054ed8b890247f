"""What the plans of several pretext tasks have in common."""

from numbers import Integral

import numpy as np

from ._base import Batch

# Onsets are sample numbers over sfreq: their differences carry rounding errors. A
# microsecond, in s, is far below any sample and far above any rounding error.
TOLERANCE = 1e-6


def is_near(distance, tau):
    """Tell whether a distance in time is at most tau, rounding aside."""
    return distance <= tau + TOLERANCE


def is_far(distance, tau):
    """Tell whether a distance in time exceeds tau, rounding aside."""
    return distance > tau + TOLERANCE


def check_taus(task):
    """Raise a ValueError unless 0 < tau_pos <= tau_neg."""
    name = type(task).__name__
    if not task.tau_pos > 0:
        raise ValueError(f"{name}: tau_pos must be positive, got {task.tau_pos!r}.")
    if not task.tau_neg >= task.tau_pos:
        raise ValueError(
            f"{name}: tau_neg must be at least tau_pos={task.tau_pos!r}, "
            f"got {task.tau_neg!r}."
        )


def check_at_least_two(task, parameter):
    """Raise a ValueError unless a parameter is a whole number of at least two."""
    value = getattr(task, parameter)
    if not (isinstance(value, Integral) and value >= 2):
        raise ValueError(
            f"{type(task).__name__}: {parameter} must be at least 2, a whole number, "
            f"got {value!r}."
        )


def rows_of_recordings(recording_index, onsets):
    """Return for each recording its windows in the order of their onsets.

    Parameters
    ----------
    recording_index : ndarray of int of shape (n_windows,)
    onsets : ndarray of float of shape (n_windows,)

    Returns
    -------
    rows : list of ndarray of int
        Positions of windows; recordings in ascending order of their number.
    """
    order = np.lexsort((onsets, recording_index))
    _, begins = np.unique(recording_index[order], return_index=True)
    return np.split(order, begins[1:])


def mixed_batches(recording_index, batch_size, windows_per_recording, rng):
    """Yield windows for one batch after the other, each window once.

    A batch holds windows of several recordings, so that its statistics are those
    of the set, and several windows of each recording, so that they form tuples.

    Parameters
    ----------
    recording_index : ndarray of int of shape (n_windows,)
    batch_size : int
        About how many windows make a batch.
    windows_per_recording : int
        About how many windows of one recording meet in a batch.
    rng : numpy.random.Generator

    Yields
    ------
    windows : ndarray of int
    """
    pieces = []
    for rows in rows_of_recordings(recording_index, np.zeros(len(recording_index))):
        n_pieces = max(1, round(len(rows) / windows_per_recording))
        pieces += np.array_split(rng.permutation(rows), n_pieces)
    pieces = [pieces[i] for i in rng.permutation(len(pieces))]
    n_batches = max(1, round(len(recording_index) / batch_size))
    for members in np.array_split(np.arange(len(pieces)), min(n_batches, len(pieces))):
        yield np.concatenate([pieces[i] for i in members])


def tuple_batches(tuples, targets, batch_size, rng):
    """Yield batches of tuples that were drawn beforehand, in random order.

    Parameters
    ----------
    tuples : ndarray of int of shape (n_tuples, tuple_length)
    targets : ndarray of shape (n_tuples,)
    batch_size : int
        About how many windows make a batch.
    rng : numpy.random.Generator

    Yields
    ------
    batch : Batch
    """
    order = rng.permutation(len(tuples))
    n_batches = max(1, round(tuples.size / batch_size))
    for rows in np.array_split(order, min(n_batches, len(order))):
        windows, positions = np.unique(tuples[rows], return_inverse=True)
        yield Batch(windows, positions.reshape(tuples[rows].shape), targets[rows])
