"""Labels of windows, of which some are missing."""

import numpy as np
from sklearn.utils import column_or_1d

UNLABELLED = -1  # as in sklearn.semi_supervised


def check_labels(y, name="y", *, warn=False):
    """Return labels as a one-dimensional array in which -1 is unlabelled.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Numbers or names.
    name : str, default="y"
        What a message calls them.
    warn : bool, default=False
        Whether to warn of labels in a column.

    Returns
    -------
    y : ndarray of shape (n_samples,)
        Of dtype object where there are names and -1 alone, as numpy would take -1 for
        a name, too.

    Raises
    ------
    ValueError
        If it has another shape, a missing value, a number below -1, names beside
        numbers other than -1, or a name that may be a -1.
    """
    if isinstance(y, (list, tuple)) and any(isinstance(label, str) for label in y):
        y = np.array(y, dtype=object)
    y = column_or_1d(y, warn=warn)
    if y.dtype.kind in "USO" and not {"-1", b"-1"}.isdisjoint(y.tolist()):
        raise ValueError(
            f"{name} has a class named '-1'. If that means unlabelled, numpy has made "
            f"a name of -1: give {name} as an array of dtype=object. If it is a class, "
            "call it another name."
        )
    _check_none_is_missing(y, name)
    if y.dtype.kind == "u" and y.size and y.max() > np.iinfo(np.int64).max:
        raise ValueError(
            f"{name} has the label {y.max()}, too large a number to stand beside -1, "
            "which is no label; give labels as strings."
        )
    y = _unpack(y, name) if y.dtype == object else y
    is_below = y.dtype.kind in "if" and y.min(initial=0) < UNLABELLED
    if is_below and np.array_equal(y, np.rint(y)):  # others are no classes anyway
        raise ValueError(
            f"{name} has the label {y.min()}. -1 is no label; if this is none either, "
            "write -1, and if both are classes, number them from 0."
        )
    return y


def check_n_labels(X, y):
    """Raise a ValueError if there are labels, but not one for each window.

    Whoever fits the next step of a pipeline on them would find it out after a training.

    Parameters
    ----------
    X : Windows or ndarray
    y : array-like or None
    """
    if hasattr(y, "__len__") and len(y) != len(X):
        raise ValueError(
            f"There are {len(X)} windows, but {len(y)} labels; labels belong "
            "to windows, so cut recordings into windows first, and not in one Pipeline "
            "with what is fitted to labels."
        )


def encode(labels, classes):
    """Return labels as positions in the sorted classes, -1 where there is none.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,)
        As :func:`check_labels` returns them.
    classes : ndarray of shape (n_classes,)
        Sorted.

    Returns
    -------
    encoded : ndarray of int of shape (n_samples,)
    """
    encoded = np.full(len(labels), UNLABELLED)
    known = labels != UNLABELLED
    encoded[known] = np.searchsorted(classes, labels[known])
    return encoded


def _check_none_is_missing(y, name):
    if y.dtype.kind not in "fO":
        return
    for row, label in enumerate(y.tolist()):
        if is_missing(label):
            missing = "NaN" if isinstance(label, float | np.floating) else label
            raise ValueError(
                f"{name} contains {missing}, in row {row}; write -1 for no label."
            )


def is_missing(label):
    """Tell None, NaN and what pandas has for them from other values."""
    is_nan = isinstance(label, float | np.floating) and label != label
    return label is None or is_nan or type(label).__name__ in ("NAType", "NaTType")


def _unpack(y, name):
    """Return an array of objects as one of numbers or of names, but beside -1."""
    are_names = np.array([isinstance(label, str | bytes) for label in y.tolist()])
    if not are_names.any():
        return np.array(y.tolist())
    numbers = y[~are_names]
    if (numbers != UNLABELLED).any():
        raise ValueError(
            f"{name} has names and numbers, {y[are_names][0]!r} and "
            f"{numbers[numbers != UNLABELLED][0]!r}; give either, and -1 for no label."
        )
    return y
