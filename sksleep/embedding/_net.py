"""The skorch net that trains an encoder on pretext tasks."""

from copy import deepcopy

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EarlyStopping
from skorch.utils import to_tensor
from torch import nn

from ._batches import PretextBatches
from ._random import seed_torch


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
        """Return of each task that was asked its weighted loss and its accuracy."""
        losses, accuracies = {}, {}
        for key, question in questions.items():
            name, task, weight = self.tasks[int(key)]
            scores = self.heads[int(key)](embeddings, question["tuples"])
            losses[name] = weight * task.loss(scores, question["targets"])
            accuracies[name] = float(task.accuracy(scores, question["targets"]))
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
        return self

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
        key = np.random.SeedSequence([self.seed, 2, len(self.history)])
        seed_torch(int(key.generate_state(1)[0]), self.device)

    def get_loss(self, y_pred, y_true, X=None, training=False):
        y_true = to_tensor(y_true, device=self.device)
        losses, accuracies = self.criterion_(y_pred, y_true)
        loss = sum(losses.values())
        if not torch.isfinite(loss):
            raise FloatingPointError(
                f"The loss has become {loss.item()}: the training diverges. Try a "
                f"smaller lr than {self.lr}."
            )
        prefix = "train" if training else "valid"
        for name, accuracy in accuracies.items():
            self.history.record_batch(f"{prefix}_objective_{name}", losses[name].item())
            self.history.record_batch(f"{prefix}_accuracy_{name}", accuracy)
        return loss

    def _has_stopped_early(self):
        return any(
            isinstance(callback, EarlyStopping)
            and callback.misses_ == callback.patience
            for _, callback in self.callbacks_
        )


class EpochMeans(Callback):
    """Record over an epoch each task's accuracy, and the sum of the tasks' losses.

    The sum, ``valid_objective``, is of each task's mean over its own batches: a task
    with few batches counts for as much as its weight says.
    """

    def on_epoch_end(self, net, **kwargs):
        batches = net.history[-1]["batches"]
        for prefix in ("train", "valid"):
            losses = _means(batches, f"{prefix}_objective_")
            if losses:
                net.history.record(f"{prefix}_objective", sum(losses.values()))
            for name, accuracy in _means(batches, f"{prefix}_accuracy_").items():
                net.history.record(name, accuracy)


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


def _means(batches, prefix):
    """Return the mean of each value recorded under a prefix, over its batches."""
    names = sorted({name for row in batches for name in row if name.startswith(prefix)})
    return {
        name: float(np.mean([row[name] for row in batches if name in row]))
        for name in names
    }
