"""braindecode's relative positioning, where that is installed: how fast it steps.

Written after its documentation, "Self-supervised learning on EEG with relative
positioning" and the pages of RelativePositioningSampler and SleepStagerChambon2018,
and run with braindecode 1.8.1.
"""

import numpy as np
import torch
from performance import clock
from torch import nn
from torch.utils.data import DataLoader, Dataset

_N_FEATURES = 100
_BATCH_SIZE = 128  # of the example, as are the learning rate and the sizes below
_LR = 5e-3
# Its network is for windows of 30 s: kernels of 0.5 s and pools of 0.125 s.
_KERNEL, _POOL = 0.5 / 30, 0.125 / 30  # of a window's duration


def measure_braindecode(windows, n_pairs, tau_pos, tau_neg, seed):
    """Train on pairs and embed as many windows.

    Parameters
    ----------
    windows : Windows
    n_pairs : int
    tau_pos, tau_neg : float
        In seconds.
    seed : int

    Returns
    -------
    rates : dict of str to float
        Pairs and windows per second in training, windows per second in embedding.
    """
    model = _make_model(windows)
    loader = DataLoader(
        _Pairs(windows),
        batch_size=_BATCH_SIZE,
        sampler=_make_sampler(windows, n_pairs, tau_pos, tau_neg, seed),
    )
    _, train = clock(_train, model, loader)
    singles = torch.from_numpy(windows.take(np.arange(min(n_pairs, len(windows)))))
    _, embed = clock(_embed, model.embedder, singles)
    return {
        "pairs/s": n_pairs / train,
        "windows/s in training": 2 * n_pairs / train,
        "windows/s in embedding": len(singles) / embed,
    }


def _make_sampler(windows, n_pairs, tau_pos, tau_neg, seed):
    from braindecode.samplers import RelativePositioningSampler
    from pandas import DataFrame

    metadata = DataFrame(
        {
            "i_start_in_trial": windows.starts,
            "run": windows.recording_index,
        }
    )
    return RelativePositioningSampler(
        metadata,
        tau_pos=int(tau_pos * windows.sfreq),
        tau_neg=int(tau_neg * windows.sfreq),
        n_examples=n_pairs,
        same_rec_neg=True,
        random_state=seed,
    )


def _make_model(windows):
    from braindecode.models import SleepStagerChambon2018

    _, n_channels, n_times = windows.shape
    embedder = SleepStagerChambon2018(
        n_channels,
        windows.sfreq,
        n_outputs=_N_FEATURES,
        n_conv_chs=16,
        n_times=n_times,
        time_conv_size_s=_KERNEL * n_times / windows.sfreq,
        max_pool_size_s=_POOL * n_times / windows.sfreq,
        drop_prob=0.0,
        apply_batch_norm=True,
    )
    return _ContrastiveNet(embedder)


class _Pairs(Dataset):
    """Windows by the pair, as the sampler names them."""

    def __init__(self, windows):
        self.windows = windows

    def __len__(self):
        return len(self.windows)

    def __getitem__(self, pair):
        first, second, target = pair
        return self._load(first), self._load(second), np.float32(target)

    def _load(self, row):
        signal = self.windows[int(row)]
        mean, std = (
            signal.mean(axis=1, keepdims=True),
            signal.std(axis=1, keepdims=True),
        )
        return (signal - mean) / std


class _ContrastiveNet(nn.Module):
    """A linear layer on the absolute difference of two embeddings."""

    def __init__(self, embedder):
        super().__init__()
        self.embedder = embedder
        self.classify = nn.Sequential(nn.Dropout(0.5), nn.Linear(_N_FEATURES, 1))

    def forward(self, first, second):
        distance = abs(self.embedder(first) - self.embedder(second))
        return self.classify(distance).flatten()


def _train(model, loader):
    optimizer = torch.optim.Adam(model.parameters(), lr=_LR)
    loss = nn.BCEWithLogitsLoss()
    model.train()
    for first, second, targets in loader:
        optimizer.zero_grad()
        loss(model(first, second), targets).backward()
        optimizer.step()


@torch.no_grad()
def _embed(embedder, signals):
    embedder.eval()
    for signal in signals.split(_BATCH_SIZE):
        embedder(signal)
