"""What the embedder reads: windows, their recordings and their onsets."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from sklearn.utils import check_array, column_or_1d

from .._labels import is_missing
from .._take_rows import take_rows
from .._warn import warn
from ..pretext._plan import rows_of_recordings
from ..windows import Windows

_N_LOOKED_AT = 64  # windows, for the scale of the signal
_SMALLEST_SCALE = 1e-3
_LEAST_STEP = 0.9  # of a window: of fewer samples in common nothing can be told
_LEARNT = ("ch_names_", "sfreq_", "net_", "held_out_", "pretext_accuracy_")


@dataclass(frozen=True, eq=False)
class WindowSource:
    """Windows with the recording and onset of each.

    Parameters
    ----------
    X : Windows or ndarray of shape (n_windows, n_channels, n_times)
    recording_index : ndarray of int of shape (n_windows,)
        For each window, the position of its recording in `names`.
    onsets : ndarray of float of shape (n_windows,)
        When each window begins in its recording, in seconds.
    names : list of str
        The recordings' names, for error messages.
    """

    X: Windows | np.ndarray
    recording_index: np.ndarray
    onsets: np.ndarray
    names: list[str]

    def __len__(self):
        return len(self.X)


def forget_fit(estimator):
    """Forget what was learnt: a fit that fails would leave the net to other windows.

    Parameters
    ----------
    estimator : StagerNetEmbedder or StagerNetClassifier
    """
    for name in _LEARNT:
        vars(estimator).pop(name, None)


def locate_windows(X, groups, onsets):
    """Say of each window which recording it is from and when it begins.

    Parameters
    ----------
    X : Windows or ndarray of shape (n_windows, n_channels, n_times)
    groups : array-like of shape (n_windows,) or None
        For an array, which rows are of one recording; None: all of them.
    onsets : array-like of float of shape (n_windows,) or None
        For an array, when each row begins in its recording, in seconds. None: rows
        of a group are consecutive, and times are counted in windows.

    Returns
    -------
    source : WindowSource
    """
    if isinstance(X, Windows):
        # The subjects may come by metadata routing, on their way to a splitter.
        are_subjects = groups is None or np.array_equal(groups, X.groups)
        if not are_subjects or onsets is not None:
            raise ValueError(
                "Windows know their recordings and onsets: leave out groups and onsets."
            )
        names = [recording.name for recording in X.recordings]
        return WindowSource(X, X.recording_index, X.onsets, names)
    groups_are_missing = groups is None
    if groups_are_missing:
        groups = np.zeros(len(X), int)
    else:
        groups = _one_per_row("groups", groups, None, len(X))
    values, recording_index = np.unique(groups, return_inverse=True)
    if onsets is None:
        onsets = _position_in_group(recording_index)
    else:
        onsets = _one_per_row("onsets", _in_seconds(onsets), float, len(X))
        if groups_are_missing:
            _check_one_recording(recording_index, onsets)
    return WindowSource(X, recording_index, onsets, [f"group {v}" for v in values])


def warn_of_subjects(source):
    """Warn of an array's groups that cannot be recordings, for a pretext task.

    To be called in ``fit``.

    Parameters
    ----------
    source : WindowSource
    """
    if isinstance(source.X, Windows):
        return
    again = _find_onsets_that_come_again(source.recording_index, source.onsets)
    if again:
        warn(
            f"onsets come again within a group: {again}. A group is one recording, not "
            "a subject: windows of several would be taken for close in time."
        )


def warn_of_overlap(X):
    """Warn of windows that share samples with their neighbours.

    Whether two windows are close can then be told from the samples that they share.

    Parameters
    ----------
    X : Windows or ndarray of shape (n_windows, n_channels, n_times)
        Of an array nobody knows.
    """
    if not isinstance(X, Windows):
        return
    order = np.lexsort((X.starts, X.recording_index))
    is_next = np.diff(X.recording_index[order]) == 0
    steps = np.diff(X.starts[order])[is_next]
    if len(steps) and (step := np.median(steps)) < _LEAST_STEP * X.n_times:
        warn(
            f"Windows of {X.n_times / X.sfreq:g} s begin every {step / X.sfreq:g} s: a "
            "pretext task can be solved by the samples that neighbours share, and "
            "neither pretext_accuracy_ nor early stopping then tells what was learnt. "
            "Train on windows that do not overlap; transform takes those that do."
        )


def warn_of_scale(estimator, X):
    """Warn of a signal that a network can hardly learn from, as it is not normalised.

    To be called in ``fit``.

    Parameters
    ----------
    estimator : StagerNetEmbedder or StagerNetClassifier
    X : Windows or ndarray of shape (n_windows, n_channels, n_times)
    """
    if estimator.normalize:
        return
    some = np.unique(np.linspace(0, len(X) - 1, _N_LOOKED_AT).astype(int))
    scale = float(take_rows(X, some).std())
    if scale < _SMALLEST_SCALE or scale > 1 / _SMALLEST_SCALE:
        warn(
            f"The signal's standard deviation is {scale:.2g}, too far from 1 to learn "
            "from without normalisation: leave normalize=True, or scale it before."
        )


def _in_seconds(onsets):
    """Return durations of Python, numpy or pandas as numbers; others as they are."""
    values = np.asarray(onsets)
    objects = values.ravel().tolist() if values.dtype == object else []
    if values.dtype.kind == "M" or any(isinstance(each, date) for each in objects):
        raise ValueError(
            "onsets must be seconds from the beginning of a recording, got dates."
        )
    if values.dtype.kind == "m":
        return values / np.timedelta64(1, "s")
    if objects and all(isinstance(each, timedelta) for each in objects):
        return np.array([each.total_seconds() for each in objects])
    return onsets


def _check_one_recording(recording_index, onsets):
    """Raise a ValueError if onsets cannot be of one recording."""
    again = _find_onsets_that_come_again(recording_index, onsets)
    if again:
        raise ValueError(
            "onsets must differ where groups are missing, as all rows are then of one "
            f"recording; {again}. Give groups, the recording of each row."
        )


def _find_onsets_that_come_again(recording_index, onsets):
    """Return which rows of a recording begin at one time, in words; "" if none do."""
    order = np.lexsort((onsets, recording_index))
    in_order = recording_index[order], onsets[order]
    same = np.flatnonzero(np.logical_and(*(np.diff(each) == 0 for each in in_order)))
    if not len(same):
        return ""
    rows = order[same[0]], order[same[0] + 1]
    return f"rows {rows[0]} and {rows[1]} both begin at {onsets[rows[0]]:g} s"


def _one_per_row(name, values, dtype, n_rows):
    """Return groups or onsets as a one-dimensional array without NaN."""
    shape = np.shape(values)
    if len(shape) != 1 and shape[1:] != (1,):
        raise ValueError(
            f"{name} must have one entry per window, got an array of shape {shape}; "
            "a group of subject and session is one string of both."
        )
    values = column_or_1d(values)
    if len(values) != n_rows:
        raise ValueError(
            f"{name} must have one entry per window, {n_rows}, got {len(values)}."
        )
    for row, value in enumerate(values if values.dtype == object else ()):
        if is_missing(value):
            raise ValueError(f"{name} must not hold {value}, as in row {row}.")
    if values.dtype == object and len({isinstance(v, str) for v in values}) > 1:
        raise ValueError(f"{name} must be all strings or all numbers, not both.")
    return check_array(values, ensure_2d=False, dtype=dtype, input_name=name)


def _position_in_group(recording_index):
    """Return for each row how many rows of its group come before it."""
    position = np.arange(len(recording_index), dtype=float)
    for rows in rows_of_recordings(recording_index, position):
        position[rows] = np.arange(len(rows))
    return position
