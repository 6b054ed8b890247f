"""Butterworth filters that run forward and backward."""

import numpy as np
from scipy import signal

from .._memory import keep_freed
from ._zero_phase import N_BLOCK, ZeroPhaseFilter

_SEGMENT = 2048 * N_BLOCK  # samples of a row that are filtered at once
_N_ARRAYS = 8  # as large as these samples, that a filter makes on its way


def design_iir(sfreq, l_freq, h_freq):
    """Return zeros, poles and gain of a Butterworth filter of order 4."""
    if l_freq is None:
        return signal.butter(4, h_freq, "lowpass", fs=sfreq, output="zpk")
    if h_freq is None:
        return signal.butter(4, l_freq, "highpass", fs=sfreq, output="zpk")
    return signal.butter(4, [l_freq, h_freq], "bandpass", fs=sfreq, output="zpk")


def prepare_iir(zeros, poles, gain):
    """Return what filter_iir needs besides the signal.

    Returns
    -------
    sections : ndarray of shape (n_sections, 6)
        The filter in one direction.
    n_pad : int
        Samples by which the signal is continued at both ends.
    n_reach : int
        Samples after which the response to an impulse has vanished in float32, whole
        blocks of them.
    middle : ZeroPhaseFilter
        For what is farther than that from the ends.
    """
    sections = signal.zpk2sos(zeros, poles, gain)
    n_reach = -(-_count_until(1e-7, poles) // N_BLOCK) * N_BLOCK
    middle = ZeroPhaseFilter(zeros, poles, gain)
    return sections, _ringing(sections, poles), n_reach, middle


def filter_iir(sections, n_pad, n_reach, middle, rows, out):
    """Fill out with rows filtered forward and backward."""
    if rows.dtype == np.float64 or rows.shape[1] < 16 * n_reach:
        out[...] = _run_both_ways(sections, n_pad, rows)
        return
    _filter_middle(middle, n_reach, rows, out)
    n_ends = n_reach + N_BLOCK  # samples on which an end has an effect
    start, stop = rows[:, : 2 * n_ends], rows[:, -2 * n_ends :]
    out[:, :n_ends] = _run_both_ways(sections, n_pad, start)[:, :n_ends]
    out[:, -n_ends:] = _run_both_ways(sections, n_pad, stop)[:, -n_ends:]


def _filter_middle(middle, n_reach, rows, out):
    """Fill out with rows filtered as if they had no ends, but for a rest of a block."""
    step = max(_SEGMENT, 8 * n_reach)
    keep_freed(_N_ARRAYS * rows[:, : step + 2 * n_reach].nbytes)
    for begin in range(0, rows.shape[1], step):
        n_before = min(n_reach, begin)
        part = rows[:, begin - n_before : begin + step + n_reach]
        filtered = middle(part, n_before, step)
        out[:, begin : begin + filtered.shape[1]] = filtered


def _run_both_ways(sections, n_pad, rows):
    n_pad = min(n_pad, rows.shape[1] - 1)
    return signal.sosfiltfilt(sections, rows, padtype="odd", padlen=n_pad)


def _ringing(sections, poles):
    """Count the samples until an impulse's response is below 0.001 of its peak."""
    # By then it has fallen well below; any further, numbers get subnormal and slow.
    impulse = signal.unit_impulse(_count_until(1e-8, poles))
    response = np.abs(signal.sosfilt(sections, impulse))
    return np.flatnonzero(response > 1e-3 * response.max())[-1]


def _count_until(part, poles):
    """Count the samples in which the slowest part of a response falls to a part."""
    return int(np.ceil(np.log(part) / np.log(np.abs(poles).max())))
