"""The names of the channels that transformers have seen."""

from itertools import chain

from sklearn.utils.validation import _check_feature_names_in


def occurring_ch_names(recordings):
    """Return the channels of recordings, each once, in the order in which they occur.

    Parameters
    ----------
    recordings : list of Recording

    Returns
    -------
    ch_names : tuple of str
    """
    return tuple(dict.fromkeys(chain.from_iterable(r.ch_names for r in recordings)))


def array_ch_names(X):
    """Name the channels of an array, which knows none.

    Parameters
    ----------
    X : ndarray of shape (n_windows, n_channels, n_times) or (n_windows, n_times)

    Returns
    -------
    ch_names : tuple of str
    """
    n_channels = 1 if X.ndim == 2 else X.shape[1]
    return tuple(f"ch{number}" for number in range(n_channels))


def check_names_in(transformer, input_features, ch_names):
    """Raise a ValueError if names are not those of what a transformer was fitted on.

    Parameters
    ----------
    transformer : RecordingTransformer
    input_features : array-like of str or None
        None fits.
    ch_names : tuple of str or None
        Channels of recordings. None means an array, which has as many as names, or
        those of the table that it was.
    """
    if ch_names is None:
        _check_feature_names_in(transformer, input_features, generate_names=False)
    elif input_features is not None and tuple(input_features) != ch_names:
        raise ValueError(
            f"input_features are {', '.join(map(str, input_features))}, but the "
            f"recordings given to fit have the channels {', '.join(ch_names)}."
        )
