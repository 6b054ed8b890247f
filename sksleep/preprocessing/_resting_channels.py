"""Channels that stop, while windows are cut from them."""

import numpy as np

from .._memmap import release
from .._some_of import some_of
from .._warn import warn

_N_WINDOWS = 16  # of each recording that are looked at, at least
_SECONDS = 120  # between those of a long one, at most
_MOST_GAPS = 4  # between windows at rest: a fifteenth of a recording, or eight minutes
_LEAST_SAMPLES = 32  # fewer may be of one value by chance
_REST = 1e-5  # of the largest swing: rounding, and what filters leave of a constant


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
    seconds = (starts[-1] - starts[0]) / cut.recording.sfreq
    n_windows = max(_N_WINDOWS, int(seconds / _SECONDS) + 2)
    starts = starts[np.unique(np.linspace(0, len(starts) - 1, n_windows).astype(int))]
    signal = cut.recording.data
    # Of one value a swing is 0, which a standard deviation may miss by rounding.
    swings = np.array([_swings(signal, s, s + window) for s in starts])
    limits = _REST * swings.max(axis=0)
    for row, ch_name in enumerate(cut.recording.ch_names):
        rests = swings[:, row] <= limits[row]
        if not rests.all():
            channel = signal[row : row + 1]
            rests = _rest_for_long(channel, starts, window, rests, limits[row])
        if rests.any():
            yield (
                f"recording {cut.recording.name!r}, {ch_name!r}, in {rests.sum()} of "
                f"{len(starts)} windows looked at"
            )


def _swings(signal, begin, end):
    """Return how far each channel swings, and let the pages of a memory map go."""
    swings = np.ptp(signal[:, begin:end], axis=1)
    release(signal)
    return swings


def _rest_for_long(signal, starts, window, rests, limit):
    """Return which windows of a channel rest with all that lies between some.

    What is sparse, as triggers or a temperature, rests for single windows, and where
    many are looked at now and then for two.
    """
    # From window to window, each of which is a gap.
    still = rests[:-1] & rests[1:]
    for k in np.flatnonzero(still):
        still[k] = _swings(signal, starts[k], starts[k + 1] + window)[0] <= limit
    n_gaps = np.clip(len(still) // (_N_WINDOWS - 1), 1, _MOST_GAPS)
    stay = np.zeros_like(rests)
    for k in range(len(still) - n_gaps + 1):
        if still[k : k + n_gaps].all():
            stay[k : k + n_gaps + 1] = True
    return stay
