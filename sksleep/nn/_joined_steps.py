"""A convolution along time in bfloat16, in the shape that processors do fast.

Processors with units for bfloat16 reach several times their float32 rate, but only in
products with much to sum and many outputs. A convolution layer has such where tens of
input and output filters lie together in memory. A few consecutive steps, taken for
more filters of one step, are just that: the same numbers in the same place, and a
kernel that is begun at each of the steps.

Signals lie batch first and filters last, as (n_columns, n_steps, n_filters): a column
is one channel of one window.
"""

import torch
from torch.nn import functional

# Numbers that AMX sums at once, and inputs from which oneDNN fills its tiles otherwise.
_TILE, _N_INPUTS_SURE = 32, 16

_convolution_backward = torch.ops.aten.convolution_backward


class JoinedSteps:
    """A convolution that takes consecutive steps for filters of one.

    Parameters
    ----------
    weight : tensor of shape (n_filters, n_inputs, kernel_size)
        The convolution's kernel.
    bias : tensor of shape (n_filters,)
    n_joined : int
        Steps taken for one.
    stride : int, default=1
        A divisor of `n_joined`. Of the outputs in a joined step every so many-th come
        first, then those one step later, and so on: each step of pooling windows of
        that size then lies together.

    Attributes
    ----------
    weight : tensor of shape (n_joined * n_filters, n_joined * n_inputs, 1, n_seen)
        The kernel once per output in a joined step, each time begun at its step.
    bias : tensor of shape (n_filters,)
        As given, the same at each of the steps.
    n_filters, n_joined, stride : int
    """

    def __init__(self, weight, bias, n_joined, stride=1):
        self.n_filters, n_inputs, kernel_size = weight.shape
        self.n_joined, self.stride = n_joined, stride
        n_seen = -(-(kernel_size + n_joined - 1) // n_joined)
        n_seen += _is_computed_wrong(n_joined * n_inputs, n_seen)
        rest = n_seen * n_joined - kernel_size
        kernels = [
            functional.pad(weight, (begin, rest - begin))
            for first in range(stride)
            for begin in range(first, n_joined, stride)
        ]
        kernels = torch.cat(kernels).unflatten(2, (n_seen, n_joined))
        self.weight = kernels.permute(0, 3, 1, 2).flatten(1, 2)[:, :, None]
        self.bias = bias

    def cut_or_fill(self, signal, n_outputs):
        """Return a signal with just the joined steps that so many outputs look at.

        Parameters
        ----------
        signal : tensor of shape (n_columns, n_steps, n_inputs)
        n_outputs : int
        """
        n_steps = -(-n_outputs // self.n_joined) + self.weight.shape[3] - 1
        n_more = n_steps * self.n_joined - signal.shape[1]
        return functional.pad(signal, (0, 0, 0, n_more)) if n_more else signal


def convolve(signal, weight, bias):
    """Return the outputs at joined steps.

    Parameters
    ----------
    signal : contiguous tensor of shape (n_columns, n_steps, n_inputs)
        Steps are a multiple of the joined ones.
    weight, bias : tensor
        Of :class:`JoinedSteps`, in the signal's dtype, the weight's filters last and
        the bias once per joined step.

    Returns
    -------
    outputs : tensor of shape (n_columns, n_joined_steps, n_filters)
    """
    outputs = functional.conv2d(_joined(signal, weight), weight, bias)
    return from_image(outputs)


def pull_back(gradient, signal, weight, are_needed):
    """Return gradients of signal and weight.

    Parameters
    ----------
    gradient, signal, weight : tensor
        As `convolve` returns them and takes them.
    are_needed : sequence of two bool
        Those that are not are None or anything.
    """
    of_signal, of_weight, _ = _convolution_backward(
        to_image(gradient),
        _joined(signal, weight),
        weight,
        bias_sizes=None,
        stride=[1, 1],
        padding=[0, 0],
        dilation=[1, 1],
        transposed=False,
        output_padding=[0, 0],
        groups=1,
        # The bias' gradient is a sum, faster taken of what was pooled.
        output_mask=[*are_needed, False],
    )
    if are_needed[0]:
        of_signal = from_image(of_signal).view(signal.shape)
    return of_signal, of_weight


def to_image(signal):
    """Return a signal as torch's two-dimensional layers take it, time as the width."""
    return signal[:, None].permute(0, 3, 1, 2)


def from_image(image):
    """Return as a signal what such a layer gives."""
    return image.permute(0, 2, 3, 1)[:, 0]


def _is_computed_wrong(n_inputs, n_seen):
    """Tell whether oneDNN may return wrong numbers for so many joined inputs and steps.

    That of torch 2.13 (3.12) does on AMX, in the forward pass alone, where few inputs
    fill more than one of its tiles to the last number: off by as much as they are
    large, and right with one step more or less. Found by trial, all sizes to 33 inputs
    and 99 steps.
    """
    n_summed = n_inputs * n_seen
    return n_inputs < _N_INPUTS_SURE and n_summed > _TILE and n_summed % _TILE == 0


def _joined(signal, weight):
    return to_image(signal.view(len(signal), -1, weight.shape[1]))
