"""Recordings that seem to be in several units."""

import warnings

import numpy as np

from .._memmap import release

_N_BLOCKS, _N_SAMPLES = 16, 256  # that a recording's scale is told from
_MOST_TIMES = 300  # volts and millivolts are further apart, animals and amplifiers less


def warn_of_units(recordings):
    """Warn of recordings whose signals are of scales that are far apart.

    Parameters
    ----------
    recordings : list of Recording
    """
    scales = np.array([_scale(recording) for recording in recordings])
    moves = np.flatnonzero(scales)
    if not len(moves) or scales.max() <= _MOST_TIMES * scales[moves].min():
        return
    smallest, largest = moves[scales[moves].argmin()], scales.argmax()
    warnings.warn(
        f"Recordings seem to be in several units: the standard deviation of "
        f"{recordings[smallest].name!r} is about {scales[smallest]:.2g}, that of "
        f"{recordings[largest].name!r} {scales[largest]:.2g}. MNE's signals are in V; "
        "bring all to one unit, as band power and the limits of reject and flat depend "
        "on it.",
        UserWarning,
        stacklevel=2,
    )


def _scale(recording):
    """Return a typical standard deviation of a recording's channels."""
    last = max(0, recording.n_times - _N_SAMPLES)
    begins = np.unique(np.linspace(0, last, _N_BLOCKS).astype(int))
    spread = [recording.data[:, b : b + _N_SAMPLES].std(axis=1) for b in begins]
    release(recording.data)
    return float(np.median(spread))
