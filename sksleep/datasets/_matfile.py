"""Where windows start, and how far their signal swings.

Everything is counted in samples.
"""

import numpy as np


def grid_starts(n_times, window, step, onsets=()):
    """Return the first sample of each window of one recording.

    Parameters
    ----------
    n_times, window, step : int
        Length of the recording, length of a window, distance between two starts.
    onsets : array-like of int
        Where a new grid begins; no window crosses such a sample.

    Returns
    -------
    starts : ndarray of int, increasing
    """
    bounds = np.unique(np.concatenate([[0], onsets, [n_times]]).astype(np.int64))
    begins, lengths = bounds[:-1], np.diff(bounds)
    counts = np.maximum((lengths - window) // step + 1, 0)
    first_of_grid = np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(begins, counts) + step * (np.arange(counts.sum()) - first_of_grid)


def peak_to_peak(data, starts, window):
    """Return each window's maximum minus its minimum, without copying windows.

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
    # reduceat reduces from each index to the next: every other stretch is a window,
    # and the last may end with the data. Between overlapping windows it takes one
    # sample, which is thrown away.
    bounds = np.stack([starts, starts + window], axis=1).ravel()
    bounds = bounds[bounds < data.shape[1]]
    high = np.maximum.reduceat(data, bounds, axis=1)[:, ::2]
    low = np.minimum.reduceat(data, bounds, axis=1)[:, ::2]
    return high - low
