"""Whether an estimator is given the windows whose labels are hidden."""

import warnings

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.semi_supervised import (
    LabelPropagation,
    LabelSpreading,
    SelfTrainingClassifier,
)

from .._labels import UNLABELLED

_SEMI_SUPERVISED = (LabelPropagation, LabelSpreading, SelfTrainingClassifier)


def keeps_unlabelled(estimator, unlabelled):
    """Settle what `unlabelled` means for an estimator.

    Parameters
    ----------
    estimator : estimator
    unlabelled : {"auto", "keep", "drop"}
        "auto" asks the estimator, or the last step of a Pipeline.

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
    estimator = _last_step(estimator)
    if _is_semi_supervised(estimator):
        return True
    inner = _last_step(getattr(estimator, "estimator", None))
    if _is_semi_supervised(inner):
        warnings.warn(
            f"{type(estimator).__name__} is not given windows whose labels are hidden, "
            f"although {type(inner).__name__} inside learns from them: unlabelled="
            "'keep' gives them, with y = -1, which scorers other than its own take "
            "for a class; 'drop' leaves them out without this warning.",
            UserWarning,
            stacklevel=3,
        )
    return False


def _last_step(estimator):
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def _is_semi_supervised(estimator):
    return isinstance(estimator, _SEMI_SUPERVISED) or bool(
        getattr(estimator, "accepts_unlabelled", False)
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
