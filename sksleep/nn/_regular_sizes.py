"""Signals filled up to one of few numbers of columns.

For each size of each matrix product or convolution oneDNN makes code and keeps it: 4 to
8 MB for a network's step with a number of windows that was not seen before. Batches of
a pretext task have dozens of sizes, so that memory would grow from epoch to epoch.
"""

import torch

# Rows of a multiple of 16 float32 also begin at lines of the cache: a twentieth faster.
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

    Copies, as pooling takes longer over zeros, where all outputs are equal.

    Parameters
    ----------
    columns : tensor of shape (n_columns, n_times)
    """
    n = len(columns)
    n_more = regular_size(n) - n
    if n_more == 0:
        return columns
    again = columns.repeat(-(-n_more // n), 1) if n_more > n else columns
    return torch.cat([columns, again[:n_more]])
