"""Real Fourier transforms along time, as matrix products.

Rows are times, and columns, thousands, are transformed alike. Frequencies lie half a
step off those of the usual transform: so none is purely real, and all are treated
alike. What then wraps around changes its sign.

A transform of n times is one product with n numbers to sum per result. Where n has two
factors it can be two products, which sum one factor and twice the other: the transforms
of every n_second-th time, then of what those have at one frequency. Times and
frequencies are ordered so that both products take rows as they lie in memory.
"""

from functools import lru_cache

import numpy as np
import torch

from ._buffers import scratch


class FourierTransform:
    """The transform of consecutive times, in one step or in two.

    Parameters
    ----------
    n_first : int
        Points in time that the first step transforms together, each `n_second` after
        the other; an even number.
    n_second : int
        Numbers of a frequency that the second step transforms together. 1 makes it one
        step.
    dtype : torch.dtype
        Of what is transformed.

    Attributes
    ----------
    matrix : tensor of shape (n_first * n_second, n_first * n_second)
        The transform as one matrix of orthonormal rows: in the order of the results,
        the cosine and the negative sine of each frequency.

    References
    ----------
    Cooley & Tukey (1965), "An algorithm for the machine calculation of complex Fourier
    series", Mathematics of Computation 19(90).
    """

    def __init__(self, n_first, n_second, dtype):
        self.n_second = n_second
        self.matrix, self._first, self._second = (
            torch.from_numpy(matrix).to(dtype)
            for matrix in _matrices(n_first, n_second)
        )
        # Copied, it has the layout of the second step: what oneDNN keeps for that one
        # serves both.
        self._second_back = self._second.transpose(1, 2).contiguous()

    def round_up(self, n_times):
        """Return the next number of times that the way back can stop at."""
        return -(-n_times // self.n_second) * self.n_second

    def there(self, rows, out, via):
        """Transform the first times, where the others are zero.

        Parameters
        ----------
        rows : contiguous tensor of shape (n_times, n_columns)
        out : contiguous tensor of shape (len(matrix), n_columns)
            In two steps it may be where `rows` are, in one it may not.
        via : str
            Name of the scratch buffer for what lies between two steps; neither `rows`
            nor `out` may be there.
        """
        if self.n_second == 1:
            torch.mm(self._first[:, : len(rows)], rows, out=out)
            return
        n_columns = rows.shape[1]
        n_whole, n_rest = divmod(len(rows), self.n_second)
        whole, rest = rows.split([n_whole * self.n_second, n_rest])
        shape = (len(self._first), self.n_second * n_columns)
        halfway = scratch(via, shape, rows.dtype)
        torch.mm(self._first[:, :n_whole], self._by_first(whole), out=halfway)
        if n_rest:
            part = halfway[:, : n_rest * n_columns]
            part.addmm_(self._first[:, n_whole, None], rest.view(1, -1))
        torch.bmm(self._second, self._by_second(halfway), out=self._by_second(out))

    def back(self, spectra, out, via):
        """Compute the first times from a transform.

        Parameters
        ----------
        spectra : contiguous tensor of shape (len(matrix), n_columns)
        out : contiguous tensor of shape (n_times, n_columns)
            Their number is one that `round_up` returns. In two steps it may be where
            `spectra` are, in one it may not.
        via : str
            As of `there`.
        """
        halfway, out = self._halfway_back(spectra, via), self._by_first(out)
        torch.mm(self._first[:, : len(out)].t(), halfway, out=out)

    def add_back(self, spectra, out, via):
        """Add what `back` computes."""
        halfway, out = self._halfway_back(spectra, via), self._by_first(out)
        out.addmm_(self._first[:, : len(out)].t(), halfway)

    def _halfway_back(self, spectra, via):
        if self.n_second == 1:
            return spectra
        shape = (len(self._first), self.n_second * spectra.shape[1])
        halfway = scratch(via, shape, spectra.dtype)
        spectra = self._by_second(spectra)
        torch.bmm(self._second_back, spectra, out=self._by_second(halfway))
        return halfway

    def _by_first(self, rows):
        """Return times as the first step takes them: every n_second-th is a row."""
        return rows.view(len(rows) // self.n_second, self.n_second * rows.shape[1])

    def _by_second(self, rows):
        """Return spectra as the second step takes them: a matrix for each frequency."""
        return rows.view(len(self._second), 2 * self.n_second, -1)


@lru_cache(maxsize=64)
def make_transform(n_first, n_second, dtype):
    """Return a transform, made once for all who ask for it."""
    # Training cannot use tensors that were made in inference mode.
    with torch.inference_mode(False):
        return FourierTransform(n_first, n_second, dtype)


def _matrices(n_first, n_second):
    """Return the transform as one matrix, and those of its two steps.

    Returns
    -------
    matrix : ndarray of shape (n, n)
    first : ndarray of shape (n_first, n_first)
        Rows are (frequency, real or imaginary part).
    second : ndarray of shape (n_first / 2, 2 * n_second, 2 * n_second)
        For each frequency of the first step, from (part, time) to the frequencies that
        lie n_first apart from it, (frequency, part).
    """
    n = n_first * n_second
    frequencies = np.add.outer(np.arange(n_first // 2), n_first * np.arange(n_second))
    waves = _waves(frequencies, np.arange(n), n)
    matrix = np.stack([waves.real, waves.imag], 2).reshape(n, n) * np.sqrt(2 / n)
    waves = _waves(np.arange(n_first // 2), np.arange(n_first), n_first)
    first = np.stack([waves.real, waves.imag], 1).reshape(n_first, n_first)
    waves = _waves(frequencies, np.arange(n_second), n)
    parts = [[waves.real, -waves.imag], [waves.imag, waves.real]]
    second = np.moveaxis(np.array(parts), (0, 1), (2, 3))
    second = second.reshape(n_first // 2, 2 * n_second, 2 * n_second)
    return matrix, first * np.sqrt(2 / n_first), second / np.sqrt(n_second)


def _waves(frequencies, times, n):
    """Return complex waves that make a half step more than so many turns in n times."""
    return np.exp(-2j * np.pi / n * np.multiply.outer(frequencies + 0.5, times))
