"""Zero-phase filters."""

import warnings
from functools import partial
from numbers import Integral, Real
from os import PathLike

import numpy as np
from scipy import signal
from sklearn.base import OneToOneFeatureMixin

from ._base import Interval, StrOptions, TableOutputMixin
from ._signal_transformer import SignalTransformer

_POSITIVE = Interval(Real, 0, None, closed="neither")
_BLOCK = 1 << 18  # samples of a channel filtered at once: what the cache holds


class BandpassFilter(TableOutputMixin, OneToOneFeatureMixin, SignalTransformer):
    """Filter each channel without shifting its phase.

    The filters are MNE's defaults: see `Notes`.

    Parameters
    ----------
    l_freq : float, default=None
        Lower edge of the pass band in Hz. None means that there is none: a low-pass
        filter.
    h_freq : float, default=55.0
        Upper edge of the pass band in Hz. None means that there is none: a high-pass
        filter.
    method : {"fir", "iir"}, default="fir"
        ``"fir"``: a linear-phase filter designed with a Hamming window. ``"iir"``: a
        Butterworth filter of order 4, run forward and backward.
    sfreq : float, default=None
        Sampling rate of an array, in Hz. Recordings have their own.
    n_jobs : int, default=None
        Number of threads, which share the channels. None means 1 unless in a
        :obj:`joblib.parallel_config` context, -1 means all processors.
    memmap_dir : path-like, default=None
        Folder for the signals of recordings, as memory-mapped files; made if it is
        missing. They are computed channel by channel, so memory holds a few channels
        at a time, and the signals may be larger than memory. A file is called after
        the recording and a hash of its content, and never changed. You delete files
        when nothing uses them, and any ``*.part`` that a killed process left. Too
        small a disk is an OSError before long work starts. None keeps signals in
        memory. Arrays stay there.

    Attributes
    ----------
    n_features_in_ : int
        Number of channels, where all recordings have the same number; for an array
        of shape (n_windows, n_times), n_times.

    See Also
    --------
    mne.filter.filter_data : The same filters, in float64.

    Notes
    -----
    The transition bands of the FIR filter are min(max(l_freq / 4, 2), l_freq) and
    min(max(h_freq / 4, 2), sfreq / 2 - h_freq) Hz wide and lie outside the pass band;
    the filter is 3.3 / (the narrower of both) seconds long [1]_. The Butterworth
    filter passes half the amplitude at `l_freq` and `h_freq`, as it runs twice.
    At both ends the signal is continued by its point reflection.

    Float32 signals are filtered in float32 by ``"fir"`` and in float64 by ``"iir"``;
    the output has the type of the input.

    References
    ----------
    .. [1] Widmann, Schröger & Maess (2015). Digital filter design for
       electrophysiological data. J. Neurosci. Methods 250, 34-46.

    Examples
    --------
    >>> import numpy as np
    >>> from sksleep import Recording
    >>> from sksleep.preprocessing import BandpassFilter
    >>> times = np.arange(10_000) / 1000
    >>> slow, fast = np.sin(2 * np.pi * 5 * times), np.sin(2 * np.pi * 90 * times)
    >>> recording = Recording([slow + fast], 1000, ["VTA"], "CKA1")
    >>> [filtered] = BandpassFilter(h_freq=55.0).fit_transform([recording])
    >>> bool(np.abs(filtered.data - slow)[:, 500:-500].max() < 0.01)
    True
    """

    _parameter_constraints = {
        "l_freq": [_POSITIVE, None],
        "h_freq": [_POSITIVE, None],
        "method": [StrOptions({"fir", "iir"})],
        "sfreq": [_POSITIVE, None],
        "n_jobs": [Integral, None],
        "memmap_dir": [str, PathLike, None],
    }

    def __init__(
        self,
        l_freq=None,
        h_freq=55.0,
        *,
        method="fir",
        sfreq=None,
        n_jobs=None,
        memmap_dir=None,
    ):
        self.l_freq = l_freq
        self.h_freq = h_freq
        self.method = method
        self.sfreq = sfreq
        self.n_jobs = n_jobs
        self.memmap_dir = memmap_dir

    def _transform_recordings(self, recordings):
        for r in recordings:
            self._warn_if_short(f"recording {r.name!r}", r.n_times, r.sfreq)
        return super()._transform_recordings(recordings)

    def _transform_array(self, X):
        self._warn_if_short("the array", X.shape[-1], self.sfreq)
        return super()._transform_array(X)

    def _design(self, sfreq):
        if self.method == "iir":
            sections = design_iir(sfreq, self.l_freq, self.h_freq)
            return partial(_filter_iir, sections, _ringing(sections))
        return partial(_filter_fir, design_fir(sfreq, self.l_freq, self.h_freq))

    def _check_rate(self, sfreq, name):
        if self.l_freq is None and self.h_freq is None:
            raise ValueError("l_freq and h_freq are both None: nothing to filter.")
        if None not in (self.l_freq, self.h_freq) and self.l_freq >= self.h_freq:
            raise ValueError(
                f"l_freq={self.l_freq:g} Hz must be below h_freq={self.h_freq:g} Hz."
            )
        for parameter in ("l_freq", "h_freq"):
            edge = getattr(self, parameter)
            if edge is not None and edge >= sfreq / 2:
                raise ValueError(
                    f"{name} is sampled at {sfreq:g} Hz: {parameter}={edge:g} Hz must "
                    f"be below its Nyquist frequency, {sfreq / 2:g} Hz."
                )

    def _warn_if_short(self, name, n_times, sfreq):
        if self.method == "iir":
            return
        n_taps = _fir_length(sfreq, min(_transitions(sfreq, self.l_freq, self.h_freq)))
        if n_taps > n_times:
            warnings.warn(
                f"{name} has {n_times} samples, fewer than the filter ({n_taps}): "
                "its edges distort all of the signal.",
                UserWarning,
                stacklevel=2,
            )


