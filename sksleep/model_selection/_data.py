"""What the caller gave, checked: windows, labels, groups and folds."""

import warnings
from dataclasses import dataclass
from numbers import Integral

import numpy as np
from sklearn.base import is_classifier
from sklearn.model_selection import GroupKFold, check_cv
from sklearn.utils import check_consistent_length, column_or_1d, indexable
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.multiclass import check_classification_targets

from .._labels import UNLABELLED, check_labels
from ..windows import Windows, are_own_labels
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


def split_folds(data, cv, estimator):
    """Return the folds as a list of (train, test) row numbers.

    Parameters
    ----------
    data : LabelledData
    cv : int, splitter, iterable or None
    estimator : estimator
        Whether it is a classifier decides about stratification, as in
        :func:`sklearn.model_selection.cross_validate`.

    Returns
    -------
    folds : list of tuple of ndarray
    """
    if data.groups is not None and (cv is None or isinstance(cv, Integral)):
        # Folds that share a subject would score on signal seen in training.
        cv = GroupKFold(5 if cv is None else cv)
    y = _stratifiable(data)
    cv = check_cv(cv, y, classifier=is_classifier(estimator))
    grouped = bool(get_routing_for_object(cv).consumes("split", ["groups"]))
    if grouped and data.groups is None:
        raise ValueError(
            f"{type(cv).__name__} keeps groups together, but groups is missing; pass "
            "groups=..., the subject of every row."
        )
    with warnings.catch_warnings():
        if not data.groups_given:
            # All splitters get the subjects, as one of the user's own may use them
            # without saying so; those of scikit-learn that do not would warn.
            warnings.filterwarnings("ignore", "The groups parameter is ignored")
        folds = list(cv.split(data.X, y, data.groups))
    return [(_row_numbers(train), _row_numbers(test)) for train, test in folds]


def _row_numbers(rows):
    """Return the rows of a fold, given as numbers or as a mask, as numbers."""
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows


def _stratifiable(data):
    """Return labels as scikit-learn's splitters take them.

    Names beside -1 are nothing that they know.
    """
    if data.y.dtype != object or data.labelled.all():
        return data.y
    encoded = np.full(len(data.y), UNLABELLED)
    encoded[data.labelled] = np.searchsorted(data.classes, data.y[data.labelled])
    return encoded


def _name_classes(X, y, classes):
    """Return the names that Windows have for the classes, if the labels are theirs."""
    if are_own_labels(X, y):
        return tuple(X.class_names[int(label)] for label in classes)
    return tuple(str(label) for label in classes)
