"""What the plans of several pretext tasks have in common."""

import numpy as np

from ._base import Batch

# Onsets are sample numbers over sfreq: their differences carry rounding errors. A
# microsecond, in s, is far below any sample and far above any rounding error.
_ROUNDING = 1e-6
# At rates that are no whole number of samples a step, steps differ by a sample, which
# is less than this part of a step of 50 samples or more. (Whether windows are
# consecutive, contrastive predictive coding judges by a larger part of the usual step.)
_JITTER = 1 / 50


def is_near(distance, tau, slack):
    """Tell whether a distance in time is at most tau, or `slack` more."""
    return distance <= tau + slack


def is_far(distance, tau, slack):
    """Tell whether a distance in time exceeds tau by more than `slack`."""
    return distance > tau + slack


def steps_between(onsets):
    """Return the steps between distinct onsets of one recording, in seconds.

    Parameters
    ----------
    onsets : ndarray of float of shape (n_windows,)

    Returns
    -------
    steps : ndarray of float
        At least one: 0 where all windows begin at one time.
    """
    steps = np.diff(np.unique(onsets))
    return steps if len(steps) else np.zeros(1)


def usual_step(onsets):
    """Return the median of `steps_between` onsets, the lower one of two."""
    return np.quantile(steps_between(onsets), 0.5, method="lower")


def slack_between(onsets):
    """Return by how much times of one recording may be off, by its shortest step."""
    return _ROUNDING + _JITTER * steps_between(onsets).min()


def rows_of_recordings(recording_index, onsets):
    """Return for each recording its windows in the order of their onsets.

    Parameters
    ----------
    recording_index : ndarray of int of shape (n_windows,)
    onsets : ndarray of float of shape (n_windows,)

    Returns
    -------
    rows : list of ndarray of int
        Positions of windows; recordings in ascending order of their number.
    """
    order = np.lexsort((onsets, recording_index))
    _, begins = np.unique(recording_index[order], return_index=True)
    return np.split(order, begins[1:])


def of_each_recording(function, recording_index, onsets):
    """Return for each window what a function makes of its recording's onsets.

    Parameters
    ----------
    function : callable
        From an ndarray of float to a float.
    recording_index : ndarray of int of shape (n_windows,)
    onsets : ndarray of float of shape (n_windows,)

    Returns
    -------
    values : ndarray of float of shape (n_windows,)
    """
    values = np.empty(len(onsets))
    for rows in rows_of_recordings(recording_index, onsets):
        values[rows] = function(onsets[rows])
    return values


def neighbourhoods(recording_index, onsets, span, size, rng):
    """Divide windows into groups of neighbours, differently each time.

    Parameters
    ----------
    recording_index : ndarray of int of shape (n_windows,)
    onsets : ndarray of float of shape (n_windows,)
    span : float
        The onsets of a group lie less than this apart, in seconds; or less than `size`
        of the recording's usual steps from window to window, if that is more.
    size : int
        About how many windows make a group.
    rng : numpy.random.Generator

    Returns
    -------
    groups : list of ndarray of int
        Each window is in one group.
    """
    # A grid of stretches that begins elsewhere each time; neighbours of a stretch
    # are dealt in turn to as many groups as it has room for.
    steps = of_each_recording(usual_step, recording_index, onsets)
    spans = np.maximum(span, size * steps)
    stretch = np.floor((onsets + rng.random() * spans) / spans)
    order = np.lexsort((rng.random(len(onsets)), stretch, recording_index))
    recording_index, stretch = recording_index[order], stretch[order]
    changes = [np.diff(recording_index, prepend=-1), np.diff(stretch, prepend=-1)]
    begins = np.flatnonzero(np.any(changes, axis=0))
    lengths = np.diff(begins, append=len(order))
    n_groups = np.maximum(1, np.round(lengths / size).astype(int))
    first_group = np.cumsum(n_groups) - n_groups
    rank = np.arange(len(order)) - np.repeat(begins, lengths)
    group = np.repeat(first_group, lengths) + rank % np.repeat(n_groups, lengths)
    sizes = np.bincount(group)
    return np.split(order[np.argsort(group, kind="stable")], np.cumsum(sizes)[:-1])


def pairs_before(end):
    """Return all pairs of positions whose second comes before an end of the first.

    Parameters
    ----------
    end : ndarray of int of shape (n,)
        Above its own position, for each.

    Returns
    -------
    first, second : ndarray of int of shape (n_pairs,)
        In ascending order.
    """
    place = np.arange(len(end))
    n_partners = end - place - 1
    first = np.repeat(place, n_partners)
    begins = np.cumsum(n_partners) - n_partners
    return first, first + 1 + np.arange(len(first)) - np.repeat(begins, n_partners)


def mixed_batches(groups, recording_index, batch_size, windows_per_recording, rng):
    """Yield windows for one batch after the other, each group once.

    A batch holds windows of several recordings, so that its statistics are those
    of the set, and several groups of each recording, so that they form tuples.

    Parameters
    ----------
    groups : list of ndarray of int
        Windows that stay together, of one recording each.
    recording_index : ndarray of int of shape (n_windows,)
    batch_size : int
        About how many windows make a batch.
    windows_per_recording : int
        About how many windows of one recording meet in a batch.
    rng : numpy.random.Generator

    Yields
    ------
    windows : ndarray of int
    """
    if not groups:
        return
    of_recording = {}
    for number in rng.permutation(len(groups)):
        group = groups[number]
        of_recording.setdefault(recording_index[group[0]], []).append(group)
    pieces, places = [], []
    for members in of_recording.values():
        packs = _packs(members, windows_per_recording)
        pieces += packs
        # Every recording is spread over the whole epoch.
        places.append((np.arange(len(packs)) + rng.random(len(packs))) / len(packs))
    order = np.argsort(np.concatenate(places))
    yield from _packs([pieces[number] for number in order], batch_size)


def _packs(items, size):
    """Join arrays, in their order, to arrays of about `size` elements each."""
    ends = np.cumsum([len(item) for item in items])
    n_packs = max(1, round(ends[-1] / size))
    pack = (ends - 1) * n_packs // ends[-1]
    bounds = np.flatnonzero(np.diff(pack)) + 1
    return [
        np.concatenate([items[i] for i in members])
        for members in np.split(np.arange(len(items)), bounds)
    ]


def tuple_batches(tuples, targets, batch_size, rng):
    """Yield batches of tuples that were drawn beforehand, in random order.

    Parameters
    ----------
    tuples : ndarray of int of shape (n_tuples, tuple_length)
    targets : ndarray of shape (n_tuples,)
    batch_size : int
        About how many windows make a batch.
    rng : numpy.random.Generator

    Yields
    ------
    batch : Batch
    """
    order = rng.permutation(len(tuples))
    n_batches = max(1, round(tuples.size / batch_size))
    for rows in np.array_split(order, min(n_batches, len(order))):
        windows, positions = np.unique(tuples[rows], return_inverse=True)
        yield Batch(windows, positions.reshape(tuples[rows].shape), targets[rows])
