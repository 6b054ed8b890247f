"""Recordings that seem to be in several units."""

import numpy as np

from .._memmap import release
from .._warn import warn

_N_BLOCKS, _N_SAMPLES = 16, 256  # that a recording's scale is told from
_REST = 1e-5  # of the largest spread: rounding, and what filters leave of a constant
_LEAST = 0.2  # of what is looked at must move
_MOST_TIMES = 300  # volts and millivolts are further apart, animals and amplifiers less


def warn_of_units(recordings, fitted=None):
    """Warn of recordings whose signals are of scales that are far apart.

    Parameters
    ----------
    recordings : list of Recording
    fitted : (float, str), default=None
        What this returned of the recordings of ``fit``.

    Returns
    -------
    scale : float
        The median of the recordings' scales.
    name : str
        Whose that is.
    """
    scales = sorted((_scale(recording), recording.name) for recording in recordings)
    named = sorted([*scales, fitted] if fitted else scales)
    named = [pair for pair in named if pair[0] > 0]
    if named and named[-1][0] > _MOST_TIMES * named[0][0]:
        (smallest, quiet), (largest, loud) = named[0], named[-1]
        warn(
            "Recordings seem to be in several units: the standard deviation of "
            f"{quiet!r} is about {smallest:.2g}, that of {loud!r} {largest:.2g}. MNE's "
            "signals are in V; bring all to one unit, as band power and the limits of "
            "reject and flat depend on it."
        )
    return scales[len(scales) // 2]


def _scale(recording):
    """Return a typical standard deviation of channels where they move, 0 if unknown."""
    last = max(0, recording.n_times - _N_SAMPLES)
    begins = np.linspace(0, last, _N_BLOCKS).astype(int)
    blocks = [recording.data[:, b : b + _N_SAMPLES] for b in begins]
    spread = np.stack(blocks).std(axis=-1)
    release(recording.data)
    moves = spread[(spread > 0) & (spread >= _REST * spread.max())]
    return float(np.median(moves)) if len(moves) >= _LEAST * spread.size else 0.0
