"""Convolutions with pooling and ReLU on a GPU, and their gradients.

What the kernels are given: packed weights, places for results, and sizes of blocks.
"""

from typing import NamedTuple

import torch
from torch.autograd.function import once_differentiable

from . import _gpu_kernels as kernels

# The kernels take a power of two of filters, of so many at least.
FEWEST_FILTERS = 16
# Most columns of a product of the forward pass: positions in a pooling window, times
# filters. More would not fit a multiprocessor's registers.
_MOST_COLUMNS = 256
# Rows of signal that one program multiplies at once.
_N_ROWS = 64
# Where float32 keeps all its digits, which a GPU multiplies number by number: more do
# not fit its registers.
_N_EXACT_ROWS = 32
# Rows whose gradients one program adds up.
_N_ROWS_TO_SUM = 256
# About how many programs keep a GPU busy.
_N_PROGRAMS = 1056
# Numbers of a packed kernel that one program writes, if they come out even.
_N_PACKED_AT_ONCE = 256


class _Sizes(NamedTuple):
    """Of a convolution with pooling, and of the product that it is done by.

    Attributes
    ----------
    n_columns, n_steps, n_inputs : int
        Shape of the signal.
    n_filters, kernel_size, pool_size : int
    n_positions : int
        Of a pooling window, whose outputs are computed at once.
    """

    n_columns: int
    n_steps: int
    n_inputs: int
    n_filters: int
    kernel_size: int
    pool_size: int
    n_positions: int

    @property
    def n_pools(self):
        return (self.n_steps - self.kernel_size + 1) // self.pool_size

    @property
    def n_rows(self):
        return self.n_columns * self.n_pools

    @property
    def n_groups(self):
        return -(-self.pool_size // self.n_positions)

    @property
    def n_seen(self):
        """Numbers of the signal that the outputs of some positions depend on."""
        return (self.kernel_size + self.n_positions - 1) * self.n_inputs

    @property
    def n_window(self):
        """Numbers of the signal that the outputs of a pooling window depend on."""
        return (self.kernel_size + self.pool_size - 1) * self.n_inputs

    def strides(self):
        """Return the kernels' arguments that say where rows and groups begin."""
        return {
            "POOL_STRIDE": self.pool_size * self.n_inputs,
            "GROUP_STRIDE": self.n_positions * self.n_inputs,
            "N_GROUPS": self.n_groups,
            "N_POSITIONS": self.n_positions,
            "N_FILTERS": self.n_filters,
        }


def pooled_convolution(signal, weight, bias, pool_size, dtype, *, has_moments=False):
    """Convolve a signal along time, pool and rectify it.

    Parameters
    ----------
    signal : contiguous tensor of shape (n_columns, n_steps, n_inputs)
        Of float32 or bfloat16, which the products are computed from. The inputs are
        a power of two.
    weight : float32 tensor of shape (n_filters, n_inputs, kernel_size)
        The filters are a power of two, 16 or more.
    bias : float32 tensor of shape (n_filters,)
    pool_size : int
        Below 255.
    dtype : torch.dtype
        Of the outputs.
    has_moments : bool, default=False
        Whether to compute the outputs' moments.

    Returns
    -------
    pooled : tensor of shape (n_columns, n_pools, n_filters)
    mean, variance : tensor of shape (n_filters,), or None
        Of each filter's outputs. The variance is not corrected for the mean's degree
        of freedom.
    """
    with torch.cuda.device_of(signal):
        return _PooledConvolution.apply(
            signal, weight, bias, pool_size, dtype, has_moments
        )


def try_out(device):
    """Compile the smallest kernel for a GPU and run it; raise what that raises.

    Parameters
    ----------
    device : torch.device
    """
    weight = torch.ones(FEWEST_FILTERS, 1, 16, device=device)
    with torch.cuda.device_of(weight):
        _pack(weight, weight.dtype, 16, n_seen=16, n_positions=1, n_valid=1)


class _PooledConvolution(torch.autograd.Function):
    """Keeps for the gradient where each maximum was, a byte each."""

    @staticmethod
    def forward(ctx, signal, weight, bias, pool_size, dtype, has_moments):
        sizes = _find_sizes(signal, weight, pool_size)
        pooled, index, mean, variance = _pool(
            signal, weight, bias, sizes, dtype, has_moments
        )
        ctx.sizes = sizes
        kept = pooled if has_moments else None
        ctx.save_for_backward(signal, weight, index, kept, mean)
        return pooled, mean, variance

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient, of_mean, of_variance):
        signal, weight, index, pooled, mean = ctx.saved_tensors
        sizes = ctx.sizes
        gradient = gradient.contiguous()
        if mean is not None:
            slope = 2 / sizes.n_rows * of_variance
            offset = of_mean / sizes.n_rows - slope * mean
            gradient = torch.addcmul(gradient + offset, pooled, slope)
        needs_signal, needs_weight, needs_bias, *_ = ctx.needs_input_grad
        of_signal = of_weight = of_bias = None
        if needs_signal:
            of_signal = _pull_back_to_signal(gradient, index, signal, weight, sizes)
        if needs_weight:
            of_weight = _pull_back_to_weight(gradient, index, signal, sizes)
        if needs_bias:
            of_bias = _pull_back_to_bias(gradient, index, sizes)
        return of_signal, of_weight, of_bias, None, None, None


