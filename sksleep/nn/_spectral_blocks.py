"""A convolution along time, frequency by frequency of each block of steps."""

import math

import torch

from ._buffers import empty, scratch

# Numbers in the spectra that a network's step keeps for the gradient for each thread, 8
# MB of float32: those of 32 windows. What goes beyond is transformed again.
_MOST_KEPT = 2**21


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
    transform : FourierTransform
        Of at least as many steps as a block has.

    Attributes
    ----------
    sizes : tuple of int
        As of :class:`ToeplitzBlocks`.
    operand : tensor of shape (n_frequencies, 2 * n_filters, 2 * n_inputs)
        For each frequency the complex product with the kernel's transform, as a
        matrix over (real or imaginary part, filter).
    n_pools : int
        The most pooling windows to compute at once.
    n_kept : int
        Numbers in the spectra that are kept.
    n_rows_beyond : int
    buffer : str
        As of :class:`ToeplitzBlocks`.
    """

    def __init__(self, weight, pool_size, n_pools, transform):
        n_filters, n_inputs, kernel_size = weight.shape
        self.sizes = (n_filters, n_inputs, kernel_size, pool_size)
        self.n_pools = n_pools
        self.n_kept = 0
        self.transform = transform
        # Between two steps nobody needs the products, so what they lead to takes their
        # place; in one step it is computed from them.
        self.buffer = "outputs" if transform.n_second == 1 else "products"
        # The way back stops at a multiple of this many steps.
        self.n_rows_beyond = transform.n_second - 1
        # What wraps around in a transform of so many steps wraps into outputs that a
        # block leaves out.
        matrix = transform.matrix
        kernel = weight.permute(2, 0, 1).reshape(kernel_size, -1)
        spectrum = math.sqrt(len(matrix) / 2) * matrix[:, :kernel_size] @ kernel
        real, imag = spectrum.view(-1, 2, n_filters, n_inputs).unbind(1)
        # A convolution layer correlates: it multiplies by the conjugate.
        self.operand = torch.cat(
            [torch.cat([real, imag], 2), torch.cat([-imag, real], 2)], 1
        )

    def find_room(self, n_columns):
        """As :meth:`ToeplitzBlocks.find_room`."""
        n = self._shape(n_columns).numel()
        has_room = self.n_kept + n <= _MOST_KEPT * torch.get_num_threads()
        self.n_kept += n * has_room
        return has_room

    def look(self, signal, first, n_pools, keep):
        """As :meth:`ToeplitzBlocks.look`; here the spectra of a block."""
        new = empty if keep else _scratch_spectra
        spectra = new(self._shape(signal.shape[2]), signal.dtype)
        n_rows = n_pools * self.sizes[3] + self.sizes[2] - 1
        rows = self._rows(signal, first, n_rows)
        self.transform.there(rows, _merged(spectra), via="products")
        return spectra

    def outputs(self, seen, n_pools, operand):
        """As :meth:`ToeplitzBlocks.outputs`."""
        n_filters, _, _, pool_size = self.sizes
        n_columns = seen.shape[2]
        shape = (len(operand), 2 * n_filters, n_columns)
        products = scratch("products", shape, seen.dtype)
        torch.bmm(operand, seen, out=products)
        n_outputs = n_pools * pool_size
        shape = (self.transform.round_up(n_outputs), n_filters * n_columns)
        out = scratch(self.buffer, shape, seen.dtype)
        self.transform.back(_merged(products), out, via="spectra")
        return out[:n_outputs].view(n_pools, pool_size, n_filters, n_columns)

    def prepare_gradient(self, gradient):
        """As :meth:`ToeplitzBlocks.prepare_gradient`; here that of the products."""
        n_filters, n_columns = gradient.shape[2:]
        shape = (len(self.operand), 2 * n_filters, n_columns)
        products = scratch("products", shape, gradient.dtype)
        outputs = gradient.flatten(0, 1).flatten(1)
        self.transform.there(outputs, _merged(products), via="spectra")
        return products

    def add_to_operand(self, products, seen, into_operand):
        """As :meth:`ToeplitzBlocks.add_to_operand`."""
        of_operand = scratch("spectra", into_operand.shape, products.dtype)
        torch.bmm(products, seen.transpose(1, 2), out=of_operand)
        into_operand.add_(of_operand)

    def add_to_signal(self, products, first, n_pools, operand, into_signal):
        """As :meth:`ToeplitzBlocks.add_to_signal`."""
        # Copied, it has the layout of the forward product: what oneDNN keeps for
        # that one serves both.
        transposed = operand.transpose(1, 2).contiguous()
        spectra = _scratch_spectra(self._shape(products.shape[2]), products.dtype)
        torch.bmm(transposed, products, out=spectra)
        n_rows = n_pools * self.sizes[3] + self.sizes[2] - 1
        rows = self._rows(into_signal, first, self.transform.round_up(n_rows))
        self.transform.add_back(_merged(spectra), rows, via="products")

    def _shape(self, n_columns):
        """Return the shape of spectra."""
        n_frequencies, _, n_both = self.operand.shape
        return torch.Size([n_frequencies, n_both, n_columns])

    def _rows(self, signal, first, n_rows):
        """Return so many steps from a pooling window's first one on, as rows."""
        begin = first * self.sizes[3]
        return signal[begin : begin + n_rows].flatten(1)


def _scratch_spectra(shape, dtype):
    return scratch("spectra", shape, dtype)


def _merged(spectra):
    """Return spectra as rows: a frequency's real parts, its imaginary parts, ..."""
    return spectra.view(2 * len(spectra), -1)
