"""Convolution, max pooling and ReLU in one, and the moments of what comes out."""

import torch
from torch.autograd.function import once_differentiable

from ._buffers import empty, scratch
from ._float32_products import fast_float32_products

# Numbers that are squared at once: few enough for a core's cache.
_N_CACHED = 2**17

_relu_backward = torch.ops.aten.threshold_backward.grad_input


def pooled_convolution(signal, operator, bias):
    """Convolve along time, pool and rectify.

    Parameters
    ----------
    signal : tensor of shape (n_steps, n_inputs, n_columns)
    operator : ToeplitzBlocks or SpectralBlocks
        The convolution, and the size of the pooling windows.
    bias : tensor of shape (n_filters,)

    Returns
    -------
    pooled : tensor of shape (n_pools, n_filters, n_columns)
    """
    signal = signal.contiguous()
    # The function itself is called without gradients, whatever is set.
    has_gradients = torch.is_grad_enabled()
    return _PooledConvolution.apply(
        signal, operator.operand, bias, operator, has_gradients
    )


def with_moments(signals, n_columns):
    """Return signals with each filter's mean and variance over steps and columns.

    Parameters
    ----------
    signals : sequence of tensor of shape (n_steps, n_filters, n_columns or more)
    n_columns : sequence of int
        How many columns of each signal count. The others take no gradient.

    Returns
    -------
    signals : list of tensor
        To be used in place of the given ones, and by one function each.
    mean, variance : tensor of shape (n_filters,)
        The variance is not corrected for the mean's degree of freedom.
    """
    mean, variance, *signals = _Moments.apply(n_columns, *signals)
    return signals, mean, variance


class _PooledConvolution(torch.autograd.Function):
    """Keeps for the gradient where the maxima were, and some of what the operator saw.

    The outputs before pooling, the largest array of all, never exist but for a block
    at a time.
    """

    @staticmethod
    @fast_float32_products
    def forward(ctx, signal, operand, bias, operator, has_gradients):
        n_filters, _, kernel_size, pool_size = operator.sizes
        n_pools = (len(signal) - kernel_size + 1) // pool_size
        pooled = empty((n_pools, n_filters, signal.shape[2]), signal.dtype)
        keep = has_gradients and any(ctx.needs_input_grad)
        positions = (
            empty(pooled.shape, _dtype_of_positions(pool_size)) if keep else None
        )
        kept = []
        for first, part, _ in _parts(pooled, operator.n_pools):
            keep_seen = (
                keep and ctx.needs_input_grad[1] and operator.find_room(part.shape[2])
            )
            seen = operator.look(signal, first, len(part), keep_seen)
            outputs = operator.outputs(seen, len(part), operand)
            _pool(outputs, out=part)
            if keep:
                kept.append(seen if keep_seen else None)
                positions[first : first + len(part)] = _find_maxima(outputs, part)
            part.add_(bias[:, None]).relu_()
        # Not among the saved tensors, which cannot be let go one by one.
        ctx.operator, ctx.kept = operator, kept
        if keep:
            ctx.save_for_backward(signal, operand, pooled, positions)
        return pooled

    @staticmethod
    @once_differentiable
    @fast_float32_products
    def backward(ctx, gradient):
        signal, operand, pooled, positions = ctx.saved_tensors
        operator = ctx.operator
        for_signal, for_operand, for_bias, *_ = ctx.needs_input_grad
        into_operand = torch.zeros_like(operand) if for_operand else None
        into_bias = torch.zeros_like(pooled[0, :, 0]) if for_bias else None
        into_signal = None
        parts = enumerate(_parts(pooled, operator.n_pools))
        for number, (first, part, n_again) in parts:
            # ReLU passes the gradient where its output is not zero.
            passed = scratch("passed", part.shape, part.dtype)
            of_part = gradient[first : first + len(part)]
            _relu_backward(of_part, part, 0, grad_input=passed)
            if n_again:
                passed[:n_again] = 0
            if for_bias:
                into_bias += passed.sum((0, 2))
            if for_operand:
                seen = _take_kept(ctx, number, signal, first, len(part))
            spread = _put_at(positions[first : first + len(part)], passed, operator)
            products = operator.prepare_gradient(spread)
            if for_operand:
                operator.add_to_operand(products, seen, into_operand)
                del seen  # the gradient of the signal takes its memory
            if for_signal:
                if into_signal is None:
                    into_signal = _zeros_like(signal, operator.n_rows_beyond)
                operator.add_to_signal(products, first, len(part), operand, into_signal)
        if into_signal is not None:
            into_signal = into_signal[: len(signal)]
        return into_signal, into_operand, into_bias, None, None


def _take_kept(ctx, number, signal, first, n_pools):
    """Return what the operator saw in a part, and keep it no longer."""
    seen, ctx.kept[number] = ctx.kept[number], None
    if seen is None:  # not kept, or taken by an earlier gradient
        # Kept while it is needed, as buffers are in use.
        seen = ctx.operator.look(signal, first, n_pools, keep=True)
    return seen


