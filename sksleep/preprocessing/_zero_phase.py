"""Recursive filters run forward and backward, as matrix products over blocks.

In recursion each sample waits for the one before. Here only blocks of samples do: what
a block's output owes to its own samples is a matrix product, and what it owes to all
others a weighted sum of a few numbers, one per pair of poles and direction, that pass
from block to block and decay.
"""

import numpy as np
from scipy import signal

N_BLOCK = 128  # samples: long enough for few blocks, short enough for few products


class ZeroPhaseFilter:
    """A filter run forward and backward over a signal without ends.

    Parameters
    ----------
    zeros, poles : ndarray
        Of the filter in one direction, as many each; poles inside the unit circle but
        for 0, real ones or conjugate pairs, no two of them the same.
    gain : float

    Attributes
    ----------
    near : float32 ndarray of shape (N_BLOCK, N_BLOCK)
        What a block's samples give to its outputs.
    collect : float32 ndarray of shape (N_BLOCK, 4 * n_pairs)
        What a block's samples give to the outputs behind it, then to those before it:
        complex numbers, one per pair of poles, as two real ones each.
    far : ndarray of shape (4 * n_pairs + 1, N_BLOCK)
        What these numbers, of all other blocks, and the block's mean give to outputs.
    collect_mean : ndarray of shape (4 * n_pairs,)
        What a mean gives, as `collect`.
    decays : complex ndarray of shape (n_pairs,)
        From one block to the next.

    Notes
    -----
    The response is a sum over poles ``p`` of ``c * p ** abs(n)``, and an impulse. The
    mean of each block is treated apart, in float64: so rounding errors are relative to
    how much the signal varies in a block, and not to its offset.
    """

    def __init__(self, zeros, poles, gain):
        weights, poles, impulse = _expand(zeros, poles, gain)
        powers = poles[:, np.newaxis] ** np.arange(N_BLOCK)
        back = poles[:, np.newaxis] * powers[:, ::-1]
        response = (weights @ powers).real
        response[0] += impulse
        lags = np.arange(N_BLOCK)
        near = response[abs(lags[:, np.newaxis] - lags)]
        collect = _as_real(np.concatenate([back, powers]).T)
        weights = weights[:, np.newaxis]
        far = np.concatenate([weights * powers, weights * back]).conj()
        far = np.vstack([_as_real(far.T).T, near.sum(axis=0)])
        self.near, self.collect = near.astype(np.float32), collect.astype(np.float32)
        self.far, self.collect_mean = far, collect.sum(axis=0)
        self.decays = poles**N_BLOCK

    def __call__(self, rows, n_before, n_most):
        """Filter a part of rows, as if the means of the blocks at their ends went on.

        Parameters
        ----------
        rows : float32 ndarray of shape (n_rows, n_times)
            What is left of it behind whole blocks is neither filtered nor looked at.
        n_before, n_most : int
            Samples before the part, and its samples if there are as many; multiples
            of `N_BLOCK`.

        Returns
        -------
        filtered : float32 ndarray of shape (n_rows, n_filtered)
        """
        n_times = rows.shape[1] // N_BLOCK * N_BLOCK
        blocks = rows[:, :n_times].reshape(len(rows), -1, N_BLOCK)
        means = blocks.mean(axis=2, keepdims=True)
        blocks = blocks - means
        means = means.astype(np.float64)
        of_means = (means * self.collect_mean).view(np.complex128)
        of_blocks = (blocks @ self.collect).view(np.complex64)
        ends = of_means[:, :1], of_means[:, -1:]
        states = self._pass_on(of_means + of_blocks, *ends).view(np.float64)
        part = slice(n_before // N_BLOCK, (n_before + n_most) // N_BLOCK)
        from_far = np.concatenate([states[:, part], means[:, part]], axis=2) @ self.far
        filtered = blocks[:, part] @ self.near
        filtered += from_far.astype(np.float32)
        return filtered.reshape(len(rows), -1)

    def _pass_on(self, sums, before, behind):
        """Return for each block what comes from those before, and from those behind.

        Parameters
        ----------
        sums : complex ndarray of shape (n_rows, n_blocks, 2 * n_pairs)
            What each block gives to those behind it, and to those before.
        before, behind : complex ndarray of shape (n_rows, 1, 2 * n_pairs)
            What each of the blocks gives that there are not.
        """
        states = np.empty_like(sums)
        for number, decay in enumerate(self.decays):
            ahead, back = number, len(self.decays) + number
            states[:, :, ahead] = _add_up(sums[:, :, ahead], decay, before[:, :, ahead])
            states[:, ::-1, back] = _add_up(
                sums[:, ::-1, back], decay, behind[:, :, back]
            )
        return states


def _add_up(given, decay, before):
    """Return for each block what those before it gave, which decays at each.

    Parameters
    ----------
    given : complex ndarray of shape (n_rows, n_blocks)
    decay : complex
    before : complex ndarray of shape (n_rows, 1)
        What each block before the first gave.
    """
    start = before / (1 - decay)
    return signal.lfilter([0, 1], [1, -decay], given, zi=start)[0]


def _expand(zeros, poles, gain):
    """Return the response forward and backward as a sum of powers of poles.

    Returns
    -------
    weights, poles : ndarray of complex
        One pole of each conjugate pair: the real part of their sum is the response.
    impulse : float
        The response at 0 beyond that.
    """
    poles = np.asarray(poles, dtype=complex)  # scipy makes real ones of real dtype
    kept = poles[poles.imag >= 0]
    weights = []
    for pole in kept:
        others = poles[poles != pole]
        forward = np.prod(pole - zeros) / (pole * np.prod(pole - others))
        backward = np.prod(1 - pole * zeros) / np.prod(1 - pole * poles)
        weights.append(gain**2 * forward * backward)
    n_alike = np.where(kept.imag > 0, 2, 1)
    return n_alike * weights, kept, gain**2 * (np.prod(zeros) / np.prod(poles)).real


def _as_real(matrix):
    """Return complex columns as two of real numbers each."""
    return np.ascontiguousarray(matrix).view(np.float64)
