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
        Of dtype object for a list of names and -1, in which numpy would take -1 for a
        name, too.

    Raises
    ------
    ValueError
        If it has another shape, or a name that may be a -1.
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
    return y
