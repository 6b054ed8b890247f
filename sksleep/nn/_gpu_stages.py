"""StagerNet's stages on a GPU: a column is a channel of a window, filters last."""

import torch
from torch.nn import functional

from ._batch_norm import fold_into, scale_and_shift, update
from ._gpu_pooling import FEWEST_FILTERS, pooled_convolution, power_of_two
from ._mixing import mix


def gpu_stages(network, windows, dtype):
    """Compute what comes before StagerNet's dropout, without its plain layers.

    Parameters
    ----------
    network : StagerNet
        Of float32 weights.
    windows : float32 tensor of shape (n_windows, n_channels, n_times)
    dtype : torch.dtype
        What the products are computed from, float32 or bfloat16.

    Returns
    -------
    features : float32 tensor of shape (n_windows, n_filters, n_steps, n_channels)
    """
    signal = mix(windows, network.spatial).to(dtype).flatten(0, 1).unsqueeze(2)
    first, second = network.temporal1, network.temporal2
    signal, mean, variance = _stage(
        signal, first.weight, first.bias, network.pool_sizes[0], dtype, network.norm1
    )
    weight, bias = fold_into(second, network.norm1, mean, variance)
    signal, mean, variance = _stage(
        signal, weight, bias, network.pool_sizes[1], torch.float32, network.norm2
    )
    scale, shift = scale_and_shift(network.norm2, mean, variance)
    features = torch.addcmul(shift, signal[..., : len(scale)], scale)
    return features.unflatten(0, windows.shape[:2]).permute(0, 3, 2, 1)


def _stage(signal, weight, bias, pool_size, dtype, norm):
    """Convolve, pool and rectify; find the moments to normalise by.

    Returns
    -------
    signal : tensor of shape (n_columns, n_steps, n_filters or a few more)
        Zero in filters beyond.
    mean, variance : tensor of shape (n_filters,)
    """
    n_filters = len(weight)
    n_more = max(FEWEST_FILTERS, power_of_two(n_filters)) - n_filters
    if n_more or signal.shape[2] > weight.shape[1]:
        n_more_inputs = signal.shape[2] - weight.shape[1]
        weight = functional.pad(weight, (0, 0, 0, n_more_inputs, 0, n_more))
        bias = functional.pad(bias, (0, n_more))
    signal, mean, variance = pooled_convolution(
        signal, weight, bias, pool_size, dtype, has_moments=norm.training
    )
    if not norm.training:
        return signal, norm.running_mean, norm.running_var
    mean, variance = mean[:n_filters], variance[:n_filters]
    update(norm, mean, variance, signal[..., 0].numel())
    return signal, mean, variance
