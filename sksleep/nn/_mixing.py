"""The spatial layer: each channel becomes a mixture of all."""

import torch
from torch.autograd.function import once_differentiable

from ._buffers import empty
from ._regular_sizes import regular_size


def mix(windows, spatial):
    """Return the channels of windows mixed, of the same shape.

    Parameters
    ----------
    windows : tensor of shape (n_windows, n_channels, n_times)
    spatial : torch.nn.Conv1d
        Of kernels of one sample.
    """
    weight = spatial.weight[:, :, 0].expand(len(windows), -1, -1)
    return torch.baddbmm(spatial.bias[:, None], weight, windows)


def mix_time_first(windows, spatial):
    """Return the channels of windows mixed, as a signal.

    Parameters
    ----------
    windows : tensor of shape (n_windows, n_channels, n_times)
        On a CPU.
    spatial : torch.nn.Conv1d
        Of kernels of one sample.

    Returns
    -------
    signal : tensor of shape (n_times, 1, n_columns or a few more)
        A column is one channel of one window. Behind them come the first ones again,
        up to a regular size; they pass no gradient on.
    """
    return _MixTimeFirst.apply(windows, spatial.weight[:, :, 0], spatial.bias)


class _MixTimeFirst(torch.autograd.Function):
    """What lies between mixing and signal, of the windows' size, does not stay."""

    @staticmethod
    def forward(ctx, windows, weight, bias):
        mixed = empty(windows.shape, windows.dtype)
        of_each = weight.expand(len(windows), -1, -1)
        torch.baddbmm(bias[:, None], of_each, windows, out=mixed)
        columns = mixed.flatten(0, 1)
        size = regular_size(len(columns))
        signal = empty((windows.shape[2], 1, size), windows.dtype)
        # The rest is copies and no zeros, as pooling takes longer where all outputs
        # are equal.
        for begin in range(0, size, len(columns)):
            part = signal[:, 0, begin : begin + len(columns)]
            part.copy_(columns[: part.shape[1]].t())
        ctx.save_for_backward(windows, weight)
        return signal

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        windows, weight = ctx.saved_tensors
        for_windows, for_weight, for_bias = ctx.needs_input_grad
        passed = empty(windows.shape, windows.dtype)
        n_columns = windows.shape[:2].numel()
        passed.flatten(0, 1).copy_(gradient[:, 0, :n_columns].t())
        of_windows = of_weight = of_bias = None
        if for_windows:
            of_windows = weight.t() @ passed
        if for_weight:
            of_weight = torch.bmm(passed, windows.transpose(1, 2)).sum(0)
        if for_bias:
            of_bias = passed.sum((0, 2))
        return of_windows, of_weight, of_bias