def design_fir(sfreq, l_freq, h_freq):
    """Return the taps of a zero-phase Hamming-window FIR filter, an odd number."""
    low, high = _transitions(sfreq, l_freq, h_freq)
    taps = np.zeros(_fir_length(sfreq, min(low, high)))
    if h_freq is None:
        taps[len(taps) // 2] = 1.0
    else:
        _add_low_pass(taps, sfreq, h_freq + high / 2, high)
    if l_freq is not None:
        # Take away what lies below.
        _add_low_pass(taps, sfreq, l_freq - low / 2, low, gain=-1.0)
    return taps


def _transitions(sfreq, l_freq, h_freq):
    """Return the widths of the transition bands in Hz, inf where there is none."""
    low = np.inf if l_freq is None else min(max(0.25 * l_freq, 2.0), l_freq)
    high = (
        np.inf if h_freq is None else min(max(0.25 * h_freq, 2.0), sfreq / 2 - h_freq)
    )
    return low, high


def _fir_length(sfreq, transition):
    return int(np.ceil(3.3 / transition * sfreq)) // 2 * 2 + 1


def _add_low_pass(taps, sfreq, cutoff, transition, gain=1.0):
    n_taps = min(round(3.3 / transition * sfreq) // 2 * 2 + 1, len(taps))
    begin = (len(taps) - n_taps) // 2
    low_pass = signal.firwin(n_taps, cutoff, window="hamming", fs=sfreq)
    taps[begin : begin + n_taps] += gain * low_pass


def design_iir(sfreq, l_freq, h_freq):
    """Return second-order sections of a Butterworth filter of order 4."""
    if l_freq is None:
        return signal.butter(4, h_freq, "lowpass", fs=sfreq, output="sos")
    if h_freq is None:
        return signal.butter(4, l_freq, "highpass", fs=sfreq, output="sos")
    return signal.butter(4, [l_freq, h_freq], "bandpass", fs=sfreq, output="sos")


def _filter_fir(taps, rows, out):
    n_times, half = rows.shape[1], len(taps) // 2
    taps = taps.astype(rows.dtype)[None]
    padded = _reflect(rows, half)
    for begin in range(0, n_times, _BLOCK):
        end = min(begin + _BLOCK, n_times)
        out[:, begin:end] = signal.oaconvolve(
            padded[:, begin : end + 2 * half], taps, mode="valid", axes=-1
        )


def _reflect(rows, n_pad):
    """Continue rows by their point reflection, then, beyond that, by zeros."""
    n_reflected = min(n_pad, rows.shape[1] - 1)
    padded = np.pad(
        rows, [(0, 0), (n_reflected, n_reflected)], "reflect", reflect_type="odd"
    )
    n_zeros = n_pad - n_reflected
    return np.pad(padded, [(0, 0), (n_zeros, n_zeros)]) if n_zeros else padded


def _filter_iir(sections, n_ringing, rows, out):
    n_pad = min(n_ringing, rows.shape[1] - 1)
    out[...] = signal.sosfiltfilt(sections, rows, padtype="odd", padlen=n_pad)


def _ringing(sections):
    """Count the samples until an impulse's response is below 0.001 of its peak."""
    slowest = np.abs(signal.sos2zpk(sections)[1]).max()
    # By then it has fallen well below; any further, numbers get subnormal and slow.
    n_times = int(np.ceil(np.log(1e-8) / np.log(slowest)))
    response = np.abs(signal.sosfilt(sections, signal.unit_impulse(n_times)))
    return np.flatnonzero(response > 1e-3 * response.max())[-1]