def _find_sizes(signal, weight, pool_size):
    n_filters, _, kernel_size = weight.shape
    n_positions = min(power_of_two(pool_size), _MOST_COLUMNS // n_filters)
    return _Sizes(*signal.shape, n_filters, kernel_size, pool_size, n_positions)


def power_of_two(n):
    """Return the lowest power of two that is not below n."""
    return 1 << (n - 1).bit_length()


def _pool(signal, weight, bias, sizes, dtype, has_moments):
    """Return outputs, where each was in its pooling window, and their moments."""
    depth = _depth(signal.dtype, sizes.n_seen)
    packed = _pack(
        weight, signal.dtype, depth, sizes.n_seen, sizes.n_positions, sizes.pool_size
    )
    shape = sizes.n_columns, sizes.n_pools, sizes.n_filters
    pooled = signal.new_empty(shape, dtype=dtype)
    index = signal.new_empty(shape, dtype=torch.uint8)
    is_wide = sizes.n_positions * sizes.n_filters == _MOST_COLUMNS
    rows_of_block = _n_rows_of_block(signal.dtype, is_wide)
    n_blocks = -(-sizes.n_rows // rows_of_block)
    moments = signal.new_empty((n_blocks, 2, sizes.n_filters), dtype=torch.float32)
    kernels.pool[n_blocks,](
        signal,
        packed,
        bias.contiguous(),
        pooled,
        index,
        moments,
        sizes.n_rows,
        sizes.n_pools,
        sizes.n_seen,
        sizes.n_window,
        packed.stride(0),
        sizes.n_steps * sizes.n_inputs,
        POOL_SIZE=sizes.pool_size,
        **sizes.strides(),
        HAS_MOMENTS=has_moments,
        PRECISION=_precision(),
        ROWS=rows_of_block,
        DEPTH=depth,
        num_warps=8 if is_wide else 4,
        num_stages=4 if is_wide else 3,
    )
    if not has_moments:
        return pooled, index, None, None
    return pooled, index, *_join(moments, sizes.n_rows, rows_of_block)


def _n_rows_of_block(dtype, is_wide):
    if not is_wide:
        return _N_ROWS
    # Of many columns a product is faster over more rows, if they can be held.
    return _N_EXACT_ROWS if _is_exact(dtype) else 2 * _N_ROWS


def _pull_back_to_signal(gradient, index, signal, weight, sizes):
    n_steps = max(1, min(32, 128 // sizes.n_inputs))
    n_seen = (n_steps + sizes.kernel_size - 1) * sizes.n_filters
    depth = _depth(signal.dtype, n_seen)
    packed = _pack(weight, signal.dtype, depth, n_seen, n_steps, n_steps, flip=True)
    of_signal = torch.empty_like(signal)
    n_blocks = -(-sizes.n_steps // n_steps)
    n_rows = sizes.n_columns * n_blocks
    kernels.pull_back_to_signal[-(-n_rows // _N_ROWS),](
        gradient,
        index,
        packed,
        of_signal,
        n_rows,
        n_blocks,
        sizes.n_pools,
        n_seen,
        packed.stride(0),
        sizes.n_steps * sizes.n_inputs,
        sizes.kernel_size,
        POOL_SIZE=sizes.pool_size,
        N_STEPS=n_steps,
        N_INPUTS=sizes.n_inputs,
        N_FILTERS=sizes.n_filters,
        PRECISION=_precision(),
        ROWS=_N_ROWS,
        DEPTH=depth,
        num_stages=2,
    )
    return of_signal


def _pull_back_to_weight(gradient, index, signal, sizes):
    n_filters, n_inputs = sizes.n_filters, sizes.n_inputs
    depth = min(128, max(16, power_of_two(sizes.n_seen)))
    depth_size = -(-sizes.n_seen // depth) * depth
    n_at_once = min(sizes.n_positions, 128 // n_filters)
    n_tiles = depth_size // depth * (sizes.n_positions // n_at_once)
    n_parts = min(-(-_N_PROGRAMS // n_tiles), -(-sizes.n_rows // (4 * _N_ROWS)))
    rows = _N_EXACT_ROWS if _is_exact(signal.dtype) else _N_ROWS
    n = sizes.n_positions * n_filters
    parts = signal.new_empty((n_parts, n, depth_size), dtype=torch.float32)
    kernels.pull_back_to_weight[
        depth_size // depth, sizes.n_positions // n_at_once, n_parts
    ](
        gradient,
        index,
        signal,
        parts,
        sizes.n_rows,
        -(-sizes.n_rows // (n_parts * rows)) * rows,
        sizes.n_pools,
        sizes.n_seen,
        sizes.n_window,
        sizes.n_steps * n_inputs,
        depth_size,
        **sizes.strides(),
        PRECISION=_precision(),
        ROWS=rows,
        DEPTH=depth,
        POSITIONS=n_at_once,
        num_warps=8,
        num_stages=_n_stages_of_weight(signal.dtype, sizes),
    )
    # A tap of the kernel is in the product once for each position, one step later.
    taps = parts.as_strided(
        (n_parts, sizes.n_positions, n_filters, n_inputs, sizes.kernel_size),
        (n * depth_size, n_filters * depth_size + n_inputs, depth_size, 1, n_inputs),
    )
    return taps.sum((0, 1))


def _n_stages_of_weight(dtype, sizes):
    """Return how many blocks are on their way at once, as GPUs with 99 KB hold them."""
    if sizes.n_groups > 1 or (dtype == torch.float32 and sizes.n_filters > 16):
        return 1
    return 2 if dtype == torch.float32 else 3


def _pull_back_to_bias(gradient, index, sizes):
    n_blocks = -(-sizes.n_rows // _N_ROWS_TO_SUM)
    parts = gradient.new_empty((n_blocks, sizes.n_filters), dtype=torch.float32)
    kernels.pull_back_to_bias[n_blocks,](
        gradient,
        index,
        parts,
        sizes.n_rows,
        N_FILTERS=sizes.n_filters,
        ROWS=_N_ROWS_TO_SUM,
    )
    return parts.sum(0)


def _pack(weight, dtype, depth, n_seen, n_positions, n_valid, *, flip=False):
    """Return a kernel as a matrix: of positions and outputs by what is seen.

    Flipped it is of positions and inputs by outputs, as the gradient needs it.
    """
    n_filters, n_inputs, kernel_size = weight.shape
    sizes, strides = (n_inputs, n_filters), (kernel_size, n_inputs * kernel_size)
    if flip:
        sizes, strides = sizes[::-1], strides[::-1]
    shape = n_positions * sizes[1], -(-n_seen // depth) * depth
    packed = weight.new_empty(shape, dtype=dtype)
    n = packed.numel()
    size = min(_N_PACKED_AT_ONCE, n & -n)
    kernels.pack[n // size,](
        weight.contiguous(),
        packed,
        kernel_size,
        *strides,
        n_valid,
        packed.stride(0),
        A=sizes[0],
        B=sizes[1],
        IS_FLIPPED=flip,
        SIZE=size,
    )
    return packed


def _depth(dtype, n_seen):
    """Return how much of the sums of a product a program computes at once."""
    return min(64 // dtype.itemsize, max(16, power_of_two(n_seen)))


def _join(moments, n, size):
    """Return mean and variance of n values from those of blocks, the last shorter."""
    means, squares = moments.unbind(1)
    sizes = means.new_full((len(means), 1), size)
    sizes[-1] = n - (len(means) - 1) * size
    mean = (sizes * means).sum(0) / n
    apart = sizes * (means - mean).square()
    return mean, (squares.sum(0) + apart.sum(0)) / n


def _is_exact(dtype):
    """Return whether products of a dtype keep all digits of float32."""
    return dtype == torch.float32 and _precision() == "ieee"


def _precision():
    """Return what products of float32 round to, as torch's convolutions do."""
    try:
        is_short = torch.backends.cudnn.allow_tf32
    except RuntimeError:
        # It refuses where convolutions and recurrent layers were set apart, since
        # torch can.
        is_short = torch.backends.cudnn.conv.fp32_precision == "tf32"
    return "tf32" if is_short else "ieee"
