"""Keep a few labels of every class."""

import numpy as np
from sklearn.utils import check_random_state

from .._constraints import check_count
from .._labels import UNLABELLED, check_labels


def limit_per_class(y, n, random_state=None):
    """Draw `n` labelled rows of every class, without replacement.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels; -1 means unlabelled, and such rows are never drawn.
    n : int
        How many rows to draw of every class, at least 1.
    random_state : int, RandomState instance or None, default=None
        Which rows are drawn. An int draws the same rows at every call.

    Returns
    -------
    indices : ndarray of int of shape (n * n_classes,)
        The rows drawn, sorted.

    Raises
    ------
    ValueError
        If a class has fewer than `n` rows (the message names it), if no row has a
        label, or if `n` is not a positive integer.

    Examples
    --------
    >>> import numpy as np
    >>> from sksleep.model_selection import limit_per_class
    >>> y = np.array([0, 0, 0, 1, 1, -1, -1, 1])
    >>> indices = limit_per_class(y, 2, random_state=0)
    >>> np.bincount(y[indices])
    array([2, 2])
    """
    y = check_labels(y)
    check_count("n", n)
    return draw_rows(rows_of_classes(y), n, random_state)


def rows_of_classes(y):
    """Return the rows of every class, by its label, in the order of the labels.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)

    Returns
    -------
    rows : dict of label to ndarray of int
    """
    return {label: np.flatnonzero(y == label) for label in find_classes(y)}


def draw_rows(rows, n, random_state):
    """Draw as :func:`limit_per_class` does from what :func:`rows_of_classes` returns.

    Parameters
    ----------
    rows : dict of label to ndarray of int
    n : int
    random_state : int, RandomState instance or None

    Returns
    -------
    indices : ndarray of int of shape (n * n_classes,)
    """
    rng = check_random_state(random_state)
    drawn = [_draw(of_class, label, n, rng) for label, of_class in rows.items()]
    return np.sort(np.concatenate(drawn))


def find_classes(y):
    """Return the classes of `y`, sorted; -1 is none of them.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)

    Returns
    -------
    classes : ndarray of shape (n_classes,)
    """
    classes = np.unique(y[y != UNLABELLED])
    if not len(classes):
        raise ValueError("No row is labelled: y holds nothing but -1.")
    return classes


def _draw(rows, label, n, rng):
    if n > len(rows):
        raise ValueError(
            f"Cannot draw {n} rows of class {label!s}: it has {len(rows)} labelled "
            "rows."
        )
    return rng.choice(rows, n, replace=False)
