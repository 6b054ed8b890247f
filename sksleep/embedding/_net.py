"""The skorch net that trains an encoder on pretext tasks."""

import math
import warnings
from contextlib import contextmanager
from copy import deepcopy
from functools import partial

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EarlyStopping
from skorch.exceptions import DeviceWarning
from torch import nn
from torch.nn.parameter import is_lazy

from .._warn import warn
from ..nn import StagerNet
from ._batches import PretextBatches
from ._captured_steps import CapturedSteps, can_be_captured, one_at_a_time
from ._stable_pickle import dump_by_value, loading_with
from ._step_numbers import StepNumbers
from ._torch_state import seed_torch


class PretextLoss(nn.Module):
    """The tasks' heads, and the weighted sum of their losses.

    Parameters
    ----------
    tasks : list of WeightedTask
    n_features : int
        Size of an embedding.
    """

    def __init__(self, tasks, n_features):
        super().__init__()
        self.tasks = tasks
        self.heads = nn.ModuleList(item.task.make_head(n_features) for item in tasks)

    def forward(self, embeddings, questions):
        """Return the weighted loss of each task that was asked, and its accuracy."""
        losses, accuracies = [], []
        for number, question in questions.items():
            _, task, weight = self.tasks[number]
            scores = self.heads[number](embeddings, question["tuples"])
            losses.append(weight * task.loss(scores, question["targets"]))
            with torch.no_grad():
                accuracies.append(task.accuracy(scores, question["targets"]))
        return losses, accuracies


class PretextNet(NeuralNet):
    """A skorch net whose batches a pretext task plans.

    Parameters
    ----------
    module, criterion : type
        The encoder and :class:`PretextLoss`.
    tasks : list of WeightedTask
        What plans the batches.
    seed : int
        Decides the plans of epochs and the dropout in each.
    **kwargs
        As for skorch's ``NeuralNet``.
    """

    def __init__(self, module, *, criterion=PretextLoss, tasks=(), seed=0, **kwargs):
        self.tasks = tasks
        self.seed = seed
        super().__init__(module, criterion=criterion, **kwargs)

    def train(self, dataset):
        """Train up to `max_epochs` epochs in all, those already in history included.

        Unlike skorch's ``fit`` it does not take an interruption by the user for the
        end of the training.
        """
        self.notify("on_train_begin", X=dataset)
        try:
            self.fit_loop(dataset, epochs=self.max_epochs - len(self.history))
        except KeyboardInterrupt:
            if not self._has_stopped_early():
                raise
        self.notify("on_train_end", X=dataset)
        self._check_weights()
        # As embedding leaves it: otherwise its first use would change its hash.
        self.module_.eval()
        return self

    def __getstate__(self):
        prefixes = tuple(self.cuda_dependent_attributes_)
        state, tensors = {}, {}
        for name, value in vars(self).items():
            (tensors if name.startswith(prefixes) else state)[name] = value
        content, code = dump_by_value(tensors)
        # Under this name skorch looks for what it moves to a device that there is.
        return state | {"__cuda_dependent_attributes__": content, "_code": code}

    def __setstate__(self, state):
        state = state | {"device": _device_here(state["device"])}
        with loading_with(state.pop("_code")):
            super().__setstate__(state)

    def get_iterator(self, dataset, training=False):
        epoch = len(self.history) if training else None
        tasks = [item.task for item in self.tasks]
        return PretextBatches(
            dataset, self.batch_size, tasks=tasks, seed=self.seed, epoch=epoch
        )

    def on_epoch_begin(self, net, **kwargs):
        super().on_epoch_begin(net, **kwargs)
        # Dropout of an epoch depends on its number alone, not on the epochs before,
        # so that a training that is taken up again goes on as if never stopped.
        self._seed_torch(2, len(self.history))

    def _seed_torch(self, *key):
        """Seed torch by the net's seed and a key, for which there are no others."""
        sequence = np.random.SeedSequence([self.seed, *key])
        with one_at_a_time(self.device):
            seed_torch(int(sequence.generate_state(1)[0]), self.device)

    def fit_loop(self, X, y=None, epochs=None, **fit_params):
        with self._ready_steps():
            return super().fit_loop(X, y, epochs, **fit_params)

    @contextmanager
    def _ready_steps(self):
        """Have steps for the time of a training: CUDA graphs cannot be pickled."""
        self._steps = {"train": self._train, "valid": self._validate}
        is_captured = self._can_be_captured()
        if is_captured:
            self._steps = {key: CapturedSteps(s) for key, s in self._steps.items()}
            self.module_.network.is_repeated = True
        try:
            yield
        finally:
            if is_captured:
                self.module_.network.is_repeated = False
                self._forget_graphs()
            del self._steps

    def _forget_graphs(self):
        with one_at_a_time(self.device):
            # Gradients lie in the graphs' memory.
            self._zero_grad_optimizer()
            for steps in self._steps.values():
                steps.forget()

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """Train or validate for an epoch, as skorch does, but wait for no step's end.

        What the steps give is written into the history many steps at a time.
        """
        if iterator is None:
            return
        if not training:
            # What a task draws in `prepare` must not make one epoch look better.
            self._seed_torch(4)
        numbers = StepNumbers(self._check_loss)
        batch_count = 0
        for batch in iterator:
            self.notify("on_batch_begin", batch=batch, training=training)
            signal, questions = batch
            self.history.record_batch(f"{prefix}_batch_size", len(signal))
            values = step_fn(batch, **fit_params)
            row = self.history[-1]["batches"][-1]
            numbers.add(row, self._names(questions, prefix), values)
            self.notify("on_batch_end", batch=batch, training=training)
            del batch, signal  # the next batch but one takes their memory
            batch_count += 1
        numbers.write()
        self.history.record(f"{prefix}_batch_count", batch_count)
        if training and not batch_count:
            warn(
                f"Epoch {len(self.history)} has no step, as no batch of it holds "
                "windows to ask about; give a larger batch_size, or recordings with "
                "more windows."
            )

    def train_step(self, batch, **fit_params):
        with one_at_a_time(self.device):
            return self._steps["train"](*batch)

    def validation_step(self, batch, **fit_params):
        with one_at_a_time(self.device):
            return self._steps["valid"](*batch)

    def _train(self, signal, questions):
        """Take a step on a batch; return what `_names` names."""
        self._set_training(True)
        self._zero_grad_optimizer()
        loss, numbers = self._ask(signal, questions)
        loss.backward()
        self._step_optimizer(None)
        return numbers

    @torch.no_grad()
    def _validate(self, signal, questions):
        self._set_training(False)
        return self._ask(signal, questions)[1]

    def _ask(self, signal, questions):
        """Return the loss of a batch, and what `_names` names as a tensor."""
        losses, accuracies = self.criterion_(self.infer(signal), questions)
        loss = sum(losses)
        numbers = [loss, *losses, *accuracies]
        as_tensor = partial(torch.as_tensor, dtype=torch.float32, device=self.device)
        return loss, torch.cat([as_tensor(n).detach().reshape(1) for n in numbers])

    def _names(self, questions, prefix):
        names = [self.tasks[number].name for number in questions]
        objectives = [f"{prefix}_objective_{name}" for name in names]
        accuracies = [f"{prefix}_accuracy_{name}" for name in names]
        return [f"{prefix}_loss", *objectives, *accuracies]

    def _check_loss(self, numbers):
        for name in ("train_loss", "valid_loss"):
            value = numbers.get(name, 0.0)
            if not math.isfinite(value):
                raise FloatingPointError(
                    f"The loss has become {value}: the training diverges. Try a "
                    f"smaller lr than {self.lr}."
                )

    def _check_weights(self):
        """Raise an error if the last step, which no loss tells of, has spoilt them."""
        parameters = [*self.module_.parameters(), *self.criterion_.parameters()]
        trained = [each for each in parameters if each.requires_grad]
        if not all(is_lazy(each) or each.isfinite().all() for each in trained):
            raise FloatingPointError(
                "Weights are no finite numbers after the training: it diverges. Try a "
                f"smaller lr than {self.lr}."
            )

    def _can_be_captured(self):
        """Tell whether steps with batches of the same sizes are the same on a GPU."""
        network = self.module_.network
        return (
            type(network) is StagerNet
            and network.has_gpu_kernels(torch.device(self.device))
            and all(can_be_captured(item.task) for item in self.tasks)
            # Looking for what is no number stops a capture.
            and not torch.is_anomaly_enabled()
        )

    def _has_stopped_early(self):
        return any(
            isinstance(callback, EarlyStopping)
            and callback.misses_ == callback.patience
            for _, callback in self.callbacks_
        )


