"""Convolutions of joined steps with pooling and ReLU, a part of the columns at a time.

What comes between convolution and pooling, the largest arrays of all, so stays in the
processor's cache, and is not kept for the gradient.
"""

import torch
from torch.autograd.function import once_differentiable
from torch.nn import functional

from ._buffers import empty, scratch
from ._joined_steps import convolve, from_image, pull_back, to_image

# Outputs of a convolution that a thread computes at once, at most.
_N_OUTPUTS = 3 * 2**20

_relu_backward = torch.ops.aten.threshold_backward
_max_pool_backward = torch.ops.aten.max_pool2d_with_indices_backward


def pool_windows(signal, operator, n_pools, n_columns, *, has_moments):
    """Convolve along time, pool and rectify where whole pooling windows are joined.

    Parameters
    ----------
    signal : contiguous bfloat16 tensor of shape (n_columns or more, n_steps, n_inputs)
    operator : JoinedSteps
        With the size of the pooling windows for its stride.
    n_pools : int
        Pooling windows in the signal.
    n_columns : int
        Columns that count, the first ones.
    has_moments : bool
        Whether to compute moments.

    Returns
    -------
    pooled : bfloat16 tensor of shape (len(signal), n_pools or a few more, n_filters)
        Zero in pools and columns beyond; as ReLU passes no gradient there, nothing
        learns from them. With moments, to be used by one function that makes its
        gradient anew, as `pool_steps` does: it is changed in place.
    mean, variance : tensor of shape (n_filters,), or None
        Each filter's, over pools and columns. The variance is not corrected for the
        mean's degree of freedom.
    """
    return _PoolWindows.apply(
        signal,
        operator.weight,
        operator.bias,
        operator,
        n_pools,
        n_columns,
        has_moments,
    )


def pool_steps(signal, operator, pool_size):
    """Convolve along time, pool and rectify where some steps are joined.

    Parameters
    ----------
    signal : contiguous bfloat16 tensor of shape (n_columns, n_steps, n_inputs)
    operator : JoinedSteps
    pool_size : int
        Outputs in a pooling window.

    Returns
    -------
    pooled : bfloat16 tensor of shape (n_columns, n_pools, n_filters)
        Of all joined steps, those of a filled signal among them.
    """
    return _PoolSteps.apply(
        signal, operator.weight, operator.bias, operator.n_filters, pool_size
    )


class _PoolWindows(torch.autograd.Function):
    """Its gradient computes the convolution again, but of a signal of one part."""

    @staticmethod
    def forward(ctx, signal, weight, bias, operator, n_pools, n_columns, has_moments):
        ctx.parts = _parts(signal, weight)
        lower = _lower(signal, weight, bias)
        n_outputs = signal[0].numel() // weight.shape[1] - weight.shape[3] + 1
        shape = (len(signal), n_outputs, len(weight) // operator.stride)
        joined = empty(shape, signal.dtype)
        ctx.kept = []
        for part in ctx.parts:
            outputs = convolve(signal[part], *lower)
            _pool(outputs.unflatten(2, (operator.stride, -1)), joined[part])
            if len(ctx.parts) == 1:
                ctx.kept.append(outputs)
            del outputs  # the next ones take their memory
        pooled = joined.view(len(signal), -1, operator.n_filters)
        pooled[:, n_pools:] = 0
        pooled[n_columns:] = 0
        ctx.stride, ctx.n_values = operator.stride, n_pools * n_columns
        mean, variance = _moments(pooled, ctx.n_values) if has_moments else (None, None)
        ctx.save_for_backward(signal, weight, bias, joined, mean)
        return pooled, mean, variance

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient, of_mean, of_variance):
        signal, weight, bias, joined, mean = ctx.saved_tensors
        gradients = _Gradients(signal, weight, bias, ctx.needs_input_grad)
        lower = _lower(signal, weight, bias)
        gradient = gradient.view(joined.shape)
        if mean is not None:
            slope = 2 / ctx.n_values * of_variance
            line = _repeat(joined, slope, of_mean / ctx.n_values - slope * mean)
        for part in ctx.parts:
            pooled, passed = joined[part], gradient[part]
            if mean is not None:  # in place: the one function behind made it for this
                _add_line(passed, pooled, *line)
            passed = _rectify(passed, pooled)
            gradients.add_to_bias(passed)
            # Kept ones are overwritten: a second gradient needs them anew.
            outputs = ctx.kept.pop() if ctx.kept else convolve(signal[part], *lower)
            _spread(passed, pooled, outputs.unflatten(2, (ctx.stride, -1)))
            gradients.add(part, outputs, lower[0])
            del outputs
        return *gradients.all(), None, None, None, None


class _PoolSteps(torch.autograd.Function):
    """Keeps for the gradient where each maximum was."""

    @staticmethod
    def forward(ctx, signal, weight, bias, n_filters, pool_size):
        ctx.parts = _parts(signal, weight)
        lower = _lower(signal, weight, bias)
        pooled, indices = [], []
        for part in ctx.parts:
            outputs = convolve(signal[part], *lower)
            steps = outputs.view(len(outputs), -1, n_filters)
            image, index = functional.max_pool2d(
                to_image(steps), (1, pool_size), return_indices=True
            )
            pooled.append(from_image(image))
            indices.append(index)
            ctx.n_steps = steps.shape[1]
            del outputs, steps  # the next ones take their memory
        pooled = torch.cat(pooled).relu_()
        ctx.pool_size = pool_size
        ctx.save_for_backward(signal, weight, bias, pooled, *indices)
        return pooled

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        signal, weight, bias, pooled, *indices = ctx.saved_tensors
        gradients = _Gradients(signal, weight, bias, ctx.needs_input_grad)
        lower = _lower(signal, weight, bias)
        passed = _relu_backward(gradient, pooled, 0)
        gradients.add_to_bias(passed)
        passed = to_image(passed)
        for part, index in zip(ctx.parts, indices, strict=True):
            steps = _unpool(passed[part], index, ctx.pool_size, ctx.n_steps)
            steps = from_image(steps).view(len(index), -1, len(weight))
            gradients.add(part, steps, lower[0])
        return *gradients.all(), None, None


