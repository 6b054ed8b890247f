"""Channels that seem to be in several units, and limits in another unit."""

import numpy as np

from .._memmap import release
from .._some_of import some_of
from .._warn import warn

_N_BLOCKS, _N_SAMPLES = 16, 256  # that a recording's scales are told from
_REST = 1e-5  # of the largest spread: rounding, and what filters leave of a constant
_LEAST = 0.2  # of what is looked at must move
_MOST_TIMES = 300  # volts and millivolts are further apart, animals and amplifiers less
_MOST_SWING = 1e4  # standard deviations: limits of artefacts lie far below


def warn_of_units(recordings, fitted=None):
    """Warn of channels whose signals are of scales that are far apart.

    Parameters
    ----------
    recordings : list of Recording
        Of the same channels.
    fitted : list of (float, str), default=None
        What this returned of the recordings of ``fit``.

    Returns
    -------
    typical : list of (float, str)
        For each channel the median of the recordings' scales, and whose that is.
    """
    scales = [(_scales(recording), recording.name) for recording in recordings]
    ch_names = recordings[0].ch_names
    typical, apart = [], []
    for row, ch_name in enumerate(ch_names):
        of_channel = sorted((float(each[row]), name) for each, name in scales)
        typical.append(of_channel[len(of_channel) // 2])
        known = sorted([*of_channel, *(fitted[row : row + 1] if fitted else [])])
        known = [pair for pair in known if pair[0] > 0]
        if known and known[-1][0] > _MOST_TIMES * known[0][0]:
            apart.append((ch_name, known[0], known[-1]))
    if apart:
        first, (smallest, quiet), (largest, loud) = apart[0]
        warn(
            "Channels seem to be in several units: "
            f"{some_of([repr(ch_name) for ch_name, _, _ in apart])}. The standard "
            f"deviation of {first!r} is about {smallest:.2g} in {quiet!r}, "
            f"{largest:.2g} in {loud!r}. MNE's signals are in V; bring all to one "
            "unit, as band power and the limits of reject and flat depend on it, or "
            "leave out a channel that is broken."
        )
    return typical


def warn_of_high_reject(limits, typical, ch_names):
    """Warn of limits to reject by that are in another unit than the signals.

    Parameters
    ----------
    limits : ndarray of float of shape (n_channels, 1)
        Infinite where there is none.
    typical : list of (float, str)
        As `warn_of_units` returns it.
    ch_names : tuple of str
    """
    for ch_name, [limit], (scale, name) in zip(ch_names, limits, typical, strict=True):
        if np.isfinite(limit) and 0 < scale * _MOST_SWING < limit:
            warn(
                f"reject={limit:g} seems to be in another unit than the signals: "
                f"the standard deviation of {ch_name!r} in recording {name!r} is about "
                f"{scale:.2g}. MNE's signals are in V."
            )
            return


def _scales(recording):
    """Return each channel's typical standard deviation where it moves, 0 if unknown."""
    last = max(0, recording.n_times - _N_SAMPLES)
    begins = np.linspace(0, last, _N_BLOCKS).astype(int)
    blocks = [recording.data[:, b : b + _N_SAMPLES] for b in begins]
    spread = np.stack(blocks).std(axis=-1)
    release(recording.data)
    moves = (spread > 0) & (spread >= _REST * spread.max(axis=0))
    return [
        np.median(of_channel[moving]) if moving.mean() >= _LEAST else 0.0
        for of_channel, moving in zip(spread.T, moves.T, strict=True)
    ]