class EpochMeans(Callback):
    """Record over an epoch each task's accuracy, and the sum of the tasks' losses.

    The sum, ``valid_objective``, is of each task's mean over its own batches: a task
    with few batches counts for as much as its weight says. ``train_windows`` are those
    that were embedded. The numbers of each step are dropped then: long trainings have
    millions.
    """

    def on_epoch_end(self, net, **kwargs):
        batches = net.history[-1]["batches"]
        n_windows = sum(row.get("train_batch_size", 0) for row in batches)
        net.history.record("train_windows", n_windows)
        for prefix in ("train", "valid"):
            losses = _means(batches, f"{prefix}_objective_")
            if losses:
                net.history.record(f"{prefix}_objective", sum(losses.values()))
            for name, accuracy in _means(batches, f"{prefix}_accuracy_").items():
                net.history.record(name, accuracy)
        net.history.record("batches", [])


class BestWeights(EarlyStopping):
    """Stop early, and restore encoder and heads of the best epoch.

    skorch's own restores the module alone, here the encoder.
    """

    def on_train_begin(self, net, **kwargs):
        super().on_train_begin(net, **kwargs)
        self.best_criterion_weights_ = None

    def on_epoch_end(self, net, **kwargs):
        super().on_epoch_end(net, **kwargs)
        if self.best_epoch_ == net.history[-1, "epoch"]:
            self.best_criterion_weights_ = deepcopy(net.criterion_.state_dict())

    def on_train_end(self, net, **kwargs):
        super().on_train_end(net, **kwargs)
        if self.best_criterion_weights_ is not None:
            net.criterion_.load_state_dict(self.best_criterion_weights_)

    def __getstate__(self):
        return super().__getstate__() | {"best_criterion_weights_": None}


def _device_here(device):
    """Return a device, or one that there is: skorch sees to a missing CUDA alone."""
    try:
        if torch.device(device).type != "cuda":
            torch.empty(1, device=device)
    except (RuntimeError, AssertionError, ImportError):
        message = f"There is no device {device!r} here; a model is loaded on the CPU."
        warnings.warn(message, DeviceWarning, stacklevel=2)
        return "cpu"
    if _is_missing_gpu(torch.device(device)):
        message = (
            f"There is no GPU {device!r} here; a model is loaded on the first one."
        )
        warnings.warn(message, DeviceWarning, stacklevel=2)
        return "cuda:0"
    return device


def _is_missing_gpu(device):
    """Tell whether a device is a GPU beyond those that there are."""
    n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return device.type == "cuda" and 0 < n_gpus <= (device.index or 0)


def _means(batches, prefix):
    """Return the mean of each value recorded under a prefix, over its batches."""
    names = sorted({name for row in batches for name in row if name.startswith(prefix)})
    return {
        name: float(np.mean([row[name] for row in batches if name in row]))
        for name in names
    }
