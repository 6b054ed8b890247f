"""Whether an estimator is given the windows whose labels are hidden."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.semi_supervised import (
    LabelPropagation,
    LabelSpreading,
    SelfTrainingClassifier,
)

from .._labels import UNLABELLED
from .._warn import warn

_SEMI_SUPERVISED = (LabelPropagation, LabelSpreading, SelfTrainingClassifier)


def keeps_unlabelled(estimator, unlabelled, hides):
    """Settle what `unlabelled` means for an estimator.

    Parameters
    ----------
    estimator : estimator
    unlabelled : {"auto", "keep", "drop"}
        "auto" asks the estimator, or the last step of a Pipeline.
    hides : bool
        Whether there are rows without a label.

    Returns
    -------
    keeps : bool
        Whether it is fitted on unlabelled rows, too, with y = -1 there.
    """
    if unlabelled not in ("auto", "keep", "drop"):
        raise ValueError(
            f"unlabelled must be 'auto', 'keep' or 'drop', got {unlabelled!r}."
        )
    if unlabelled != "auto":
        return unlabelled == "keep"
    last = _last_step(estimator)
    if _learns_from_unlabelled(last):
        return True
    outer = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    for inner in estimators_in(outer):
        if hides and _learns_from_unlabelled(inner):
            _warn_of_inner(outer, inner)
            break
    return False


def _last_step(estimator):
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def _learns_from_unlabelled(estimator):
    if isinstance(estimator, FrozenEstimator):
        return False
    return isinstance(estimator, _SEMI_SUPERVISED) or bool(
        getattr(estimator, "accepts_unlabelled", False)
    )


def estimators_in(estimator):
    """Yield the estimators that one is made of, but for frozen ones."""
    if isinstance(estimator, FrozenEstimator):
        return
    values = list(estimator.get_params(deep=False).values())
    while values:
        value = values.pop(0)
        if isinstance(value, list | tuple):
            values = [*value, *values]
        elif isinstance(value, BaseEstimator) and not isinstance(value, type):
            yield value
            yield from estimators_in(value)


def _warn_of_inner(outer, inner):
    """Warn of an estimator that is kept from windows that it could learn from."""
    name, kind = type(inner).__name__, type(outer).__name__
    if hasattr(inner, "predict"):
        cure = (
            "unlabelled='keep' gives them, with y = -1, which scorers other than its "
            "own take for a class"
        )
    else:
        cure = (
            f"put {name} into a step of a Pipeline before the last, which is fitted on "
            "all windows of a fold, unless it is what is searched over"
        )
    warn(
        f"{name}, inside {kind}, is not given windows whose labels are hidden, "
        f"although it learns from them: {cure}; unlabelled='drop' leaves them out "
        "without this warning."
    )


def hide_labels(y, kept):
    """Return `y` with -1 wherever a label is not kept.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    kept : ndarray of int
        Positions of the labels to keep.

    Returns
    -------
    hidden : ndarray of shape (n_samples,)
        Of dtype object if the labels are strings, as scikit-learn wants it; of int if
        they are of a kind that has no -1, bool or unsigned.
    """
    dtype = {"U": object, "S": object, "b": int, "u": int}.get(y.dtype.kind, y.dtype)
    hidden = np.full(len(y), UNLABELLED, dtype=dtype)
    hidden[kept] = y[kept]
    return hidden
