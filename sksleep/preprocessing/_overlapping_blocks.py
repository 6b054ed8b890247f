"""Linear filters as functions of overlapping blocks of the signal."""

from numpy.lib.stride_tricks import sliding_window_view

from .._memory import keep_freed

_AT_ONCE = 1 << 18  # samples of blocks in one go: what the cache holds
_N_TOGETHER = 4  # blocks, whose FFTs take half the time of four alone
_N_ARRAYS = 4  # as large as these blocks, that a function may make on its way


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
        Samples by which the first block begins before the signal: as far before and
        after its own time as a result depends on samples.
    step : int
        Samples from one block's beginning to the next one's.
    pad : callable
        Takes samples of rows and how many to add before and after them.
    """
    n_blocks = -(-out.shape[1] // n_out)
    n_fitting = _AT_ONCE // (len(rows) * n_in)
    n_at_once = max(_N_TOGETHER, n_fitting // _N_TOGETHER * _N_TOGETHER)
    keep_freed(_N_ARRAYS * n_at_once * len(rows) * n_in * rows.itemsize)
    for first in range(0, n_blocks, n_at_once):
        last = min(first + n_at_once, n_blocks) - 1
        begin, end = first * step - reach, last * step - reach + n_in
        blocks = sliding_window_view(_cut(rows, begin, end, pad), n_in, axis=1)
        made = function(blocks[:, ::step]).reshape(len(rows), -1)
        place = out[:, first * n_out :][:, : made.shape[1]]
        place[...] = made[:, : place.shape[1]]


def _cut(rows, begin, end, pad):
    """Cut samples, and continue rows where they go beyond the ends."""
    n_before, n_after = max(0, -begin), max(0, end - rows.shape[1])
    cut = rows[:, max(0, begin) : end]
    return pad(cut, n_before, n_after) if n_before or n_after else cut
