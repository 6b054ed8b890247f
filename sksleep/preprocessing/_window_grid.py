"""Where windows start, and how far their signal swings.

Everything is counted in samples.
"""

from itertools import pairwise

import numpy as np

from .._memmap import release
from .._samples import round_half_up

_BLOCK = 1 << 22  # numbers of all channels: windows that begin there are read at once


def grid_starts(n_times, window, step, onsets=()):
    """Return the first sample of each window of one recording.

    Each start is rounded by itself: a step that was rounded once would drift away from
    annotations at sampling rates that are no whole number of samples a step.

    Parameters
    ----------
    n_times, window : int
        Length of the recording and of a window.
    step : float
        Distance between two starts, at least 1.
    onsets : sequence of float
        Where a new grid begins; no window crosses such a sample.

    Returns
    -------
    starts : ndarray of int, increasing
    """
    # The recording's begin comes last: an onset that is rounded to it counts as it is.
    onsets = np.append(np.asarray(onsets, dtype=float), 0.0)
    begins, first = np.unique(round_half_up(onsets), return_index=True)
    ends = np.append(begins[1:], n_times)
    onsets = onsets[first]
    counts = np.maximum((ends - onsets) // step + 1, 0).astype(np.int64)
    rank = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    starts = round_half_up(np.repeat(onsets, counts) + step * rank)
    is_inside = starts + window <= np.repeat(ends, counts)
    return starts[is_inside].astype(np.int64)


def peak_to_peak(data, starts, window):
    """Return each window's maximum minus its minimum, without copying windows.

    Of a memory map the pages of a few windows at a time are in memory.

    Parameters
    ----------
    data : ndarray of shape (n_channels, n_times)
    starts : ndarray of int of shape (n_windows,)
        Increasing.
    window : int
        Samples per window.

    Returns
    -------
    peak_to_peak : ndarray of shape (n_channels, n_windows)
    """
    swings = np.empty((len(data), len(starts)), data.dtype)
    n_times = max(1, _BLOCK // len(data))
    begins = np.flatnonzero(np.diff(starts // n_times, prepend=-1))
    for begin, end in pairwise([*begins, len(starts)]):
        first, last = starts[begin], starts[end - 1] + window
        inside = starts[begin:end] - first
        swings[:, begin:end] = _swings(data[:, first:last], inside, window)
        release(data)
    return swings


def _swings(data, starts, window):
    # reduceat reduces from each index to the next: every other stretch is a window,
    # and the last may end with the data. Between overlapping windows it takes one
    # sample, which is thrown away.
    bounds = np.stack([starts, starts + window], axis=1).ravel()
    bounds = bounds[bounds < data.shape[1]]
    high = np.maximum.reduceat(data, bounds, axis=1)[:, ::2]
    low = np.minimum.reduceat(data, bounds, axis=1)[:, ::2]
    return high - low
