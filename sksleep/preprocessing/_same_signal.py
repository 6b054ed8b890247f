"""Recordings that are given twice, under one name or two."""

import numpy as np

from .._memmap import probe, release
from .._some_of import some_of
from .._warn import warn

_BLOCK = 1 << 16  # samples compared in one go


def warn_of_same_signal(recordings):
    """Warn of recordings whose signals are the same, to the last sample.

    Under one name they would count twice; under two, one may be in training while the
    other is tested on.

    Parameters
    ----------
    recordings : list of Recording
    """
    seen, pairs = {}, []
    for recording in recordings:
        alike = seen.setdefault(_look_at(recording), [])
        twin = next((other for other in alike if _are_same(recording, other)), None)
        if twin is None:
            alike.append(recording)
        else:
            pairs.append(f"{twin.name!r} and {recording.name!r}")
    if not pairs:
        return
    warn(
        f"Recordings hold the same signal: {some_of(pairs, '; ')}. Leave "
        "one of each pair out, or it is in training and in the test at once where "
        "their subjects differ, and counts twice where they do not."
    )


def _look_at(recording):
    """Return a key that recordings of the same signal share, and few others."""
    key = recording.data.shape, probe(recording.data)
    release(recording.data)
    return key


def _are_same(one, other):
    begins = one.data.ctypes.data, other.data.ctypes.data
    if begins[0] == begins[1] and one.data.strides == other.data.strides:
        return True  # one array, given twice
    blocks = (slice(k, k + _BLOCK) for k in range(0, one.n_times, _BLOCK))
    same = all(np.array_equal(one.data[:, b], other.data[:, b]) for b in blocks)
    for recording in (one, other):
        release(recording.data)
    return same
