"""StagerNet's stages on a CPU: time first, batch last, a few windows at a time."""

import math

import torch

from ._batch_norm import fold_into, update
from ._block_operators import make_operator
from ._mixing import mix_time_first
from ._pooled_convolution import pooled_convolution, with_moments
from ._regular_sizes import regular_size

# Columns, a channel of a window each, that a thread computes at once: enough for
# well-shaped matrix products, few enough to stay in the processor's cache.
_N_COLUMNS = 384
# Parts of a multiple of so many columns have few or none to be filled up.
_N_ALIGNED = 16


def cpu_stages(network, windows):
    """Compute what comes before StagerNet's dropout, without its plain layers.

    Parameters
    ----------
    network : StagerNet
    windows : tensor of shape (n_windows, n_channels, n_times)

    Returns
    -------
    features : tensor of shape (n_windows, n_filters, n_steps, n_channels)
    """
    n_channels = windows.shape[1]
    parts = windows.split(part_sizes(len(windows), n_channels))
    n_columns = [len(part) * n_channels for part in parts]
    n_most = regular_size(max(n_columns))
    signals = (mix_time_first(part, network.spatial) for part in parts)
    first, second = network.temporal1, network.temporal2
    signals = _stage(signals, first.weight, first.bias, network.pool_sizes[0], n_most)
    signals, mean, variance = _moments(network.norm1, signals, n_columns)
    weight, bias = fold_into(second, network.norm1, mean, variance)
    signals = _stage(signals, weight, bias, network.pool_sizes[1], n_most)
    features = [
        _batch_first(signal[..., :n], n_channels)
        for signal, n in zip(signals, n_columns, strict=True)
    ]
    features = torch.cat(features)
    return network.norm2(features.flatten(2)).view(features.shape)


def part_sizes(n_windows, n_channels):
    """Return how many windows to compute at once, part by part."""
    size = max(1, _N_COLUMNS * torch.get_num_threads() // n_channels)
    n_aligned = _N_ALIGNED // math.gcd(_N_ALIGNED, n_channels)
    size = round(size / n_aligned) * n_aligned or size
    # The last part takes what is left, rather than a few windows being one.
    n_parts = max(1, round(n_windows / size))
    return [size] * (n_parts - 1) + [n_windows - (n_parts - 1) * size]


def _stage(signals, weight, bias, pool_size, n_columns):
    """Yield the signals convolved, pooled and rectified."""
    operator = None
    for signal in signals:
        if operator is None:
            n_pools = (len(signal) - weight.shape[2] + 1) // pool_size
            operator = make_operator(weight, pool_size, n_pools, n_columns)
        yield pooled_convolution(signal, operator, bias)


def _moments(norm, signals, n_columns):
    """Return signals, and mean and variance of the first columns to normalise by."""
    if not norm.training:
        return signals, norm.running_mean, norm.running_var
    signals, mean, variance = with_moments(list(signals), n_columns)
    update(norm, mean, variance, len(signals[0]) * sum(n_columns))
    return signals, mean, variance


def _batch_first(signal, n_channels):
    return signal.unflatten(2, (-1, n_channels)).permute(2, 1, 0, 3)
