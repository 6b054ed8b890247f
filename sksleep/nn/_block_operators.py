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
  filters and kernels of 50 that is less than half of the arithmetic.

Both are linear in the signal and in their operand, the kernel prepared for them by
differentiable operations, so that gradients are the transposed products.
"""

import math
from functools import lru_cache

import numpy as np
import torch

from ._buffers import scratch

# Numbers in an operator's outputs that fit in a core's cache (a megabyte of float32).
_N_CACHED = 2**18


class ToeplitzBlocks:
    """Blocks of one pooling window each, several of them multiplied in a batch.

    Parameters
    ----------
    weight : tensor of shape (n_filters, n_inputs, kernel_size)
        The convolution's kernel.
    pool_size : int
        Outputs in a pooling window.
    n_columns : int
        The most columns that a signal has.

    Attributes
    ----------
    operand : tensor of shape (pool_size * n_filters, n_steps * n_inputs)
        The kernel once per output, each time a step further.
    n_pools : int
        The most pooling windows to compute at once.
    n_rows_beyond : int
        Steps behind the signal's end that `pull_back` needs in its gradient.
    """

    def __init__(self, weight, pool_size, n_columns):
        n_filters, n_inputs, kernel_size = weight.shape
        self.sizes = (n_filters, n_inputs, kernel_size, pool_size)
        n_cached = _N_CACHED * torch.get_num_threads()
        self.n_pools = max(1, n_cached // (pool_size * n_filters * n_columns))
        self.n_rows_beyond = -(kernel_size - 1) % pool_size
        kernel = weight.transpose(1, 2).reshape(n_filters, -1)
        self.operand = torch.cat(
            [
                torch.nn.functional.pad(
                    kernel, (shift * n_inputs, (pool_size - 1 - shift) * n_inputs)
                )
                for shift in range(pool_size)
            ]
        )

    def outputs(self, signal, first, n_pools, operand):
        """Return the outputs in some pooling windows.

        Parameters
        ----------
        signal : contiguous tensor of shape (n_steps, n_inputs, n_columns)
        first, n_pools : int
            The first of the windows, and how many.
        operand : tensor
            The attribute.

        Returns
        -------
        outputs : tensor of shape (n_pools, pool_size, n_filters, n_columns)
        seen : tensor
            What the operand was multiplied by, for `pull_back`. Both are buffers: the
            next call overwrites them.
        """
        n_filters, _, _, pool_size = self.sizes
        blocks = self._blocks(signal, first, n_pools)
        shape = (n_pools, len(operand), blocks.shape[2])
        out = scratch("outputs", shape, signal.dtype)
        torch.bmm(operand.expand(n_pools, *operand.shape), blocks, out=out)
        return out.view(n_pools, pool_size, n_filters, -1), blocks

    def pull_back(self, gradient, seen, first, operand, into_signal, into_operand):
        """Add what a gradient of the outputs means for signal and operand.

        Parameters
        ----------
        gradient : contiguous tensor of shape (n_pools, pool_size, n_filters, n_columns)
        seen, first, operand
            As returned by and given to `outputs`.
        into_signal, into_operand : tensor or None
            Gradients to add to; None where none is needed. That of the signal has
            `n_rows_beyond` steps more, to which zeros are added.
        """
        gradient = gradient.flatten(1, 2)
        n_pools = len(gradient)
        if into_operand is not None:
            products = scratch("products", (n_pools, *operand.shape), gradient.dtype)
            torch.bmm(gradient, seen.transpose(1, 2), out=products)
            into_operand.add_(products.sum(0))
        if into_signal is not None:
            # Long kernels have more rows than a part has blocks, short ones fewer.
            by_block = n_pools < operand.shape[1] // self.sizes[1]
            add = self._add_blocks if by_block else self._add_rows
            add(gradient, first, operand, into_signal)

    def _add_blocks(self, gradient, first, operand, into_signal):
        _, _, kernel_size, pool_size = self.sizes
        for block, outputs in enumerate(gradient):
            begin = (first + block) * pool_size
            steps = into_signal[begin : begin + pool_size + kernel_size - 1]
            steps.flatten(0, 1).addmm_(operand.t(), outputs)

    def _add_rows(self, gradient, first, operand, into_signal):
        _, n_inputs, _, pool_size = self.sizes
        n_pools, _, n_columns = gradient.shape
        n_more = self.n_rows_beyond * n_inputs
        transposed = torch.nn.functional.pad(operand.t(), (0, 0, 0, n_more))
        rows = scratch("rows", (n_pools, len(transposed), n_columns), gradient.dtype)
        torch.bmm(transposed.expand(n_pools, *transposed.shape), gradient, out=rows)
        rows = rows.view(n_pools, -1, pool_size * n_inputs, n_columns)
        # The rows of a block, as many at a time as a pooling window has: of all blocks
        # together they go to consecutive steps.
        for number in range(rows.shape[1]):
            begin = (first + number) * pool_size
            steps = into_signal[begin : begin + n_pools * pool_size]
            steps.view(n_pools, -1, n_columns).add_(rows[:, number])

    def _blocks(self, signal, first, n_pools):
        """Return the overlapping blocks, a view of (n_pools, rows, n_columns)."""
        _, n_inputs, kernel_size, pool_size = self.sizes
        n_columns = signal.shape[2]
        step = pool_size * n_inputs * n_columns
        return signal.as_strided(
            (n_pools, (pool_size + kernel_size - 1) * n_inputs, n_columns),
            (step, n_columns, 1),
            signal.storage_offset() + first * step,
        )


class SpectralBlocks:
    """Blocks of several pooling windows, convolved frequency by frequency.

    Parameters
    ----------
    weight : tensor of shape (n_filters, n_inputs, kernel_size)
        The convolution's kernel.
    pool_size : int
        Outputs in a pooling window.
    n_pools : int
        Pooling windows in a block.

    Attributes
    ----------
    operand : tensor of shape (n_frequencies, 2 * n_filters, 2 * n_inputs)
        For each frequency the complex product with the kernel's transform, as a
        matrix over (real or imaginary part, filter).
    n_pools : int
        The most pooling windows to compute at once.
    n_rows_beyond : int
        As of :class:`ToeplitzBlocks`.
    """

    n_rows_beyond = 0

    def __init__(self, weight, pool_size, n_pools):
        n_filters, n_inputs, kernel_size = weight.shape
        self.sizes = (n_filters, n_inputs, kernel_size, pool_size)
        self.n_pools = n_pools
        n_rows = n_pools * pool_size + kernel_size - 1
        self.basis = basis = torch.from_numpy(_basis(n_rows)).to(weight.dtype)
        kernel = weight.permute(2, 0, 1).reshape(kernel_size, -1)
        spectrum = math.sqrt(len(basis) / 2) * basis[:, :kernel_size] @ kernel
        real, imag = spectrum.view(-1, 2, n_filters, n_inputs).unbind(1)
        # A convolution layer correlates: it multiplies by the conjugate.
        self.operand = torch.cat(
            [torch.cat([real, imag], 2), torch.cat([-imag, real], 2)], 1
        )

    def outputs(self, signal, first, n_pools, operand):
        """As :meth:`ToeplitzBlocks.outputs`."""
        n_filters, _, _, pool_size = self.sizes
        n_columns = signal.shape[2]
        rows = self._rows(signal, first, n_pools)
        spectra = scratch(
            "spectra", (len(operand), operand.shape[2], n_columns), signal.dtype
        )
        torch.mm(self.basis[:, : len(rows)], rows, out=_merged(spectra))
        products = scratch(
            "products", (len(operand), 2 * n_filters, n_columns), signal.dtype
        )
        torch.bmm(operand, spectra, out=products)
        basis = self.basis[:, : n_pools * pool_size]
        out = scratch(
            "outputs", (n_pools * pool_size, n_filters * n_columns), signal.dtype
        )
        torch.mm(basis.t(), _merged(products), out=out)
        return out.view(n_pools, pool_size, n_filters, n_columns), spectra

    def pull_back(self, gradient, seen, first, operand, into_signal, into_operand):
        """As :meth:`ToeplitzBlocks.pull_back`."""
        n_filters, n_columns = gradient.shape[2:]
        outputs = gradient.flatten(0, 1).flatten(1)
        products = scratch(
            "products", (len(operand), 2 * n_filters, n_columns), gradient.dtype
        )
        torch.mm(self.basis[:, : len(outputs)], outputs, out=_merged(products))
        if into_operand is not None:
            of_operand = scratch("of_operand", operand.shape, gradient.dtype)
            torch.bmm(products, seen.transpose(1, 2), out=of_operand)
            into_operand.add_(of_operand)
        if into_signal is not None:
            # Copied, it has the layout of the forward product: what oneDNN keeps for
            # that one serves both.
            transposed = operand.transpose(1, 2).contiguous()
            spectra = torch.bmm(transposed, products, out=seen)
            rows = self._rows(into_signal, first, len(gradient))
            rows.addmm_(self.basis[:, : len(rows)].t(), _merged(spectra))

    def _rows(self, signal, first, n_pools):
        """Return the steps that some pooling windows look at, as rows."""
        _, _, kernel_size, pool_size = self.sizes
        begin = first * pool_size
        end = begin + n_pools * pool_size + kernel_size - 1
        return signal[begin:end].flatten(1)


def _merged(spectra):
    """Return spectra as rows: a frequency's real parts, its imaginary parts, ..."""
    return spectra.view(2 * len(spectra), -1)


