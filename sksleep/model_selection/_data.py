"""What the caller gave, checked: windows, labels and groups."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils import check_consistent_length, column_or_1d, indexable
from sklearn.utils.multiclass import check_classification_targets

from .._labels import UNLABELLED, check_labels
from .._own_labels import are_own_labels
from ..windows import Windows
from ._limit import find_classes


@dataclass(frozen=True, eq=False)
class LabelledData:
    """Windows with labels, of which some are missing.

    Attributes
    ----------
    X : Windows or array-like of shape (n_samples, ...)
    y : ndarray of shape (n_samples,)
        Labels; -1 is unlabelled.
    groups : ndarray of shape (n_samples,) or None
    groups_given : bool
        False where the groups are the subjects of the Windows.
    classes : ndarray of shape (n_classes,)
    class_names : tuple of str
    """

    X: object
    y: np.ndarray
    groups: np.ndarray | None
    groups_given: bool
    classes: np.ndarray
    class_names: tuple[str, ...]

    @property
    def labelled(self):
        return self.y != UNLABELLED

    def count_labels(self, rows):
        """Count the labels of each class among some rows."""
        return np.array([np.sum(self.y[rows] == label) for label in self.classes])


def check_data(X, y, groups):
    """Return the caller's data as :class:`LabelledData`, or raise a ValueError.

    Parameters
    ----------
    X : Windows or array-like of shape (n_samples, ...)
    y : array-like of shape (n_samples,) or None
        None means the labels of the Windows.
    groups : array-like of shape (n_samples,) or None
        None means the subjects of the Windows.

    Returns
    -------
    data : LabelledData
    """
    groups_given = groups is not None
    if isinstance(X, Windows):
        y = X.y if y is None else y
        groups = X.groups if groups is None else groups
    groups = None if groups is None else column_or_1d(groups)
    if y is None:
        raise ValueError("y is missing; only Windows carry labels of their own.")
    y = check_labels(y)
    check_consistent_length(X, y, groups)
    [X] = indexable(X)
    classes = find_classes(y)
    check_classification_targets(y[y != UNLABELLED])
    if len(classes) == 1:
        raise ValueError(
            f"y has a single class, {classes[0]!s}; a classifier needs two or more "
            "(-1 means unlabelled and is no class)."
        )
    names = _name_classes(X, y, classes)
    return LabelledData(X, y, groups, groups_given, classes, names)


def _name_classes(X, y, classes):
    """Return the names that Windows have for the classes, if the labels are theirs."""
    if are_own_labels(X, y):
        return tuple(X.class_names[int(label)] for label in classes)
    return tuple(str(label) for label in classes)