class _Gradients:
    """Those of a convolution's arguments, gathered part by part."""

    def __init__(self, signal, weight, bias, are_needed):
        self.signal = signal
        for_signal, for_weight, for_bias, *_ = are_needed
        self.are_needed = for_signal, for_weight
        self.of_signal = empty(signal.shape, signal.dtype) if for_signal else None
        self.of_weight = torch.zeros_like(weight) if for_weight else None
        self.of_bias = torch.zeros_like(bias) if for_bias else None

    def add(self, part, gradient, weight):
        """Add what a gradient of a part's outputs means."""
        of_signal, of_weight = pull_back(
            gradient, self.signal[part], weight, self.are_needed
        )
        if self.of_signal is not None:
            self.of_signal[part] = of_signal
        if self.of_weight is not None:
            self.of_weight += of_weight

    def add_to_bias(self, gradient):
        """Add what a gradient of pooled outputs, filters last, means for the bias."""
        if self.of_bias is not None:
            of_steps = gradient.sum((0, 1)).to(self.of_bias.dtype)
            self.of_bias += of_steps.view(-1, len(self.of_bias)).sum(0)

    def all(self):
        """Return the gradients of signal, weight and bias; None if not needed."""
        return self.of_signal, self.of_weight, self.of_bias


def _unpool(gradient, index, pool_size, n_steps):
    """Return the gradient of images of so many steps that were pooled."""
    shape = (len(gradient), n_steps, gradient.shape[1])
    # Their layout alone is read.
    pooled = to_image(scratch("pooled", shape, gradient.dtype))
    sizes = [1, pool_size], [1, pool_size], [0, 0], [1, 1], False
    return _max_pool_backward(gradient, pooled, *sizes, index)


def _parts(signal, weight):
    """Return slices of columns that are convolved at once, of about one size."""
    n_outputs = signal[0].numel() // weight.shape[1] * len(weight)  # of a column
    most = max(1, _N_OUTPUTS * torch.get_num_threads() // n_outputs)
    # A few columns on their own would take nearly as long as a part.
    n_parts = -(-len(signal) // most)
    size = -(-len(signal) // n_parts)
    return [slice(first, first + size) for first in range(0, len(signal), size)]


def _lower(signal, weight, bias):
    """Return weight and bias as the convolution of a signal wants them."""
    weight = weight.to(signal.dtype, memory_format=torch.channels_last)
    return weight, bias.to(signal.dtype).repeat(len(weight) // len(bias))


def _moments(signal, n_values):
    """Return mean and variance of a signal that is zero but for so many values."""
    # torch returns moments in the dtype of the running ones that it updates.
    running = torch.zeros(2, signal.shape[2], dtype=torch.float32, device="cpu")
    mean, variance = torch.batch_norm_update_stats(to_image(signal), *running, 0.0)
    more = signal[..., 0].numel() / n_values
    variance = more * (variance - (more - 1) * mean.square())
    return more * mean, variance.clamp(min=0)


def _repeat(signal, *of_filters):
    """Return numbers of each filter for all of a column, in the signal's dtype."""
    n = signal[0].numel()
    return [x.to(signal.dtype).repeat(n // len(x)) for x in of_filters]


def _add_line(gradient, signal, slope, offset):
    """Add to a gradient slope times signal plus offset."""
    # Whole columns, as long rows are computed faster than those of a step.
    gradient.flatten(1).addcmul_(signal.flatten(1), slope).add_(offset)


def _pool(outputs, pooled):
    """Take the largest outputs, and 0 where none is positive.

    Parameters
    ----------
    outputs : bfloat16 tensor of shape (n_columns, n_steps, pool_size, n_filters)
    pooled : bfloat16 tensor of shape (n_columns, n_steps, n_filters)
        Overwritten. A NaN may become 0: the stages look for it elsewhere.
    """
    # The bits of positive floats are ordered as integers, and those of all negative
    # floats are negative: so integers, much faster, decide the same.
    largest, *others = outputs.view(torch.int16).unbind(2)
    pooled = pooled.view(torch.int16)
    for other in others:
        largest = torch.maximum(largest, other, out=pooled)
    torch.clamp(largest, min=0, out=pooled)


def _rectify(gradient, pooled):
    """Return a gradient where what was pooled is positive, and 0 elsewhere."""
    # Bits again: multiplied by 0 or 1 they stay what they are or become the float 0.
    positive = pooled.view(torch.int16).clamp(max=1)
    return positive.mul_(gradient.view(torch.int16)).view(gradient.dtype)


def _spread(gradient, pooled, outputs):
    """Put a gradient where the first of the largest outputs is, and 0 elsewhere.

    Parameters
    ----------
    gradient : bfloat16 tensor of shape (n_columns, n_steps, n_filters)
        Zero where nothing is positive; used up.
    pooled : bfloat16 tensor of the same shape
    outputs : bfloat16 tensor of shape (n_columns, n_steps, pool_size, n_filters)
        What was pooled; overwritten by its gradient.
    """
    pooled, left = pooled.view(torch.int16), gradient.view(torch.int16)
    *firsts, last = outputs.view(torch.int16).unbind(2)
    for output in firsts:
        output.eq_(pooled).mul_(left)
        left.sub_(output)
    last.copy_(left)
