"""Signals that may be overwritten: those that transformers have made in memory.

What was read or made from an array is never overwritten, even where transformers pass
it on as it is.
"""

from collections import Counter
from weakref import WeakSet

import numpy as np

# Recordings that are gone leave it.
_made = WeakSet()


def remember(recordings):
    """Take note that a transformer has made recordings, of those in memory.

    Parameters
    ----------
    recordings : list of Recording

    Returns
    -------
    recordings : list of Recording
        The same.
    """
    _made.update(r for r in recordings if not isinstance(r.data, np.memmap))
    return recordings


def forget(recordings):
    """Take note that recordings are not to be overwritten, as a caller has them, too.

    Parameters
    ----------
    recordings : iterable of Recording
    """
    _made.difference_update(recordings)


def places_to_overwrite(recordings):
    """Return recordings' signals as arrays to write to, where they may be overwritten.

    From then on they may not be once more: they share their memory with the recording
    that comes of it.

    Parameters
    ----------
    recordings : list of Recording

    Returns
    -------
    places : list of ndarray or None
    """
    n_given = Counter(recordings)
    free = {r for r in recordings if r in _made and n_given[r] == 1}
    forget(recordings)
    for recording in free:
        recording._mark_overwritten()
    return [_unlock(r.data) if r in free else None for r in recordings]


def check_not_overwritten(recording):
    """Raise a ValueError if a recording's signal has become that of another.

    Parameters
    ----------
    recording : Recording
    """
    if recording._is_overwritten:
        raise ValueError(
            f"recording {recording.name!r} was overwritten: a filter with "
            "copy=False has filtered its signal where it is. Use what that returned, "
            "or make the recording anew if it was stopped; where the same recordings "
            "are used twice, as in GridSearchCV or FeatureUnion, filters need "
            "copy=True."
        )


def _unlock(signal):
    place = signal.view()
    place.flags.writeable = True  # which it is but for its recording
    return place
