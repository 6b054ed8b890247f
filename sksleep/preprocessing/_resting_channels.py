"""Channels that stop, while windows are cut from them."""

import numpy as np

from .._memmap import release
from .._some_of import some_of
from .._warn import warn

_N_WINDOWS = 16  # of each recording that are looked at
_LEAST_SAMPLES = 32  # fewer may be of one value by chance
_REST = 1e-5  # of the largest spread: rounding, and what filters leave of a constant


def warn_of_resting_channels(cuts, window):
    """Warn of channels that do not move in some of the windows that are kept.

    Parameters
    ----------
    cuts : list of Cut
    window : int
        Samples per window.
    """
    told = [text for cut in cuts for text in _tell_resting_channels(cut, window)]
    if told:
        warn(
            f"Channels do not move: {some_of(told, '; ')}. Windows in which an "
            "electrode was off are dropped by flat, a limit of the swing in the "
            "signals' unit; or leave the channel out."
        )


def _tell_resting_channels(cut, window):
    """Yield which channels of a recording rest in how many of its windows, in words."""
    starts = cut.starts[cut.keep]
    if len(starts) == 0 or window < _LEAST_SAMPLES:
        return
    starts = starts[np.unique(np.linspace(0, len(starts) - 1, _N_WINDOWS).astype(int))]
    signal = cut.recording.data
    spread = np.array(
        [signal[:, start : start + window].std(axis=1) for start in starts]
    )
    release(signal)
    rests = spread <= _REST * spread.max(axis=0)
    for ch_name, of_channel in zip(cut.recording.ch_names, rests.T, strict=True):
        if _has_stopped(of_channel):
            yield (
                f"recording {cut.recording.name!r}, {ch_name!r}, in {of_channel.sum()} "
                f"of {len(starts)} windows looked at"
            )


def _has_stopped(rests):
    """Tell whether a channel rests for one stretch.

    What is sparse, as triggers or a temperature, rests now and then.
    """
    edges = np.flatnonzero(np.diff(rests, prepend=False, append=False))
    return len(edges) == 2 and edges[1] - edges[0] > 1
