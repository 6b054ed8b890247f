"""A training that is killed goes on from its last finished epoch."""

import hashlib
import os
from numbers import Integral
from pathlib import Path

import joblib
import numpy as np
import torch
from sklearn.base import BaseEstimator
from skorch.callbacks import Callback, EarlyStopping, PassthroughScoring
from skorch.history import History
from torch.nn.parameter import is_lazy

import sksleep

from .._memmap import release
from .._warn import warn
from ..windows import Windows
from ._layer_rates import lr_factors
from ._own_code import content_of, own_code, structure_of
from ._state_file import read_state, write_state

# Of a tensor's norm: what processors and threads make of the same first weights.
_ROUNDING = 1e-3
# Hashed at a time.
_N_ROWS, _N_SAMPLES = 256, 1 << 16


class ResumableTraining(Callback):
    """Write the state of the training after each epoch, and take it up again.

    Everything is in one file that is replaced as a whole, so that a kill at any
    moment leaves the state of a finished epoch. A training that begins with other
    weights, as of a module that reads them from a file, begins anew, with a warning.

    Parameters
    ----------
    path : path-like
        The file.
    """

    def __init__(self, path):
        # A Path of one system cannot be unpickled on another; models hold this one.
        self.path = os.fspath(path)

    def on_train_begin(self, net, **kwargs):
        parts = net.module_, net.criterion_
        self._start = [number for part in parts for number in _sums_and_norms(part)]
        if not os.path.exists(self.path):
            return
        state = read_state(Path(self.path), net.device)
        if not _are_close(state["start"], self._start):
            warn(
                f"The training begins anew, and not where its checkpoint {self.path} "
                "is: it begins with other weights, though parameters and random_state "
                "are the same. A module that reads its first weights from a file, or "
                "draws them by another generator than torch's, has others each time."
            )
            return
        net.module_.load_state_dict(state["module"])
        net.criterion_.load_state_dict(state["criterion"])
        net.optimizer_.load_state_dict(state["optimizer"])
        net.history = History(state["history"])
        for stopper, values in zip(_stoppers(net), state["stoppers"], strict=True):
            vars(stopper).update(values)
        for score in _scores(net):
            known = [row[score.name] for row in net.history if score.name in row]
            score.best_score_ = min(known, default=score.best_score_)
        if net.verbose:
            print(f"Goes on after epoch {len(net.history)}, from {self.path}.")

    def on_epoch_end(self, net, **kwargs):
        state = {
            "module": net.module_.state_dict(),
            "criterion": net.criterion_.state_dict(),
            "optimizer": net.optimizer_.state_dict(),
            "history": net.history.to_list(),
            "stoppers": [_stopper_state(stopper) for stopper in _stoppers(net)],
            "start": self._start,
        }
        write_state(Path(self.path), state)


def checkpoint_path(directory, estimator, net, dataset):
    """Return the file for one training: its name tells parameters, data and versions.

    Parameters
    ----------
    directory : path-like
        It exists.
    estimator : StagerNetEmbedder or StagerNetClassifier
        Parameters that change no more than the weights' rounding do not count.
    net : PretextNet
        Initialised. The classes of its tasks and modules may be the user's.
    dataset : PretextDataset
        The windows to learn from.

    Returns
    -------
    path : Path
    """
    ignored = {"checkpoint_dir", "verbose", "device", "n_jobs"}
    params = {
        name: value
        for name, value in (_fixed_params(estimator) | estimator.get_params()).items()
        if name not in ignored
    }
    if isinstance(params["random_state"], Integral):  # of whatever type
        params["random_state"] = int(params["random_state"])
    params["lr_factors"] = lr_factors(estimator.module)
    if isinstance(params.get("class_weight"), dict):
        params["classes"] = estimator.classes_  # which it is for
    source = dataset.source
    # Recordings without a window do not count: Windows from a file have none.
    index = np.unique(source.recording_index, return_inverse=True)[1]
    windows = index, source.onsets, _hash_signal(source.X)
    versions = sksleep.__version__, torch.__version__
    modules = [*net.module_.modules(), *net.criterion_.modules()]
    parts = {type(part) for part in [*modules, *(item.task for item in net.tasks)]}
    code = own_code({type(estimator), estimator.module} | parts)
    structure = [structure_of(net.module_), structure_of(net.criterion_)]
    content = content_of([params, structure]), dataset.rows, dataset.y, windows
    content = *content, versions, code
    return Path(directory) / f"{type(estimator).__name__}-{joblib.hash(content)}.pt"


def _fixed_params(estimator):
    """Return parameters, also those that a user's subclass sets but does not have."""
    names = {
        name
        for base in type(estimator).__mro__
        if issubclass(base, BaseEstimator) and base.__module__.startswith("sksleep.")
        for name in base._get_param_names()
    }
    return {name: getattr(estimator, name) for name in names}


def _hash_signal(X):
    """Hash what the windows hold, a few of them at a time to keep memory flat."""
    digest = hashlib.sha256()
    if not isinstance(X, Windows):
        for begin in range(0, len(X), _N_ROWS):
            digest.update(np.ascontiguousarray(X[begin : begin + _N_ROWS]))
        return digest.hexdigest(), X.shape
    # Windows may overlap: recordings are read once.
    for number in np.unique(X.recording_index):
        data = X.recordings[number].data
        for begin in range(0, data.shape[1], _N_SAMPLES):
            digest.update(np.ascontiguousarray(data[:, begin : begin + _N_SAMPLES]))
        release(data)
    return digest.hexdigest(), X.starts, X.shape


def _sums_and_norms(module):
    """Return the sum and the norm of each of a module's tensors, as plain numbers.

    A checkpoint's tensors are read to the device of the training.
    """
    tensors = [x for x in module.state_dict().values() if torch.is_tensor(x)]
    tensors = [x for x in tensors if x.is_floating_point() and not is_lazy(x)]
    numbers = [x.detach().cpu().double() for x in tensors]
    return [(x.sum().item(), torch.linalg.vector_norm(x).item()) for x in numbers]


def _are_close(some, others):
    """Tell whether such sums and norms are of the same, rounded by any processor."""
    return len(some) == len(others) and not any(
        abs(one - other) > _ROUNDING * max(norm, other_norm)
        for (total, norm), (other_total, other_norm) in zip(some, others, strict=True)
        for one, other in ((total, other_total), (norm, other_norm))
    )


def _scores(net):
    """Return what tells whether an epoch is the best so far, as skorch's losses are."""
    return [cb for _, cb in net.callbacks_ if isinstance(cb, PassthroughScoring)]


def _stoppers(net):
    return [cb for _, cb in net.callbacks_ if isinstance(cb, EarlyStopping)]


def _stopper_state(stopper):
    """Return what it has learnt, whose names end so."""
    return {k: value for k, value in vars(stopper).items() if k.endswith("_")}
