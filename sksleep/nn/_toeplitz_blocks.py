"""A convolution along time as one matrix product over each block of steps."""

import torch

from ._buffers import scratch

# Numbers in the outputs of some blocks that fit in a core's cache (a megabyte of
# float32).
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
    sizes : tuple of int
        (n_filters, n_inputs, kernel_size, pool_size).
    operand : tensor of shape (pool_size * n_filters, n_steps * n_inputs)
        The kernel once per output, each time a step further.
    n_pools : int
        The most pooling windows to compute at once.
    n_rows_beyond : int
        Steps behind the signal's end that its gradient needs.
    buffer : str
        Name of the scratch buffer for outputs, and for the gradient of outputs.
    """

    buffer = "outputs"

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

    def find_room(self, n_columns):
        """Tell whether to keep what `look` returns for a signal of so many columns."""
        return False  # it costs nothing to look again

    def look(self, signal, first, n_pools, keep):
        """Return what the operand is multiplied by in some pooling windows.

        Parameters
        ----------
        signal : contiguous tensor of shape (n_steps, n_inputs, n_columns)
        first, n_pools : int
            The first of the windows, and how many.
        keep : bool
            Whether it is kept. If not, it may be a buffer that `outputs` overwrites.

        Returns
        -------
        seen : tensor
            Here the overlapping blocks of (n_pools, rows, n_columns), a view.
        """
        _, n_inputs, kernel_size, pool_size = self.sizes
        n_columns = signal.shape[2]
        step = pool_size * n_inputs * n_columns
        return signal.as_strided(
            (n_pools, (pool_size + kernel_size - 1) * n_inputs, n_columns),
            (step, n_columns, 1),
            signal.storage_offset() + first * step,
        )

    def outputs(self, seen, n_pools, operand):
        """Return the outputs in some pooling windows.

        Parameters
        ----------
        seen : tensor
            As returned by `look`.
        n_pools : int
            How many windows.
        operand : tensor
            The attribute.

        Returns
        -------
        outputs : tensor of shape (n_pools, pool_size, n_filters, n_columns)
            A buffer: the next call overwrites it.
        """
        n_filters, _, _, pool_size = self.sizes
        shape = (n_pools, len(operand), seen.shape[2])
        out = scratch(self.buffer, shape, seen.dtype)
        torch.bmm(operand.expand(n_pools, *operand.shape), seen, out=out)
        return out.view(n_pools, pool_size, n_filters, -1)

    def prepare_gradient(self, gradient):
        """Return a gradient of the outputs as the methods below take it.

        Parameters
        ----------
        gradient : contiguous tensor of shape (n_pools, pool_size, n_filters, n_columns)

        Returns
        -------
        products : tensor
            It may be a buffer that :meth:`add_to_signal` overwrites.
        """
        return gradient.flatten(1, 2)

    def add_to_operand(self, products, seen, into_operand):
        """Add what a gradient of the outputs means for the operand.

        Parameters
        ----------
        products, seen : tensor
            As returned by `prepare_gradient` and `look`.
        into_operand : tensor
            The gradient to add to.
        """
        shape = (len(products), *into_operand.shape)
        of_operand = scratch("products", shape, products.dtype)
        torch.bmm(products, seen.transpose(1, 2), out=of_operand)
        into_operand.add_(of_operand.sum(0))

    def add_to_signal(self, products, first, n_pools, operand, into_signal):
        """Add what a gradient of the outputs means for the signal.

        Parameters
        ----------
        products : tensor
            As returned by `prepare_gradient`.
        first, n_pools, operand
            As given to `look` and `outputs`.
        into_signal : tensor
            The gradient to add to. It has `n_rows_beyond` steps more, to which zeros
            are added, to rounding.
        """
        # Long kernels have more rows than a part has blocks, short ones fewer.
        by_block = n_pools < operand.shape[1] // self.sizes[1]
        add = self._add_blocks if by_block else self._add_rows
        add(products, first, operand, into_signal)

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
        shape = (n_pools, len(transposed), n_columns)
        rows = scratch("products", shape, gradient.dtype)
        torch.bmm(transposed.expand(n_pools, *transposed.shape), gradient, out=rows)
        rows = rows.view(n_pools, -1, pool_size * n_inputs, n_columns)
        # The rows of a block, as many at a time as a pooling window has: of all blocks
        # together they go to consecutive steps.
        for number in range(rows.shape[1]):
            begin = (first + number) * pool_size
            steps = into_signal[begin : begin + n_pools * pool_size]
            steps.view(n_pools, -1, n_columns).add_(rows[:, number])
