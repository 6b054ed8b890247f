"""StagerNet's stages in bfloat16 on a CPU: batch first, filters last."""

import torch

from .._memory import keep_most_freed
from ._batch_norm import fold_into, update
from ._joined_pooling import pool_steps, pool_windows
from ._joined_steps import JoinedSteps
from ._mixing import mix
from ._processor import is_amd_with_bfloat16
from ._regular_sizes import fill_up

# Samples that the first stage, of one input, takes in one step: as many of its pools as
# are no longer than this, or two, as one has too few filters to be compared fast.
_N_SAMPLES = 8
# Steps that the second stage takes in one.
_N_STEPS = 2
# In training on AMD's processors, where the gradients are faster for more filters.
_N_STEPS_TRAINED_ON_AMD = 4


def bfloat16_stages(network, windows):
    """Compute what comes before StagerNet's dropout, from the first convolution on.

    Parameters
    ----------
    network : StagerNet
        Of float32 weights.
    windows : float32 tensor of shape (n_windows, n_channels, n_times)

    Returns
    -------
    features : float32 tensor of shape (n_windows, n_filters, n_steps, n_channels)
    """
    keep_most_freed()  # convolutions do not write into a given array
    mixed = mix(windows, network.spatial)
    signal, n_steps, mean, variance = _first_stage(network, mixed)
    weight, bias = fold_into(network.temporal2, network.norm1, mean, variance)
    pool_size = network.pool_sizes[1]
    n_pools = (n_steps - weight.shape[2] + 1) // pool_size
    operator = JoinedSteps(weight, bias, _n_joined_steps(network.norm2))
    signal = operator.cut_or_fill(signal, n_pools * pool_size)
    n_columns = windows.shape[:2].numel()
    pooled = pool_steps(signal, operator, pool_size)[:n_columns, :n_pools]
    features = pooled.to(windows.dtype).unflatten(0, (len(windows), -1))
    with torch.no_grad():
        # In one of a window's features it gets into all that is made of them.
        features[:, :, 0, 0] += _not_finite(mixed, network.temporal1)
    features = features.permute(0, 3, 2, 1)
    return network.norm2(features.flatten(2)).view(features.shape)


def _first_stage(network, mixed):
    """Return the first stage's outputs, their steps, and how to normalise them.

    Returns
    -------
    signal : bfloat16 tensor of shape (n_columns, n_steps, n_filters)
        Or a few more columns and steps.
    n_steps : int
    mean, variance : tensor of shape (n_filters,)
    """
    layer, norm, pool_size = network.temporal1, network.norm1, network.pool_sizes[0]
    n_steps = (mixed.shape[2] - layer.kernel_size[0] + 1) // pool_size
    n_joined = max(2, _N_SAMPLES // pool_size) * pool_size
    operator = JoinedSteps(layer.weight, layer.bias, n_joined, stride=pool_size)
    columns = mixed.bfloat16().flatten(0, 1)
    signal = fill_up(columns)[:, :, None]
    signal = operator.cut_or_fill(signal, n_steps * pool_size)
    signal, mean, variance = pool_windows(
        signal, operator, n_steps, len(columns), has_moments=norm.training
    )
    if not norm.training:
        return signal, n_steps, norm.running_mean, norm.running_var
    update(norm, mean, variance, len(columns) * n_steps)
    return signal, n_steps, mean, variance


def _n_joined_steps(norm):
    """Return how many steps the second stage joins before a normalisation."""
    if norm.training and is_amd_with_bfloat16():
        return _N_STEPS_TRAINED_ON_AMD
    return _N_STEPS


def _not_finite(mixed, layer):
    """Return zeros of shape (n_windows, n_channels), NaN where pooling may hide one.

    Pooling compares bits, in which some NaN are negative and so become zero.
    """
    parameters = sum(parameter.sum() for parameter in layer.parameters())
    return 0 * (mixed.sum(2) + parameters)
