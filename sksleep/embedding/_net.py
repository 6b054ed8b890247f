"""The skorch net that trains an encoder on pretext tasks."""

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EarlyStopping
from skorch.utils import to_tensor
from torch import nn

from ._batches import PretextBatches


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
        """Return the loss, and the accuracy of each task that was asked."""
        loss, accuracies = 0.0, {}
        for key, question in questions.items():
            name, task, weight = self.tasks[int(key)]
            scores = self.heads[int(key)](embeddings, question["tuples"])
            loss = loss + weight * task.loss(scores, question["targets"])
            accuracies[name] = float(task.accuracy(scores, question["targets"]))
        return loss, accuracies


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
        torch.manual_seed(int(key.generate_state(1)[0]))

    def get_loss(self, y_pred, y_true, X=None, training=False):
        y_true = to_tensor(y_true, device=self.device)
        loss, accuracies = self.criterion_(y_pred, y_true)
        prefix = "train" if training else "valid"
        for name, accuracy in accuracies.items():
            self.history.record_batch(f"{prefix}_accuracy_{name}", accuracy)
        return loss

    def _has_stopped_early(self):
        return any(
            isinstance(callback, EarlyStopping)
            and callback.misses_ == callback.patience
            for _, callback in self.callbacks_
        )


class EpochAccuracy(Callback):
    """Record each task's accuracy over an epoch: the mean over its batches."""

    def on_epoch_end(self, net, **kwargs):
        batches = net.history[-1]["batches"]
        names = {name for batch in batches for name in batch if "_accuracy_" in name}
        for name in sorted(names):
            values = [batch[name] for batch in batches if name in batch]
            net.history.record(name, float(np.mean(values)))
