"""Linear filters as functions of overlapping blocks of the signal."""

from numpy.lib.stride_tricks import sliding_window_view

_AT_ONCE = 1 << 19  # samples of blocks in one go: what the cache holds


def fill_by_blocks(function, rows, out, *, n_in, n_out, reach, step, pad):
    """Fill out with what a function makes of overlapping blocks of rows.

    Parameters
    ----------
    function : callable
        Takes blocks, an array of shape (n_rows, n_blocks, n_in), and returns an array
        that can be reshaped to (n_rows, n_blocks * n_out).
    rows : ndarray of shape (n_rows, n_times)
        The signal.
    out : ndarray of shape (n_rows, n_times_out)
        Where the results are put, side by side.
    n_in, n_out : int
        Samples of a block and of its result.
    reach : int
        Samples by which the first block begins before the signal.
    step : int
        Samples from one block's beginning to the next one's.
    pad : callable
        Takes rows and the numbers of samples to add before and after them.
    """
    n_blocks = -(-out.shape[1] // n_out)
    n_padded = (n_blocks - 1) * step + n_in
    # Where n_padded is the smaller, the last samples are not needed.
    padded = pad(rows, reach, max(0, n_padded - reach - rows.shape[1]))
    blocks = sliding_window_view(padded, n_in, axis=1)[:, ::step][:, :n_blocks]
    n_at_once = max(1, _AT_ONCE // (len(rows) * n_in))
    for first in range(0, n_blocks, n_at_once):
        made = function(blocks[:, first : first + n_at_once]).reshape(len(rows), -1)
        place = out[:, first * n_out :][:, : made.shape[1]]
        place[...] = made[:, : place.shape[1]]
