"""The signal of some windows, whatever they are of."""

from ._memmap import MAY_STAY, release
from .windows import Windows


def take_rows(X, rows):
    """Return the signal of some rows of Windows or of an array, as an array.

    Parameters
    ----------
    X : Windows or ndarray of shape (n_windows, n_channels, n_times)
        If it is of a memory map its pages do not stay in memory, unless they are few.
    rows : ndarray of int of shape (n_rows,)

    Returns
    -------
    signal : ndarray of shape (n_rows, n_channels, n_times)
    """
    if isinstance(X, Windows):
        return X.take(rows)
    signal = X[rows]
    if X.nbytes > MAY_STAY:
        release(X)
    return signal