def _zeros_like(signal, n_more):
    """Return zeros for a signal, and for so many steps more."""
    return empty((len(signal) + n_more, *signal.shape[1:]), signal.dtype).zero_()


class _Moments(torch.autograd.Function):
    """Two passes, so that a large mean takes no digits from the variance."""

    @staticmethod
    def forward(ctx, n_columns, *signals):
        ctx.n_columns = n_columns
        counted = _first_columns(signals, n_columns)
        ctx.n = n = sum(signal.shape[0] * signal.shape[2] for signal in counted)
        mean = sum(signal.sum((0, 2)) for signal in counted) / n
        squares = (_sum_of_squares(signal, mean) for signal in counted)
        ctx.save_for_backward(mean, *signals)
        return mean, sum(squares) / n, *signals

    @staticmethod
    @once_differentiable
    def backward(ctx, of_mean, of_variance, *of_signals):
        mean, *signals = ctx.saved_tensors
        slope, offset = 2 / ctx.n * of_variance[:, None], of_mean[:, None] / ctx.n
        offset = offset - slope * mean[:, None]
        # In place, as no one else has the gradients of the signals.
        for gradient, signal, n in zip(of_signals, signals, ctx.n_columns, strict=True):
            gradient.addcmul_(signal, slope).add_(offset)
            gradient[..., n:] = 0
        return None, *of_signals


def _first_columns(signals, n_columns):
    return [signal[..., :n] for signal, n in zip(signals, n_columns, strict=True)]


def _parts(pooled, n_pools):
    """Yield parts of one size, of so many pooling windows or less.

    oneDNN keeps half a MB for each other size of a product.

    Yields
    ------
    first : int
        The number of the part's first window.
    part : tensor
        View of those windows.
    n_again : int
        How many windows of the part were in the one before.
    """
    size = -(-len(pooled) // -(-len(pooled) // n_pools))
    for end in range(size, len(pooled) + size, size):
        first = min(end, len(pooled)) - size
        yield first, pooled[first : first + size], end - size - first


def _pool(outputs, out):
    """Write the maximum of each pooling window.

    Parameters
    ----------
    outputs : tensor of shape (n_pools, pool_size, n_filters, n_columns)
    out : tensor of shape (n_pools, n_filters, n_columns)
    """
    if outputs.shape[1] == 2:  # half the time of what follows
        torch.maximum(*outputs.unbind(1), out=out)
    else:
        torch.amax(outputs, 1, out=out)


def _dtype_of_positions(pool_size):
    """Return what positions in a pooling window are kept as."""
    return torch.int8 if pool_size <= 2**7 else torch.int32


def _find_maxima(outputs, largest):
    """Return at which position in each pooling window its first maximum is.

    Comparing gives floats, several times as fast as booleans.

    Parameters
    ----------
    outputs : tensor of shape (n_pools, pool_size, n_filters, n_columns)
        Is overwritten.
    largest : tensor of shape (n_pools, n_filters, n_columns)

    Returns
    -------
    positions : tensor of that shape
        A buffer.
    """
    positions = scratch("positions", largest.shape, largest.dtype)
    if outputs.shape[1] == 2:
        first, second = outputs.unbind(1)
        return torch.gt(second, first, out=positions)
    is_largest = outputs.eq_(largest[:, None])
    if is_largest.sum().item() != largest.numel():  # a tie: only the first counts
        is_largest.mul_(is_largest.cumsum(1).eq_(1))
    positions.zero_()
    for position in range(1, outputs.shape[1]):
        positions.add_(is_largest[:, position], alpha=position)
    return positions


def _put_at(positions, values, operator):
    """Return pooling windows of zeros, but for a value where each has its maximum.

    Parameters
    ----------
    positions : tensor of int of shape (n_pools, n_filters, n_columns)
    values : tensor of that shape
    operator : ToeplitzBlocks or SpectralBlocks
        It has the size of the windows, and a buffer for outputs.

    Returns
    -------
    spread : tensor of shape (n_pools, pool_size, n_filters, n_columns)
        A buffer.
    """
    shape = (len(values), operator.sizes[3], *values.shape[1:])
    spread = scratch(operator.buffer, shape, values.dtype)
    positions = scratch("positions", values.shape, values.dtype).copy_(positions)
    if spread.shape[1] == 2:
        first, second = spread.unbind(1)
        torch.mul(positions, values, out=second)
        torch.sub(values, second, out=first)
        return spread
    for position, values_there in enumerate(spread.unbind(1)):
        torch.eq(positions, position, out=values_there)
        values_there.mul_(values)
    return spread


def _sum_of_squares(signal, mean):
    """Return each filter's sum of squared distances from its mean."""
    total = torch.zeros_like(mean)
    n_cached = _N_CACHED * torch.get_num_threads()
    for steps in signal.split(max(1, n_cached // signal[0].numel())):
        centred = scratch("outputs", steps.shape, steps.dtype)
        torch.sub(steps, mean[:, None], out=centred)
        total += centred.square_().sum(2).sum(0)  # faster than both at once
    return total
