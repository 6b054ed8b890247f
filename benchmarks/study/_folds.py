"""Folds of subjects, the limits on labels, and what each protocol shows a model."""

from typing import NamedTuple

import numpy as np
from sklearn.model_selection import GroupKFold

from sksleep.model_selection._plan import default_limits

PROTOCOLS = ("inductive", "transductive")


class Fold(NamedTuple):
    """Rows of the windows, and the seeds that all models share there."""

    train: np.ndarray
    test: np.ndarray
    label_seed: int
    model_seed: int


def make_folds(windows, n_folds, random_state):
    """Return folds that keep subjects together."""
    splits = GroupKFold(n_folds).split(windows, groups=windows.groups)
    return [
        Fold(train, test, *_draw_seeds(random_state, number))
        for number, (train, test) in enumerate(splits)
    ]


def find_limits(windows, folds):
    """Return 1, 10, 100, ... below the smallest class of any training fold, and all."""
    smallest = min(
        np.bincount(y[y >= 0], minlength=len(windows.class_names)).min()
        for y in (windows.y[fold.train] for fold in folds)
    )
    return default_limits(smallest)


def arrange(windows, fold, protocol):
    """Return what a model is given in a fold.

    In the transductive protocol the test windows stand among the training windows a
    second time, without their labels: steps that learn from signal alone see them, as
    in the published study.

    Parameters
    ----------
    windows : Windows
    fold : Fold
    protocol : {"inductive", "transductive"}

    Returns
    -------
    X : Windows
    y : ndarray of int of shape (n_rows,)
    split : tuple of (ndarray, ndarray)
        Rows of X to train and to test on.
    """
    if protocol == "inductive":
        return windows, windows.y, (fold.train, fold.test)
    X = windows[np.concatenate([np.arange(len(windows)), fold.test])]
    y = np.concatenate([windows.y, np.full(len(fold.test), -1)])
    again = np.arange(len(windows), len(X))
    return X, y, (np.concatenate([fold.train, again]), fold.test)


def _draw_seeds(random_state, number):
    seeds = np.random.SeedSequence([random_state, number]).generate_state(2)
    return (int(seed) >> 1 for seed in seeds)  # room for a few above
