"""A convolution along time as matrix products over blocks of steps.

Signals lie time first and batch last, as (n_steps, n_filters, n_columns): a column is
one channel of one window. Then the steps that a few pooling windows look at are
consecutive rows of one matrix, and its columns, hundreds, make every product below
large and well shaped. Nothing is copied to get there, unlike in an unfolding of the
signal, and pooling, bias and ReLU run along contiguous columns.

Two operators turn the rows of such a block into the convolution's outputs:

- :class:`ToeplitzBlocks` multiplies by the matrix that holds the kernel once per
  output, each time a step further. Best where there is little to sum: short kernels,
  few input filters.
- :class:`SpectralBlocks` multiplies by a real Fourier basis, then each frequency by
  the kernel's transform there, a small matrix over filters, then goes back. For 16
  filters and kernels of 50 that is less than half of the arithmetic, and with a
  transform in two steps less than a quarter.

Both are linear in the signal and in their operand, the kernel prepared for them by
differentiable operations, so that gradients are the transposed products.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import torch

from ._fourier import make_transform
from ._processor import is_amd_with_512_bit_units
from ._spectral_blocks import SpectralBlocks
from ._toeplitz_blocks import ToeplitzBlocks

# Multiplications in the time that it takes to read and write a number: 16 to 24 on
# AMD's first EPYC, in products that sum 18 to 114 numbers.
_COST_OF_PASS = 20
# Steps in a block of many pooling windows: fewer transforms overlap, but what a block
# has in memory grows.
_MOST_STEPS = 256


class SpectralSizes(NamedTuple):
    """Pooling windows in a spectral block, and the steps of its transform."""

    n_pools: int
    n_first: int
    n_second: int


def make_operator(weight, pool_size, n_pools, n_columns):
    """Return the operator that takes the least time.

    Parameters
    ----------
    weight : tensor of shape (n_filters, n_inputs, kernel_size)
        The convolution's kernel.
    pool_size, n_pools : int
        Size and number of the pooling windows.
    n_columns : int
        The most columns that a signal has.

    Returns
    -------
    operator : ToeplitzBlocks or SpectralBlocks
    """
    sizes = choose_sizes(*weight.shape, pool_size, n_pools, two_steps_pay())
    if sizes is None:
        return ToeplitzBlocks(weight, pool_size, n_columns)
    transform = make_transform(sizes.n_first, sizes.n_second, weight.dtype)
    return SpectralBlocks(weight, pool_size, sizes.n_pools, transform)


def two_steps_pay():
    """Return whether transforms in two steps were seen to be the faster.

    That is on Intel's processors with AVX-512 and on AMD's with AVX2 or units of 256
    bits. On Zen 5, whose products are oneDNN's, and without AVX they were not tried.
    """
    has_avx = torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")
    return has_avx and not is_amd_with_512_bit_units()


@lru_cache
def choose_sizes(n_filters, n_inputs, kernel_size, pool_size, n_pools, allow_two_steps):
    """Return the sizes of the best spectral blocks; None where Toeplitz is better.

    Parameters
    ----------
    n_filters, n_inputs, kernel_size : int
        Shape of the convolution's kernel.
    pool_size, n_pools : int
        Size and number of the pooling windows.
    allow_two_steps : bool
        Whether transforms may be in two steps. Products then sum few numbers, so that
        it counts, too, how often a number is read and written.

    Returns
    -------
    sizes : SpectralSizes or None
    """
    pass_cost = _COST_OF_PASS if allow_two_steps else 0
    n_summed = (pool_size + kernel_size - 1) * n_inputs
    costs = {None: n_pools * pool_size * n_filters * (n_summed + pass_cost)}
    for sizes in _spectral_sizes(kernel_size, pool_size, n_pools, allow_two_steps):
        n_outputs = sizes.n_pools * pool_size
        there = _cost_of_transform(n_outputs + kernel_size - 1, sizes, pass_cost)
        back = _cost_of_transform(n_outputs, sizes, pass_cost)
        between = sizes.n_first * sizes.n_second * (2 * n_inputs + pass_cost)
        cost = there * n_inputs + (back + between) * n_filters
        costs[sizes] = cost * -(-n_pools // sizes.n_pools)
    return min(costs, key=costs.get)


def _spectral_sizes(kernel_size, pool_size, n_pools, allow_two_steps):
    """Yield the sizes to choose from, those of small blocks first."""
    n_most = max(_MOST_STEPS, 4 * kernel_size)
    # Of blocks that come to the same number the smallest will do.
    for size in sorted({-(-n_pools // n) for n in range(1, n_pools + 1)}):
        n_steps = size * pool_size + kernel_size - 1
        if size > 1 and n_steps > n_most:
            return
        # More in the second step than in the first would be more arithmetic.
        for n_second in range(1, math.isqrt(n_steps) + 1 if allow_two_steps else 2):
            yield SpectralSizes(size, 2 * -(-n_steps // (2 * n_second)), n_second)


def _cost_of_transform(n_times, sizes, pass_cost):
    """Return the multiplications of a transform of so many times, or back to them."""
    n_times = -(-n_times // sizes.n_second) * sizes.n_second
    cost = n_times * (sizes.n_first + pass_cost)
    if sizes.n_second > 1:
        n_frequencies = sizes.n_first * sizes.n_second
        cost += n_frequencies * (2 * sizes.n_second + pass_cost)
    return cost
