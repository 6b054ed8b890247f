"""Checks of what estimators take: windows, lazy or an array."""

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from ._checks import check_finite, check_finite_array, refuse_what_is_no_array
from .windows import Windows


def check_windows(estimator, X, *, reset, dtype=np.float32):
    """Return lazy windows, or an array of them in three dimensions, or raise.

    Learns or compares `window_shape_`, `n_features_in_` and, of Windows, `ch_names_`
    and `sfreq_`.

    Parameters
    ----------
    estimator : BaseEstimator
    X : Windows or array-like of shape (n_windows, n_channels, n_times) or \
            (n_windows, n_times)
    reset : bool
        Whether to learn, as in ``fit``, or to compare.
    dtype : dtype or tuple of dtype, default=float32
        Of an array, as in :func:`sklearn.utils.check_array`.

    Returns
    -------
    X : Windows or ndarray of shape (n_windows, n_channels, n_times)
    """
    if isinstance(X, Windows):
        _check_lazy(estimator, X, reset)
    else:
        refuse_what_is_no_array(X, "windows")
        X = _check_array(estimator, X, reset, dtype)
    if reset:
        estimator.window_shape_ = tuple(X.shape[1:])
    else:
        _check_shape(estimator, X)
    return X


def compare_with_fitted(estimator, name, value):
    """Raise a ValueError if an estimator has learnt another value, if any.

    Parameters
    ----------
    estimator : BaseEstimator
    name : str
        Of the attribute, without its underscore.
    value : object
    """
    fitted = getattr(estimator, f"{name}_", None)
    if fitted is not None and fitted != value:
        raise ValueError(
            f"{type(estimator).__name__} was fitted on windows with {name}={fitted}, "
            f"got {value}."
        )


def check_finite_windows(windows):
    """Raise a ValueError if there is a NaN or an infinity from window to window.

    Of each recording the signal from its first window to its last is looked at.

    Parameters
    ----------
    windows : Windows
    """
    n = len(windows.recordings)
    first, last = np.full(n, np.iinfo(np.int64).max), np.full(n, -1)
    np.minimum.at(first, windows.recording_index, windows.starts)
    np.maximum.at(last, windows.recording_index, windows.starts)
    for number in np.flatnonzero(last >= 0):
        end = last[number] + windows.n_times
        check_finite(windows.recordings[number], first[number], end)


def _check_lazy(estimator, windows, reset):
    if len(windows) == 0:
        raise ValueError("Windows hold 0 windows while a minimum of 1 is required.")
    if not reset:
        compare_with_fitted(estimator, "ch_names", windows.ch_names)
        compare_with_fitted(estimator, "sfreq", windows.sfreq)
    validate_data(estimator, windows, reset=reset, skip_check_array=True)
    check_finite_windows(windows)
    if reset:
        estimator.ch_names_, estimator.sfreq_ = windows.ch_names, windows.sfreq


def _check_array(estimator, X, reset, dtype):
    """Return an array of windows in three dimensions, or raise a ValueError."""
    if not reset:
        X = _with_fitted_dimensions(estimator, X, dtype)
    X = validate_data(
        estimator, X, reset=reset, allow_nd=True, dtype=dtype, ensure_all_finite=False
    )
    check_finite_array(X)
    X = X[:, np.newaxis] if X.ndim == 2 else X
    if X.ndim != 3 or 0 in X.shape:
        raise ValueError(
            "Expected windows of shape (n_windows, n_channels, n_times), or "
            f"(n_windows, n_times) for one channel, none of them 0, got {X.shape}."
        )
    return X


def _with_fitted_dimensions(estimator, X, dtype):
    """Return windows of one channel in as many dimensions as those seen in ``fit``.

    Of which scikit-learn has learnt the second as the features.
    """
    X = np.asarray(X) if isinstance(X, list) else X
    n_channels, n_times = estimator.window_shape_
    shape = tuple(getattr(X, "shape", ()))[1:]
    is_one_channel = n_channels == 1 and shape in {(n_times,), (1, n_times)}
    if not is_one_channel or shape[0] == estimator.n_features_in_:
        return X
    X = check_array(X, allow_nd=True, dtype=dtype, ensure_all_finite=False)
    return X[:, 0] if X.ndim == 3 else X[:, np.newaxis]


def _check_shape(estimator, X):
    if X.shape[1:] != estimator.window_shape_:
        raise ValueError(
            f"{type(estimator).__name__} was fitted on windows of (n_channels, "
            f"n_times) = {estimator.window_shape_}, got {tuple(X.shape[1:])}."
        )
