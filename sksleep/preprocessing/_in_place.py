"""Signals that a transformer may overwrite."""

from numpy.lib.array_utils import byte_bounds

from .._memmap import is_of_file


def places_to_overwrite(signals):
    """Return signals as arrays to write to.

    Parameters
    ----------
    signals : list of ndarray
        They may be read-only views of what is not.

    Returns
    -------
    places : list of ndarray or None
        None for what must stay as it is: a signal in a file, in memory that is
        read-only, or of which a number lies in another signal, too. Also for parts of
        larger arrays.
    """
    overlapping = _find_overlapping(signals)
    return [
        None if number in overlapping else _place(signal)
        for number, signal in enumerate(signals)
    ]


def _place(signal):
    is_whole = signal.flags.c_contiguous or signal.flags.f_contiguous
    if not is_whole or is_of_file(signal):
        return None
    place = signal.view()
    try:
        place.flags.writeable = True
    except ValueError:  # the owner of the memory has made it read-only
        return None
    return place


def _find_overlapping(signals):
    """Return the numbers of signals that overlap with another one in memory."""
    bounds = [byte_bounds(signal) for signal in signals]
    overlapping = set()
    furthest = None  # of those that begin before, the one that ends last
    for number in sorted(range(len(signals)), key=bounds.__getitem__):
        begin, end = bounds[number]
        if furthest is not None and begin < bounds[furthest][1]:
            overlapping |= {number, furthest}
        if furthest is None or end > bounds[furthest][1]:
            furthest = number
    return overlapping
