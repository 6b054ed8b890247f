"""Electrodes that stop, while the recording goes on."""

import numpy as np

from .._memmap import release
from .._some_of import some_of
from .._warn import warn

_SECONDS = 5.0  # longer than any signal rests on one value
# What filters leave of a constant, and resamplers' images: a part of the whole swing,
# and of how far the signal usually goes, as a constant may lie far off.
_REST, _MOST_REST = 1e-4, 0.1
_N_CELLS = 1024  # stretches of that length that are looked at at once


def warn_of_flat_stretches(electrodes):
    """Warn of electrodes that have one value for ten seconds on end, or longer.

    From five seconds on they may be found, behind a filter or a resampler somewhat
    later, as these spread what was before.

    Parameters
    ----------
    electrodes : iterable of Recording
        Of one channel each.
    """
    told = [text for text in map(_tell_flat_stretches, electrodes) if text]
    if not told:
        return
    warn(
        f"Electrodes do not move: {some_of(told, '; ')}. They are averaged "
        "into their regions as they are: leave them out with Recording.pick, or cut "
        "the recordings."
    )


def _tell_flat_stretches(electrode):
    """Return where an electrode does not move, in words; "" if it always does."""
    step = max(1, round(_SECONDS * electrode.sfreq))
    [signal] = electrode.data
    values = _every(step, signal)
    if len(values) < 2:
        return ""
    changes = np.abs(np.diff(values))
    limit = min(_REST * np.ptp(values), _MOST_REST * np.quantile(changes, 0.9))
    # Most cells end on another value than they begin with, and need no second look.
    flat = [
        cell
        for cell in np.flatnonzero(changes <= limit)
        if _is_at(values[cell], signal[cell * step : (cell + 1) * step], limit)
    ]
    if not flat:
        return ""
    return (
        f"recording {electrode.name!r}, {electrode.ch_names[0]!r}, for some "
        f"{len(flat) * _SECONDS:g} s, first at about {flat[0] * _SECONDS:g} s"
    )


def _every(step, signal):
    """Return every so many samples, a part of a memory map at a time."""
    values = np.empty(-(-len(signal) // step), signal.dtype)
    for begin in range(0, len(values), _N_CELLS):
        end = begin + _N_CELLS
        values[begin:end] = signal[begin * step : end * step : step]
        release(signal)
    return values


def _is_at(value, stretch, limit):
    is_at = (np.abs(stretch - value) <= limit).all()
    release(stretch)
    return is_at
