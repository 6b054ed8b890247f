"""The labels as one more task beside the pretext tasks."""

import math

import numpy as np
from torch import nn
from torch.nn import functional

from ..pretext import Batch, PretextTask

# With few labels an epoch takes them several times, at least this many steps.
_N_STEPS = 4


class LabelTask(PretextTask):
    """Tell the class of each window.

    Parameters
    ----------
    n_classes : int
    class_weight : tensor of shape (n_classes,) or None
        How much the windows of each class count.
    """

    uses_labels = True

    def __init__(self, n_classes, class_weight=None):
        self.n_classes = n_classes
        self.class_weight = class_weight

    def plan_epoch(self, recording_index, onsets, y, batch_size, rng):
        n_batches = math.ceil(len(y) / batch_size)
        for _ in range(math.ceil(_N_STEPS / n_batches)):
            for windows in np.array_split(rng.permutation(len(y)), n_batches):
                positions = np.arange(len(windows))[:, np.newaxis]
                yield Batch(windows, positions, y[windows])

    def make_head(self, n_features):
        return _ClassHead(n_features, self.n_classes)

    def loss(self, scores, targets):
        weight = self.class_weight
        if weight is not None:
            weight = weight.to(scores.device, scores.dtype)
        return functional.cross_entropy(scores, targets, weight=weight)

    def accuracy(self, scores, targets):
        return (scores.argmax(dim=1) == targets).float().mean()


class _ClassHead(nn.Module):
    """Score windows for each class by a linear layer on their embeddings."""

    def __init__(self, n_features, n_classes):
        super().__init__()
        self.linear = nn.Linear(n_features, n_classes)

    def forward(self, embeddings, tuples):
        return self.linear(embeddings[tuples[:, 0]])
