"""Another sampling rate, without aliases."""

from fractions import Fraction
from functools import partial
from os import PathLike

import numpy as np
from scipy import signal
from sklearn.base import ClassNamePrefixFeaturesOutMixin

from .._constraints import N_JOBS, POSITIVE
from ._base import TableOutputMixin
from ._in_place import forget
from ._overlapping_blocks import fill_by_blocks
from ._signal_transformer import SignalTransformer

# What takes the rates of Tucker-Davis' systems, 24414.0625 Hz over 24 or a power of
# two, to whole numbers has 3125.
_MAX_DENOMINATOR = 4096
# Of a rate that was kept as float32, or written with eight digits, as 1017.2526 Hz: in
# a day times are off by five milliseconds at most.
_SAME_RATIO = 2.0**-24
_MIN_COLUMNS = 32  # of a matrix product that is worth its call
_PASS_BAND = 0.8  # as a part of the lower Nyquist frequency
_ATTENUATION = 70.0  # dB; ten more than promised, as Kaiser's formula is approximate


class Resampler(TableOutputMixin, ClassNamePrefixFeaturesOutMixin, SignalTransformer):
    """Bring signals to another sampling rate, without shifting their phase.

    What lies above the Nyquist frequency of the lower of the two rates is attenuated
    by at least 60 dB, so it does not come back as an alias; what lies below 0.8 of
    it keeps its amplitude within 1 %.

    Parameters
    ----------
    sfreq : float, default=250.0
        The new sampling rate in Hz. The ratio of the new rate to the old one must be
        a fraction with a denominator of up to 4096, to the precision of float32.
    sfreq_in : float, default=None
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

    Raises
    ------
    ValueError
        In ``fit`` and ``transform``: if the ratio of the rates is no such fraction; the
        message names the nearest rate that will do. If an array comes without
        `sfreq_in`.

    See Also
    --------
    scipy.signal.resample_poly : The same with the same filter and
        ``padtype="antireflect"``, to rounding.

    Notes
    -----
    The anti-alias filter is a linear-phase FIR filter designed with a Kaiser window.
    At both ends the signal is continued by its point reflection. A signal of n samples
    gets ceil(n * new rate / old rate). The output has the type of the input, float32
    or float64.

    What the filter removes leaves images that are 60 dB lower. Where the ratio of the
    rates is not whole, a constant offset leaves some, too: subtract an offset that is
    thousands of times as large as the signal first.

    Annotations keep their times; one that would end after the last sample by rounding
    is cut there. A recording that has the rate already is passed on as it is, in
    memory or not.

    Examples
    --------
    >>> import numpy as np
    >>> from sksleep import Recording
    >>> from sksleep.preprocessing import Resampler
    >>> noise = np.random.default_rng(0).normal(size=(2, 5120))
    >>> recording = Recording(noise, 512, ["Fpz", "Cz"], "S01")
    >>> Resampler(sfreq=100).fit_transform([recording])
    [<Recording 'S01': 2 channels, 10.0 s at 100 Hz, 0 annotations>]
    """

    _parameter_constraints = {
        "sfreq": [POSITIVE],
        "sfreq_in": [POSITIVE, None],
        "n_jobs": N_JOBS,
        "memmap_dir": [str, PathLike, None],
    }
    _sfreq_parameter = "sfreq_in"

    def __init__(self, sfreq=250.0, *, sfreq_in=None, n_jobs=None, memmap_dir=None):
        self.sfreq = sfreq
        self.sfreq_in = sfreq_in
        self.n_jobs = n_jobs
        self.memmap_dir = memmap_dir

    def _transform_recordings(self, recordings):
        forget(r for r in recordings if r.sfreq == self.sfreq)
        resampled = iter(super()._transform_recordings(self._others(recordings)))
        return [r if r.sfreq == self.sfreq else next(resampled) for r in recordings]

    def _others(self, recordings):
        return [r for r in recordings if r.sfreq != self.sfreq]

    def _check_output(self, recordings):
        super()._check_output(self._others(recordings))

    def _design(self, sfreq):
        ratio = self._ratio(sfreq)
        if ratio == 1:
            return _copy
        # scipy computes in the precision of what it is given.
        taps = design_anti_alias(float(sfreq), float(self.sfreq), ratio.numerator)
        return partial(_resample, ratio, design_matrix(ratio, taps))

    def _n_times_out(self, n_times, sfreq):
        return int(np.ceil(n_times * self._ratio(sfreq)))

    @property
    def _n_features_out(self):
        return self._n_times_out(self.n_features_in_, self.sfreq_in)

    def _ratio(self, sfreq):
        """Return the fraction nearest to the ratio of the rates."""
        # A float of numpy's other sizes is no number to Fraction.
        exact = Fraction(float(self.sfreq)) / Fraction(float(sfreq))
        return exact.limit_denominator(_MAX_DENOMINATOR)

    def _check_rate(self, sfreq, name):
        nearest = float(self._ratio(sfreq) * Fraction(float(sfreq)))
        if abs(nearest - self.sfreq) > _SAME_RATIO * self.sfreq:
            raise ValueError(
                f"{name} is sampled at {sfreq!r} Hz: the ratio of sfreq={self.sfreq!r} "
                "Hz to it must be a fraction with a denominator of at most "
                f"{_MAX_DENOMINATOR}. The nearest rate with one is {nearest!r} Hz. "
                "Where the recording's own rate was rounded, give it in full with "
                "Recording.replace(sfreq=...)."
            )

    def _with_signal(self, recording, data):
        end = data.shape[1] / self.sfreq
        changes = {"data": data, "sfreq": self.sfreq}
        if any(a.onset + a.duration > end for a in recording.annotations):
            changes["annotations"] = [_clip(a, end) for a in recording.annotations]
        return recording.replace(**changes)


