"""Labels that Windows have themselves."""

import warnings

import numpy as np

from ._labels import UNLABELLED
from .windows import Windows


def are_own_labels(X, y):
    """Whether labels are those of the Windows, so that their class names are theirs.

    Parameters
    ----------
    X : Windows or array-like
    y : ndarray of shape (n_windows,)
        Labels; -1 is unlabelled, whatever the Windows have there.

    Returns
    -------
    are_own : bool
    """
    return isinstance(X, Windows) and bool((X.y == y)[y != UNLABELLED].all())


def warn_of_unlabelled(X, y):
    """Warn of labels of Windows that a classifier after a transformer would misread.

    To be called in ``fit`` of a transformer, which makes no use of `y`.

    Parameters
    ----------
    X : Windows or array-like
    y : array-like of shape (n_windows,) or None
    """
    if not isinstance(X, Windows) or np.shape(y) != (len(X),):
        return
    y = np.asarray(y)
    if are_own_labels(X, y) and (y == UNLABELLED).any():
        warnings.warn(
            "Some windows have no label, y = -1: scikit-learn's classifiers, but for "
            "those of sklearn.semi_supervised, and its scorers take -1 for one more "
            "class. Fit and score a Pipeline on what Windows.labelled() returns, or "
            "leave out y where there is no classifier.",
            UserWarning,
            stacklevel=4,
        )
