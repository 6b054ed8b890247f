"""Relative positioning trained as published: one pair after the other, plain layers."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from sksleep.nn import StagerNet

_WEIGHT_DECAY = 1e-3
# Plain layers embed fastest a few windows at a time.
_N_EMBEDDED_AT_ONCE = 16


def draw_pairs(windows, n_pairs, tau_pos, tau_neg, rng):
    """Draw pairs independently of each other, half of them close.

    Every recording gives as many. Nothing is drawn so that windows come again: any
    that do are read and embedded again.

    Parameters
    ----------
    windows : Windows
    n_pairs : int
        How many to return.
    tau_pos, tau_neg : float
        A pair is close where its onsets are at most `tau_pos` apart, and far where
        they are more than `tau_neg` apart, in seconds.
    rng : numpy.random.Generator

    Returns
    -------
    pairs : ndarray of int of shape (n_pairs, 2)
        Rows of the windows, in random order.
    targets : ndarray of float32 of shape (n_pairs,)
        1 for close pairs.
    """
    recordings = np.unique(windows.recording_index)
    n_each = -(-n_pairs // (2 * len(recordings)))
    pairs, targets = [], []
    for recording in recordings:
        rows = np.flatnonzero(windows.recording_index == recording)
        candidates = rows[np.column_stack(np.triu_indices(len(rows), k=1))]
        # Whole samples have no rounding errors.
        distance = abs(np.diff(windows.starts[candidates], axis=1)[:, 0])
        is_close = distance <= tau_pos * windows.sfreq
        is_far = distance > tau_neg * windows.sfreq
        for target, is_valid in ((1, is_close), (0, is_far)):
            chosen = rng.choice(np.flatnonzero(is_valid), n_each)
            pairs.append(candidates[chosen])
            targets.append(np.full(n_each, target, dtype=np.float32))
    order = rng.permutation(n_each * len(pairs))[:n_pairs]
    return np.concatenate(pairs)[order], np.concatenate(targets)[order]


class PlainLoop:
    """The published network and its training, written plainly.

    Parameters
    ----------
    n_channels, n_times : int
        Shape of a window.
    lr : float
        Learning rate of Adam.
    batch_size : int
        Pairs per step.
    dropout : float
        Part of the features that training hides.
    spatial_init : str
        What the spatial convolution begins with, as of StagerNet.
    """

    def __init__(self, n_channels, n_times, *, lr, batch_size, dropout, spatial_init):
        self.network = StagerNet(
            n_channels,
            n_times,
            dropout=dropout,
            spatial_init=spatial_init,
            fast_cpu=False,
        )
        self.head = nn.Linear(self.network.linear.out_features, 1)
        self.batch_size = batch_size
        parameters = [*self.network.parameters(), *self.head.parameters()]
        self.optimizer = torch.optim.Adam(parameters, lr=lr, weight_decay=_WEIGHT_DECAY)

    def train(self, windows, pairs, targets):
        """Take a step for each batch of pairs, in their order."""
        self.network.train()
        n_batches = max(1, round(len(pairs) / self.batch_size))
        for rows in np.array_split(np.arange(len(pairs)), n_batches):
            first, second = (_load(windows, pairs[rows, side]) for side in (0, 1))
            self.optimizer.zero_grad()
            self.loss(first, second, torch.from_numpy(targets[rows])).backward()
            self.optimizer.step()

    def loss(self, first, second, targets):
        """Return the cross-entropy of pairs of windows."""
        distance = abs(self.network(first) - self.network(second))
        scores = self.head(distance)[:, 0]
        return functional.binary_cross_entropy_with_logits(scores, targets)

    @torch.inference_mode()
    def embed(self, windows):
        """Return the embeddings of all windows."""
        self.network.eval()
        parts = torch.arange(len(windows)).split(_N_EMBEDDED_AT_ONCE)
        return torch.cat([self.network(_load(windows, rows)) for rows in parts]).numpy()


def _load(windows, rows):
    """Return windows with zero mean and unit variance in each channel."""
    signal = torch.from_numpy(windows.take(rows))
    std, mean = torch.std_mean(signal, dim=-1, correction=0, keepdim=True)
    return (signal - mean) / std
