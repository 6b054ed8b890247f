"""One cell of a study: one model, one fold, one protocol."""

from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import NamedTuple

import torch
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from sksleep import Windows
from sksleep.model_selection import per_class_learning_curve

from ._folder import ResultsFolder
from ._folds import Fold, arrange
from ._settings import Settings

SCORES = ("accuracy", "balanced_accuracy")


class Cell(NamedTuple):
    """One model, one fold, one protocol."""

    model: str
    fold: int
    protocol: str


@dataclass(frozen=True, eq=False)
class CellRunner:
    """Runs cells, and keeps the result of each as soon as it is there.

    Attributes
    ----------
    folder : ResultsFolder
    windows : Windows
    folds : list of Fold
    limits : tuple of int or "all"
    settings : Settings
    """

    folder: ResultsFolder
    windows: Windows
    folds: list[Fold]
    limits: tuple
    settings: Settings

    def __call__(self, cell, estimator):
        """Train and score an estimator in a cell, and return the cell."""
        wall, cpu = perf_counter(), process_time()
        with _one_thread():
            curve = self._compute_curve(cell, self._with_checkpoints(estimator))
        result = {
            **cell._asdict(),
            "estimator": describe_estimator(estimator),
            "limits": self.limits,
            **_describe_curve(curve),
            "wall_time": perf_counter() - wall,
            "cpu_time": process_time() - cpu,
        }
        self.folder.write_cell(cell, result)
        return cell

    def _compute_curve(self, cell, estimator):
        fold = self.folds[cell.fold]
        X, y, split = arrange(self.windows, fold, cell.protocol)
        return per_class_learning_curve(
            estimator,
            X,
            y,
            cv=[split],
            samples_per_class=self.limits,
            n_repeats=self._choose_n_repeats(estimator),
            scoring=SCORES,
            return_estimator=True,
            error_score="raise",
            random_state=fold.label_seed,
        )

    def _choose_n_repeats(self, estimator):
        # What is no Pipeline trains a network for each limit and repeat.
        if isinstance(estimator, Pipeline):
            return self.settings.n_repeats
        return self.settings.n_repeats_end_to_end

    def _with_checkpoints(self, estimator):
        names = [n for n in estimator.get_params() if n.endswith("checkpoint_dir")]
        folder = self.folder.checkpoint_dir
        return clone(estimator).set_params(**dict.fromkeys(names, folder))


def describe_estimator(estimator):
    """Return all parameters of an estimator as plain text, to compare them."""
    params = estimator.get_params()
    return {name: _describe_value(params[name]) for name in sorted(params)}


def _describe_value(value):
    """Describe an estimator by its class: its parameters stand for themselves."""
    if isinstance(value, BaseEstimator):
        return type(value).__name__
    if isinstance(value, list | tuple):
        return [_describe_value(item) for item in value]
    return repr(value)


def _describe_curve(curve):
    """Return the curve of a single fold as plain numbers, times in seconds."""
    return {
        "label_counts": curve.mean_label_counts.tolist(),
        "scores": {name: curve.scores[name][:, 0].tolist() for name in SCORES},
        "trainings": _describe_trainings(curve.estimators[-1, 0, 0]),
        "front_fit_time": float(curve.front_fit_times[0]),
        "fit_times": curve.fit_times[:, 0].tolist(),
        "score_times": curve.score_times[:, 0].tolist(),
    }


def _describe_trainings(fitted):
    """Return epochs and accuracies of the pretext tasks, for each trained network."""
    embed = fitted[0] if isinstance(fitted, Pipeline) else fitted
    embedders = dict(getattr(embed, "transformer_list", [("", embed)])).values()
    return [
        {"epochs": len(e.net_.history), "accuracies": e.pretext_accuracy_}
        for e in embedders
        if hasattr(e, "net_") and len(e.net_.history)
    ]


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
