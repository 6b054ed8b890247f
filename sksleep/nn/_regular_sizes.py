"""Signals filled up to one of few numbers of columns.

oneDNN prepares itself for each size of each matrix product or convolution, and keeps
that: 4 to 8 MB for a network's step with a number of windows that was not seen before.
Batches of a pretext task have dozens of sizes, so that memory would grow from epoch to
epoch.
"""

import torch

_STEP = 32


def regular_size(n):
    """Return the next multiple of 32, from 512 on of an eighth of the power of 2 below.

    Parameters
    ----------
    n : int
    """
    step = max(_STEP, 2 ** (n.bit_length() - 4))
    return -(-n // step) * step


def fill_up(columns):
    """Return columns, and behind them the first ones again, of a regular size.

    Copies, as pooling takes longer over zeros, where all outputs are equal. They pass
    no gradient on.

    Parameters
    ----------
    columns : tensor of shape (n_columns, n_times)
    """
    n, size = len(columns), regular_size(len(columns))
    if size == n:
        return columns
    again = torch.arange(n, size, device=columns.device) % n
    return torch.cat([columns, columns.detach()[again]])