def _copy(rows, out):
    out[...] = rows


def design_anti_alias(sfreq_in, sfreq_out, up):
    """Return the taps of the low-pass filter, odd in number, at `up` times the rate."""
    nyquist = min(sfreq_in, sfreq_out) / 2
    width = (1 - _PASS_BAND) * nyquist
    n_taps, beta = signal.kaiserord(_ATTENUATION, width / (up * sfreq_in / 2))
    return signal.firwin(
        n_taps // 2 * 2 + 1,
        nyquist - width / 2,
        window=("kaiser", beta),
        fs=up * sfreq_in,
    )


def _resample(ratio, matrix, rows, out):
    n_periods = _count_periods(ratio)
    step = n_periods * ratio.denominator
    matrix = matrix.astype(rows.dtype)
    fill_by_blocks(
        lambda blocks: blocks.reshape(-1, len(matrix)) @ matrix,
        rows,
        out,
        n_in=len(matrix),
        n_out=n_periods * ratio.numerator,
        reach=(len(matrix) - step) // 2,
        step=step,
        pad=_reflect,
    )


def design_matrix(ratio, taps):
    """Return the weight of each sample of a block, a row, for each new one, a column.

    Every `denominator` samples, `numerator` new ones have the same weights again, so a
    matrix product resamples: several times as fast as scipy.signal.upfirdn's loops.
    """
    up, down = ratio.numerator, ratio.denominator
    n_periods = _count_periods(ratio)
    half = len(taps) // 2
    reach = half // up + 1
    n_times = n_periods * down + 2 * reach
    # Positions are counted at `up` times the rate.
    times = up * (np.arange(n_times)[:, None] - reach)
    tap = half + down * np.arange(n_periods * up) - times
    is_tap = (tap >= 0) & (tap < len(taps))
    return np.where(is_tap, up * taps.take(tap, mode="clip"), 0.0)


def _count_periods(ratio):
    return -(-_MIN_COLUMNS // ratio.numerator)


def _reflect(rows, n_before, n_after):
    """Continue rows by their point reflection, as often as it takes."""
    pads = [(0, 0), (n_before, n_after)]
    return np.pad(rows, pads, "reflect", reflect_type="odd")


def _clip(annotation, end):
    onset, duration, label = annotation
    if onset + duration <= end:
        return annotation
    onset = min(onset, end)
    return onset, end - onset, label
