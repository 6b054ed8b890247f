"""The labels as one more task beside the pretext tasks."""

import math

import numpy as np
import torch
from sklearn.utils import compute_class_weight
from torch import nn
from torch.nn import functional

from ..pretext import Batch, PretextTask, embeddings_at

# Few labels are dealt to at least this many steps.
_MIN_STEPS = 4


class LabelTask(PretextTask):
    """Tell the class of each window.

    Parameters
    ----------
    n_classes : int
    class_weight : ndarray of float32 of shape (n_classes,)
        How much the windows of each class count.
    influence : float, default=1.0
        What part of the loss's gradient reaches the encoder; the head gets all of it.
    """

    uses_labels = True
    default_batch_size = 128

    def __init__(self, n_classes, class_weight, influence=1.0):
        self.n_classes = n_classes
        self.class_weight = class_weight
        self.influence = influence

    def plan_epoch(self, recording_index, onsets, batch_size, rng):
        n = len(onsets)
        n_steps = max(math.ceil(n / batch_size), _MIN_STEPS)
        # Of one window alone nothing can be normalised over the batch.
        n_steps = max(1, min(n_steps, n // 2))
        for windows in np.array_split(rng.permutation(n), n_steps):
            positions = np.arange(len(windows))[:, np.newaxis]
            yield Batch(windows, positions, targets=None)  # the labels take its place

    def make_head(self, n_features):
        return _ClassHead(n_features, self.n_classes, self.influence)

    def loss(self, scores, targets):
        # Not divided by the weights of the batch: in a batch of one class they would
        # cancel out.
        weight = torch.from_numpy(self.class_weight)
        weight = weight.to(scores.device, scores.dtype)[targets]
        return (
            weight * functional.cross_entropy(scores, targets, reduction="none")
        ).mean()

    def accuracy(self, scores, targets):
        return (scores.argmax(dim=1) == targets).float().mean()


def weigh_classes(class_weight, classes, labels):
    """Return how much the windows of each class count, or raise a ValueError.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
        As in :func:`sklearn.utils.compute_class_weight`.
    classes : ndarray of shape (n_classes,)
    labels : ndarray of shape (n_labelled,)
        Those of the windows.

    Returns
    -------
    weights : ndarray of float32 of shape (n_classes,)
    """
    weights = compute_class_weight(class_weight, classes=classes, y=labels)
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise ValueError(
            f"class_weight must be finite and not below 0, got {class_weight!r}."
        )
    return weights.astype(np.float32)


class _ClassHead(nn.Module):
    """Score windows for each class by a linear layer on their embeddings."""

    def __init__(self, n_features, n_classes, influence):
        super().__init__()
        self.linear = nn.Linear(n_features, n_classes)
        self.influence = influence

    def forward(self, embeddings, tuples):
        embeddings = embeddings_at(embeddings, tuples[:, 0])
        # The same numbers, with a part of their gradient.
        fixed = embeddings.detach()
        return self.linear(fixed + self.influence * (embeddings - fixed))
