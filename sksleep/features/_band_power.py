"""Log power in frequency bands."""

import numpy as np
from scipy import signal
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from .._check_windows import check_windows, compare_with_fitted
from .._constraints import POSITIVE, AtLeast
from .._hashed_in_order import HashedInOrder
from .._labels import check_n_labels
from .._memory import keep_freed
from .._own_labels import note_own_labels, warn_of_other_names
from .._take_rows import take_rows
from ..windows import Windows

_MOST_NUMBERS = 1 << 18  # in a batch of several windows
_N_ARRAYS = 4  # as large as a batch, that a periodogram makes on its way
_DEFAULT_BANDS = {
    "delta": (1.0, 4.0),
    "theta": (4.0, 8.0),
    "alpha": (8.0, 13.0),
    "beta": (13.0, 30.0),
    "gamma": (30.0, 55.0),
}

# The smallest normal float32: below any signal's power, and its logarithm is finite.
_POWER_FLOOR = float(np.finfo(np.float32).tiny)


class BandPower(HashedInOrder, TransformerMixin, BaseEstimator):
    """Log power of every channel in frequency bands: the handcrafted baseline.

    A window's mean is taken away, its periodogram with a Hann window is summed over
    each band, and the natural logarithm of that power is the feature.

    Parameters
    ----------
    bands : dict of str to (float, float), default=None
        For each band its name and its limits in Hz: the frequencies of the
        periodogram with low <= f < high, and for a band that ends at the Nyquist
        frequency that frequency, too. None means delta (1 to 4), theta (4 to 8),
        alpha (8 to 13), beta (13 to 30) and gamma (30 to 55): see Notes.
    sfreq : float, default=None
        Sampling rate of arrays in Hz. :class:`~sksleep.Windows` have their own, and
        arrays to transform are taken for windows like those of ``fit``.
    relative : bool, default=False
        Whether to take a band's share in the power of the window and channel at all
        frequencies, so that the size of the signal, which differs by electrode
        and subject, does not count, as it does not for an embedder that normalises.
    batch_size : int, default=64
        Most windows read and transformed at once. Large ones are fewer, to stay in the
        processor's cache.

    Attributes
    ----------
    bands_ : dict of str to (float, float)
        The bands.
    ch_names_ : tuple of str
        The channels; ``"ch0"``, ``"ch1"``, ... for an array.
    sfreq_ : float
        Sampling rate in Hz.
    window_shape_ : tuple of int
        (n_channels, n_times) of a window.
    n_features_in_ : int
        Number of channels; for an array of shape (n_windows, n_times), n_times.

    Notes
    -----
    The default bands are those of clinical EEG [1]_, where delta begins at 0.5 Hz
    and gamma ends at 80 Hz: here delta begins at 1 Hz, above slow drifts, and gamma
    ends below the mains at 50 or 60 Hz.

    A window without any power in a band, such as one of constant value, has its power,
    or share, set to 1.2e-38, so that its logarithm (-87.3) is finite.

    References
    ----------
    .. [1] Kane et al. (2017), "A revised glossary of terms most commonly used by
       clinical electroencephalographers and updated proposal for the report format
       of the EEG findings", Clinical Neurophysiology Practice 2, 170-185.

    Examples
    --------
    >>> import numpy as np
    >>> from sksleep.features import BandPower
    >>> times = np.arange(750) / 250
    >>> X = np.array([np.sin(2 * np.pi * f * times) for f in (2, 6, 10)])
    >>> band_power = BandPower(sfreq=250).fit(X)
    >>> band_power.transform(X).argmax(axis=1)
    array([0, 1, 2])
    >>> band_power.get_feature_names_out()
    array(['ch0 delta', 'ch0 theta', 'ch0 alpha', 'ch0 beta', 'ch0 gamma'],
          dtype=object)
    """

    _parameter_constraints = {
        "bands": [dict, None],
        "sfreq": [POSITIVE, None],
        "relative": ["boolean"],
        "batch_size": [AtLeast(1)],
    }

    def __init__(self, bands=None, *, sfreq=None, relative=False, batch_size=64):
        self.bands = bands
        self.sfreq = sfreq
        self.relative = relative
        self.batch_size = batch_size

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn what the windows look like, and check the bands against it.

        Parameters
        ----------
        X : Windows or array-like of shape (n_windows, n_channels, n_times) or \
                (n_windows, n_times)
            The windows; two dimensions mean one channel.
        y : array-like of shape (n_windows,), default=None
            Ignored, but for an error if they are not as many as windows, and a warning
            if they are the labels of Windows of which some have none.

        Returns
        -------
        self : BandPower

        Raises
        ------
        ValueError
            If there is no window, a sample is NaN or infinite, labels are not as many
            as windows, the sampling rate is missing or another than that of the
            Windows, or a band has limits that cannot be, ends beyond the Nyquist
            frequency or holds no frequency of the periodogram, as it is too narrow for
            windows of this length.
        """
        vars(self).pop("bands_", None)  # a fit that fails leaves none behind
        X = self._check_windows(X, reset=True)
        check_n_labels(X, y)
        note_own_labels(self, X, y)
        bands = _check_bands(_DEFAULT_BANDS if self.bands is None else self.bands)
        self._band_bins = {
            name: _find_bins(name, limits, X.shape[2], self.sfreq_)
            for name, limits in bands.items()
        }
        self.bands_ = bands
        return self

    def transform(self, X):
        """Return the log power of windows.

        Parameters
        ----------
        X : Windows or array-like of shape (n_windows, n_channels, n_times) or \
                (n_windows, n_times)
            Windows of the shape, channels and sampling rate seen in ``fit``.

        Returns
        -------
        log_power : ndarray of float64 of shape (n_windows, n_channels * n_bands)
            Natural logarithm of the power in squared units of the signal, or of its
            share. All bands of the first channel, then those of the second, and so on.

        Raises
        ------
        ValueError
            If there is no window, they are not like those seen in ``fit``, or a sample
            is NaN or infinite.
        """
        check_is_fitted(self, "bands_")
        X = self._check_windows(X, reset=False)
        warn_of_other_names(self, X)
        log_power = np.empty((len(X), len(self.ch_names_) * len(self.bands_)))
        size = X.shape[1] * X.shape[2]
        n_at_once = max(1, min(len(X), int(self.batch_size), _MOST_NUMBERS // size))
        keep_freed(_N_ARRAYS * n_at_once * size * np.dtype(np.float64).itemsize)
        for begin in range(0, len(X), n_at_once):
            rows = np.arange(begin, min(begin + n_at_once, len(X)))
            batch = take_rows(X, rows)
            log_power[rows] = self._log_power(batch)
        return log_power

    def get_feature_names_out(self, input_features=None):
        """Return the names of the features, such as ``"PrL_Cx delta"``.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Ignored, but for a check that it fits the windows seen in ``fit``.

        Returns
        -------
        feature_names_out : ndarray of str of shape (n_channels * n_bands,)

        Raises
        ------
        ValueError
            If `input_features` do not fit.
        """
        check_is_fitted(self, "bands_")
        _check_feature_names_in(self, input_features, generate_names=False)
        names = [
            f"{channel} {band}" for channel in self.ch_names_ for band in self.bands_
        ]
        return np.array(names, dtype=object)

    def _log_power(self, batch):
        # Twice as fast as in single precision, and it resolves small bands.
        batch = batch.astype(np.float64)
        # Without its first sample's value a constant window is exactly zero.
        batch -= batch[..., :1].copy()
        _, density = signal.periodogram(
            batch, self.sfreq_, window="hann", detrend="constant"
        )
        bins = self._band_bins.values()
        power = np.stack([density[..., band].sum(axis=-1) for band in bins], axis=-1)
        if self.relative:
            power /= np.maximum(density.sum(axis=-1, keepdims=True), _POWER_FLOOR)
        else:
            power *= self.sfreq_ / batch.shape[-1]
        return np.log(np.maximum(power, _POWER_FLOOR)).reshape(len(batch), -1)

    def _check_windows(self, X, *, reset):
        if isinstance(X, Windows) and self.sfreq not in (None, X.sfreq):
            raise ValueError(
                f"sfreq={self.sfreq:.10g} Hz, but the Windows are sampled at "
                f"{X.sfreq:.10g} Hz; leave out sfreq."
            )
        X = check_windows(self, X, reset=reset, dtype=(np.float64, np.float32))
        if isinstance(X, Windows):
            return X
        if reset:
            self._learn_from_array(X)
        elif self.sfreq is not None:
            compare_with_fitted(self, "sfreq", float(self.sfreq))
        return X

    def _learn_from_array(self, X):
        if self.sfreq is None:
            raise ValueError(
                "BandPower needs sfreq, the sampling rate in Hz, for an array."
            )
        self.ch_names_ = tuple(f"ch{number}" for number in range(X.shape[1]))
        self.sfreq_ = float(self.sfreq)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def _check_bands(bands):
    """Return the bands as a dict of str to two floats."""
    if not bands:
        raise ValueError("bands must have at least one band, got an empty dict.")
    checked = {}
    for name, limits in bands.items():
        try:
            low, high = (float(limit) for limit in limits)
        except (TypeError, ValueError):
            raise ValueError(
                f"bands: {name!r} must have two limits in Hz, got {limits!r}."
            ) from None
        if not 0 <= low < high < np.inf:
            raise ValueError(
                f"bands: {name!r} must have limits 0 <= low < high, got {limits!r}."
            )
        checked[str(name)] = (low, high)
    return checked


def _propose_bands(highest):
    """Say which default bands end below a frequency, if any do."""
    bands = [
        f"{name!r}: ({low:g}, {high:g})"
        for name, (low, high) in _DEFAULT_BANDS.items()
        if high <= highest
    ]
    return f", such as BandPower({{{', '.join(bands)}}})" if bands else ""


def _find_bins(name, limits, n_times, sfreq):
    """Return the slice of the periodogram's frequencies that lie in a band."""
    low, high = limits
    nyquist, resolution = sfreq / 2, sfreq / n_times
    if high > nyquist:
        raise ValueError(
            f"bands: {name!r} ends at {high:g} Hz, beyond the Nyquist frequency of "
            f"{nyquist:g} Hz (sfreq={sfreq:g} Hz); give bands of which none does"
            f"{_propose_bands(nyquist)}."
        )
    # The tolerance keeps a limit that is a frequency of the periodogram on its side.
    first, stop = (int(np.ceil(limit / resolution - 1e-6)) for limit in limits)
    if high == nyquist:
        stop = n_times // 2 + 1
    if first >= stop:
        raise ValueError(
            f"bands: {name!r} ({low:g} to {high:g} Hz) has no frequency of the "
            f"periodogram: windows of {n_times / sfreq:g} s resolve {resolution:g} Hz."
        )
    return slice(first, stop)
