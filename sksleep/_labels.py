"""Labels of windows, of which some are missing."""

import numpy as np
from sklearn.utils import column_or_1d

UNLABELLED = -1  # as in sklearn.semi_supervised


def check_labels(y, name="y"):
    """Return labels as a one-dimensional array in which -1 is unlabelled.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Numbers or names.
    name : str, default="y"
        What a message calls them.

    Returns
    -------
    y : ndarray of shape (n_samples,)
        Of dtype object for a list of names and -1, in which numpy would take -1 for a
        name, too.

    Raises
    ------
    ValueError
        If it has another shape, or if numpy has made -1 a name.
    """
    if isinstance(y, (list, tuple)) and any(isinstance(label, str) for label in y):
        y = np.array(y, dtype=object)
    y = column_or_1d(y, warn=True)
    if y.dtype.kind in "US" and (y == np.array(str(UNLABELLED), y.dtype)).any():
        raise ValueError(
            f"{name} has a class named '-1', as numpy makes names of all that stands "
            f"beside names; -1 means unlabelled: give {name} as an array of "
            "dtype=object."
        )
    return y
