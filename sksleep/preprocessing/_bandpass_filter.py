"""Zero-phase filters."""

from functools import partial
from os import PathLike

from sklearn.base import OneToOneFeatureMixin

from .._constraints import N_JOBS, POSITIVE, StrOptions
from .._warn import warn
from ._base import TableOutputMixin
from ._fir import design_fir, filter_fir, fir_length
from ._iir import design_iir, filter_iir, prepare_iir
from ._signal_transformer import SignalTransformer


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
    copy : bool, default=True
        False filters in place what a transformer has made in memory, as behind a
        :class:`Resampler` in a pipeline: it takes no memory for new signals, but the
        recordings given change, too. Not for recordings that are used twice, as in
        GridSearchCV or FeatureUnion. The notes say what is filtered in place.

    Attributes
    ----------
    n_features_in_ : int
        Number of channels, where all recordings have the same number; for an array
        of shape (n_windows, n_times), n_times.

    Raises
    ------
    ValueError
        In ``fit`` and ``transform``: if `l_freq` and `h_freq` are both None, `l_freq`
        is not below `h_freq`, one of them is not below the Nyquist frequency, or an
        array comes without `sfreq`.

    See Also
    --------
    mne.filter.filter_data : The same filters, in float64.

    Notes
    -----
    The transition bands of the FIR filter are min(max(l_freq / 4, 2), l_freq) and
    min(max(h_freq / 4, 2), sfreq / 2 - h_freq) Hz wide and lie outside the pass band;
    the filter is 3.3 / (the narrower of both) seconds long [1]_. The Butterworth
    filter passes half the amplitude at `l_freq` and `h_freq`, as it runs twice.
    At both ends the signal is continued by its point reflection; where the filter
    reaches beyond that, as it does with short signals, a warning says so. Of the
    Butterworth filter the continuation lasts until its response has fallen to 0.001 of
    its peak. MNE's estimate of that is too short for some pass bands that begin at 0.1
    Hz or below, such as 0.1 to 30 Hz at 1000 Hz: there the first and last seconds
    differ from MNE's.

    Float64 arrays are filtered in float64, float32 signals, which all recordings have,
    in float32: the error is a few 1e-7 of the largest value, constant offset included.
    With ``"iir"`` an offset that the filter takes away does not count.

    With ``copy=False`` all that shares the signal of a recording given (copies,
    Windows, what ``replace`` made of it) holds the filtered signal, too, or after an
    error a part of it. Transformers refuse a recording that was filtered in place, also
    from a pickle, but do not know what else shares its signal. Recordings that were
    read, made from arrays, changed by ``replace`` themselves or passed on by a
    Resampler as they are, signals in files, and all where `memmap_dir` is given, are
    copied all the same. An array is filtered in place if it can be written to and lies
    in order, as numpy makes it.

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
        "l_freq": [POSITIVE, None],
        "h_freq": [POSITIVE, None],
        "method": [StrOptions({"fir", "iir"})],
        "sfreq": [POSITIVE, None],
        "n_jobs": N_JOBS,
        "memmap_dir": [str, PathLike, None],
        "copy": ["boolean"],
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
        copy=True,
    ):
        self.l_freq = l_freq
        self.h_freq = h_freq
        self.method = method
        self.sfreq = sfreq
        self.n_jobs = n_jobs
        self.memmap_dir = memmap_dir
        self.copy = copy

    def _transform_recordings(self, recordings):
        for r in recordings:
            self._warn_if_short(f"recording {r.name!r}", r.n_times, r.sfreq)
        return super()._transform_recordings(recordings)

    def _transform_array(self, X):
        self._warn_if_short("the array", X.shape[-1], self.sfreq)
        return super()._transform_array(X)

    def _may_overwrite(self):
        return not self.copy

    def _design(self, sfreq):
        # scipy computes in the precision of what it is given.
        rates = [
            f if f is None else float(f) for f in (sfreq, self.l_freq, self.h_freq)
        ]
        if self.method == "iir":
            return partial(filter_iir, *prepare_iir(*design_iir(*rates)))
        return partial(filter_fir, design_fir(*rates))

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
        n_taps = fir_length(sfreq, self.l_freq, self.h_freq)
        if n_taps > n_times:
            warn(
                f"{name} has {n_times} samples, fewer than the filter ({n_taps}): "
                "its edges distort all of the signal."
            )
