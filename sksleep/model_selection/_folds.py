"""Which rows are for training, and which to score on."""

import warnings
from numbers import Integral

import numpy as np
from sklearn.base import is_classifier
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    LeaveOneGroupOut,
    LeavePGroupsOut,
    StratifiedGroupKFold,
    check_cv,
)
from sklearn.utils import _safe_indexing
from sklearn.utils.metadata_routing import get_routing_for_object

from .._labels import encode
from .._some_of import some_of
from .._warn import warn

_OF_ALL_GROUPS = (
    GroupKFold,
    LeaveOneGroupOut,
    LeavePGroupsOut,
    StratifiedGroupKFold,
)


def split_folds(data, cv, estimator):
    """Return the folds as a list of (train, test) row numbers.

    Groups without any label, on which nothing can be scored, are in every training
    fold of scikit-learn's splitters that train on all groups but those that they test.

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
        if _trains_on_all_others(cv):
            folds = _split_labelled_groups(cv, data.X, y, data.groups, data.labelled)
        else:
            folds = _split(cv, data.X, y, data.groups)
    if data.groups is not None:
        _warn_of_shared_groups(folds, data)
    return folds


def _trains_on_all_others(cv):
    """Tell whether a splitter trains on all groups but those that it tests.

    A user's own may leave groups out on purpose.
    """
    if type(cv) is GroupShuffleSplit:
        return cv.train_size is None
    return type(cv) in _OF_ALL_GROUPS


def _split_labelled_groups(cv, X, y, groups, labelled):
    """Split the rows of groups that have a label; the others are for training."""
    codes = np.unique(groups, return_inverse=True)[1]
    has_label = np.isin(codes, codes[labelled])
    if has_label.all():
        return _split(cv, X, y, groups)
    rows, others = np.flatnonzero(has_label), np.flatnonzero(~has_label)
    try:
        folds = _split(cv, *(_safe_indexing(each, rows) for each in (X, y, groups)))
    except ValueError as error:
        without = ", ".join(map(str, np.unique(groups[others])))
        raise ValueError(
            f"{error} Groups without any label do not count, as they are in every "
            f"training fold: {without}."
        ) from error
    return [
        (np.concatenate([rows[train], others]), rows[test]) for train, test in folds
    ]


def _split(cv, X, y, groups):
    folds = cv.split(X, y, groups)
    return [(_row_numbers(train), _row_numbers(test)) for train, test in folds]


def _warn_of_shared_groups(folds, data):
    """Warn if a fold trains on labels of groups that it tests."""
    # By their names: not all groups can be sorted.
    names, codes = np.unique(data.groups.astype(str), return_inverse=True)
    for number, fold in enumerate(folds):
        train, test = (codes[rows[data.labelled[rows]]] for rows in fold)
        shared = np.intersect1d(train, test)
        if len(shared):
            warn(
                f"Fold {number} trains on labels of groups that it tests: "
                f"{some_of(names[shared])}. Its scores are not "
                "those on new subjects; GroupKFold, for one, keeps groups apart."
            )
            return


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
    return encode(data.y, data.classes)
