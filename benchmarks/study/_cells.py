"""One cell of a study: one model, one fold, one protocol."""

from contextlib import contextmanager
from itertools import count, takewhile
from time import perf_counter, process_time
from typing import NamedTuple

import numpy as np
import torch
from sklearn import config_context
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from sksleep.model_selection import per_class_learning_curve

PROTOCOLS = ("inductive", "transductive")
SCORES = ("accuracy", "balanced_accuracy")


class Cell(NamedTuple):
    """One model, one fold, one protocol."""

    model: str
    fold: int
    protocol: str


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
    powers = (10**exponent for exponent in count())
    return (*takewhile(lambda limit: limit < smallest, powers), "all")


def run_cell(cell, make_model, windows, fold, limits, settings):
    """Train and score a model in a fold.

    Parameters
    ----------
    cell : Cell
    make_model : callable
        As in :data:`~study._models.MODELS`.
    windows : Windows
    fold : Fold
    limits : tuple of int or "all"
    settings : Settings

    Returns
    -------
    result : dict
        Plain numbers: scores of shape (n_limits, n_repeats) and times in seconds.
    """
    estimator = make_model(settings, fold.model_seed)
    X, y, split = arrange(windows, fold, cell.protocol)
    wall, cpu = perf_counter(), process_time()
    with _one_thread():
        curve = per_class_learning_curve(
            estimator,
            X,
            y,
            cv=[split],
            samples_per_class=limits,
            n_repeats=settings.n_repeats,
            scoring=SCORES,
            random_state=fold.label_seed,
        )
    return {
        **cell._asdict(),
        "estimator": describe_estimator(estimator),
        "limits": limits,
        "label_counts": curve.mean_label_counts.tolist(),
        "scores": {name: curve.scores[name][:, 0].tolist() for name in SCORES},
        "pretext_fit_time": float(curve.front_fit_times[0]),
        "fit_times": curve.fit_times[:, 0].tolist(),
        "score_times": curve.score_times[:, 0].tolist(),
        "wall_time": perf_counter() - wall,
        "cpu_time": process_time() - cpu,
    }


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
    n_test = len(fold.test)
    X = windows[np.concatenate([np.arange(len(windows)), fold.test])]
    y = np.concatenate([windows.y, np.full(n_test, -1)])
    again = np.arange(len(windows), len(X))
    return X, y, (np.concatenate([fold.train, again]), fold.test)


def describe_estimator(estimator):
    """Return all parameters of an estimator in one line, to compare them."""
    with config_context(print_changed_only=False):
        return " ".join(estimator.__repr__(N_CHAR_MAX=1_000_000).split())


def _draw_seeds(random_state, number):
    return map(int, np.random.SeedSequence([random_state, number]).generate_state(2))


@contextmanager
def _one_thread():
    """Let a cell use one core, so that numbers do not depend on how many run."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(n_threads)