def make_operator(weight, pool_size, n_pools, n_columns):
    """Return the operator that needs the least arithmetic.

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
    size = _spectral_size(*weight.shape, pool_size, n_pools)
    if size is None:
        return ToeplitzBlocks(weight, pool_size, n_columns)
    return SpectralBlocks(weight, pool_size, size)


@lru_cache
def _spectral_size(n_filters, n_inputs, kernel_size, pool_size, n_pools):
    """Return the best number of pools in a spectral block; None: take Toeplitz."""
    n_rows = pool_size + kernel_size - 1
    costs = {None: n_pools * pool_size * n_filters * n_rows * n_inputs}
    for size in range(1, n_pools + 1):
        cost = _spectral_cost(n_filters, n_inputs, kernel_size, size * pool_size)
        costs[size] = cost * -(-n_pools // size)
    return min(costs, key=costs.get)


def _spectral_cost(n_filters, n_inputs, kernel_size, n_outputs):
    """Return the multiplications in a spectral block, per column."""
    n_rows = n_outputs + kernel_size - 1
    there, back = n_rows * n_inputs, n_outputs * n_filters
    return n_rows * (there + back + 2 * n_inputs * n_filters)


@lru_cache(maxsize=64)
def _basis(n_rows):
    """Return cosines and sines that resolve n_rows steps, as orthonormal rows.

    Returns
    -------
    basis : ndarray of shape (2 * n_frequencies, n_rows)
        Cosine and negative sine in turn. Frequencies lie half a step off those of
        the usual transform: so none is purely real, and all are treated alike. What
        then wraps around changes its sign, but only wraps into outputs that a block
        leaves out.
    """
    n_frequencies = -(-n_rows // 2)
    angles = np.outer(np.arange(n_frequencies) + 0.5, np.arange(n_rows))
    angles *= np.pi / n_frequencies
    basis = np.stack([np.cos(angles), -np.sin(angles)], axis=1)
    return basis.reshape(2 * n_frequencies, n_rows) / math.sqrt(n_frequencies)
