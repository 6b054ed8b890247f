"""Linear-phase FIR filters: their design, and convolution with them."""

import numpy as np
from scipy import fft, signal

from ._overlapping_blocks import fill_by_blocks

_SHORTEST_FFT = 5 << 12  # of a long signal; longer ones have a power of two times 5


def design_fir(sfreq, l_freq, h_freq):
    """Return the taps of a zero-phase Hamming-window FIR filter, an odd number."""
    low, high = _transitions(sfreq, l_freq, h_freq)
    taps = np.zeros(fir_length(sfreq, l_freq, h_freq))
    if h_freq is None:
        taps[len(taps) // 2] = 1.0
    else:
        _add_low_pass(taps, sfreq, h_freq, h_freq + high)
    if l_freq is not None:
        # Take away what lies below.
        _add_low_pass(taps, sfreq, l_freq - low, l_freq, gain=-1.0)
    return taps


def fir_length(sfreq, l_freq, h_freq):
    """Return the number of taps."""
    narrower = min(_transitions(sfreq, l_freq, h_freq))
    return int(np.ceil(3.3 / narrower * sfreq)) // 2 * 2 + 1


def _transitions(sfreq, l_freq, h_freq):
    """Return the widths of the transition bands in Hz, inf where there is none."""
    low = np.inf if l_freq is None else min(max(0.25 * l_freq, 2.0), l_freq)
    high = (
        np.inf if h_freq is None else min(max(0.25 * h_freq, 2.0), sfreq / 2 - h_freq)
    )
    return low, high


def _add_low_pass(taps, sfreq, passed, stopped, gain=1.0):
    # To the last bit as MNE computes it: a length may lie halfway between two.
    nyquist = sfreq / 2
    transition = (stopped / nyquist - passed / nyquist) / 2
    n_taps = min(round(3.3 / transition) // 2 * 2 + 1, len(taps))
    begin = (len(taps) - n_taps) // 2
    cutoff = (passed + stopped) / 2
    low_pass = signal.firwin(n_taps, cutoff, window="hamming", fs=sfreq)
    taps[begin : begin + n_taps] += gain * low_pass


def filter_fir(taps, rows, out):
    """Fill out with rows convolved with taps, by overlap-save.

    scipy.signal.oaconvolve took 1.6 to 2.5 times as long: it copies the blocks to add
    zeros, and adds up what overlaps.
    """
    half = len(taps) // 2
    n_fft = _fft_length(half, rows.shape[1])
    response = fft.rfft(taps.astype(rows.dtype), n_fft)

    def convolve(blocks):
        spectra = fft.rfft(blocks)
        spectra *= response
        return fft.irfft(spectra, n_fft, overwrite_x=True)[..., 2 * half :]

    step = n_fft - 2 * half
    fill_by_blocks(
        convolve, rows, out, n_in=n_fft, n_out=step, reach=half, step=step, pad=_reflect
    )


def _fft_length(half, n_times):
    """Return a length of which at least 3/5 is no overlap, or what suffices."""
    n_fft = _SHORTEST_FFT
    while n_fft < 5 * half:
        n_fft *= 2
    return min(n_fft, fft.next_fast_len(n_times + 2 * half, real=True))


def _reflect(rows, n_before, n_after):
    """Continue rows by their point reflection, then, beyond that, by zeros."""
    n_pads = np.array([n_before, n_after])
    n_reflected = np.minimum(n_pads, rows.shape[1] - 1)
    padded = np.pad(rows, [(0, 0), n_reflected], "reflect", reflect_type="odd")
    n_zeros = n_pads - n_reflected
    return np.pad(padded, [(0, 0), n_zeros]) if n_zeros.any() else padded
