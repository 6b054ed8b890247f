"""Electrodes that stop, while the recording goes on."""

import numpy as np

from .._memmap import release
from .._some_of import some_of
from .._warn import warn

_SECONDS = 5.0  # longer than any signal rests on one value


def warn_of_flat_stretches(electrodes):
    """Warn of electrodes that have one value for ten seconds on end, or longer.

    From five seconds on they may be found.

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
    values = signal[::step]
    # Most cells end on another value than they begin with, and need no second look.
    flat = [
        cell
        for cell in np.flatnonzero(values[1:] == values[:-1])
        if (signal[cell * step : (cell + 1) * step] == values[cell]).all()
    ]
    release(electrode.data)
    if not flat:
        return ""
    return (
        f"recording {electrode.name!r}, {electrode.ch_names[0]!r}, for some "
        f"{len(flat) * _SECONDS:g} s, first at about {flat[0] * _SECONDS:g} s"
    )
