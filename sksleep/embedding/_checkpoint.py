"""A training that is killed goes on from its last finished epoch."""

import os
from numbers import Integral
from pathlib import Path

import joblib
import torch
from skorch.callbacks import Callback, EarlyStopping
from skorch.history import History

import sksleep

from ..nn._weights import UNREADABLE
from ..windows import take_rows
from ._layer_rates import lr_factors

_STOPPER_STATE = (
    "misses_",
    "dynamic_threshold_",
    "best_epoch_",
    "best_model_weights_",
    "best_criterion_weights_",
)


class ResumableTraining(Callback):
    """Write the state of the training after each epoch, and take it up again.

    Everything is in one file that is replaced as a whole, so that a kill at any
    moment leaves the state of a finished epoch.

    Parameters
    ----------
    path : path-like
        The file.
    """

    def __init__(self, path):
        self.path = Path(path)

    def on_train_begin(self, net, **kwargs):
        if not self.path.exists():
            return
        state = self._load(net.device)
        net.module_.load_state_dict(state["module"])
        net.criterion_.load_state_dict(state["criterion"])
        net.optimizer_.load_state_dict(state["optimizer"])
        net.history = History(state["history"])
        for stopper, values in zip(_stoppers(net), state["stoppers"], strict=True):
            vars(stopper).update(values)

    def _load(self, device):
        try:
            return torch.load(self.path, map_location=device, weights_only=False)
        except torch.cuda.OutOfMemoryError:  # of a GPU; nothing is wrong with the file
            raise
        except UNREADABLE as error:
            raise ValueError(
                f"the checkpoint {self.path} cannot be read; if it is damaged, delete "
                f"it, and the training begins anew ({error})"
            ) from error

    def on_epoch_end(self, net, **kwargs):
        state = {
            "module": net.module_.state_dict(),
            "criterion": net.criterion_.state_dict(),
            "optimizer": net.optimizer_.state_dict(),
            "history": net.history.to_list(),
            "stoppers": [_stopper_state(stopper) for stopper in _stoppers(net)],
        }
        part = self.path.with_suffix(f".{os.getpid()}.part")
        torch.save(state, part)
        os.replace(part, self.path)


def checkpoint_path(directory, estimator, dataset):
    """Return the file for one training: its name tells parameters, data and versions.

    Parameters
    ----------
    directory : path-like
        It exists.
    estimator : StagerNetEmbedder or StagerNetClassifier
        Parameters that change no more than the weights' rounding do not count.
    dataset : PretextDataset
        The windows to learn from.

    Returns
    -------
    path : Path
    """
    ignored = {"checkpoint_dir", "verbose", "device", "n_jobs"}
    params = {
        name: value
        for name, value in estimator.get_params().items()
        if name not in ignored
    }
    if isinstance(params["random_state"], Integral):  # of whatever type
        params["random_state"] = int(params["random_state"])
    params["lr_factors"] = lr_factors(estimator.module)
    source = dataset.source
    windows = source.recording_index, source.onsets, _signal_hash(source)
    versions = sksleep.__version__, torch.__version__
    content = params, dataset.rows, dataset.y, windows, versions
    return Path(directory) / f"{type(estimator).__name__}-{joblib.hash(content)}.pt"


def _signal_hash(source, n_rows=256):
    """Hash the signal window by window, a few at a time to keep memory flat."""
    digest = ""
    for begin in range(0, len(source), n_rows):
        rows = range(begin, min(begin + n_rows, len(source)))
        digest = joblib.hash((digest, take_rows(source.X, list(rows))))
    return digest


def _stoppers(net):
    return [cb for _, cb in net.callbacks_ if isinstance(cb, EarlyStopping)]


def _stopper_state(stopper):
    return {name: getattr(stopper, name) for name in _STOPPER_STATE}
