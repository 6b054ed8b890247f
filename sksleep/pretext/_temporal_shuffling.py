"""Temporal shuffling: does a window lie between two others, or elsewhere?"""

import numpy as np
import torch
from torch import nn

from ._embeddings_at import embeddings_at
from ._plan import is_far, pairs_before, rows_of_recordings, slack_between
from ._tau_task import TauTask


class TemporalShuffling(TauTask):
    """Tell triplets of windows in the order of time from shuffled ones.

    The two ends of a triplet are windows of one recording with ``|t - t''| <=
    tau_pos``. In an ordered triplet the middle window lies between them in time; in
    a shuffled one it begins more than `tau_neg` before the first or after the last
    of them. Either end may come first. Distances that differ by less than a fiftieth
    of the recording's shortest step are the same. The score is
    ``w . [|h - h'|, |h' - h''|] + b``.

    Parameters
    ----------
    tau_pos : float, default=30.0
        Greatest distance of the onsets of the two ends, in seconds.
    tau_neg : float, default=120.0
        Distance in seconds that the onset of a shuffled middle window exceeds from
        both ends; at least `tau_pos`.
    windows_per_recording : int, default=32
        How many windows of one recording meet in a batch, more where there are not
        recordings enough to fill it. All their triplets are scored, up to 32 of a kind
        for each window; the rarer kind comes again, so that half of the triplets are
        ordered. Not used with `n_tuples`.
    n_tuples : int, default=None
        If given, the published way instead: each epoch draws that many triplets
        per recording independently of each other, half of them ordered.

    Raises
    ------
    ValueError
        In an embedder's ``fit``: if `tau_pos` is not positive or greater than
        `tau_neg`, the other parameters are no whole numbers of at least 2, or no
        recording has an ordered and a shuffled triplet.

    References
    ----------
    Banville et al. (2021), "Uncovering the structure of clinical EEG signals with
    self-supervised learning", J. Neural Eng. 18, section 2.2.2.

    Examples
    --------
    >>> import numpy as np
    >>> from sksleep.pretext import TemporalShuffling
    >>> task = TemporalShuffling(tau_pos=9, tau_neg=9)
    >>> recording_index, onsets = np.zeros(20, dtype=int), np.arange(0, 60, 3)
    >>> rng = np.random.default_rng(0)
    >>> batch = next(task.plan_epoch(recording_index, onsets, 20, rng))
    >>> first, middle, last = onsets[batch.windows][batch.tuples].T
    >>> between = (middle - first) * (middle - last) < 0
    >>> bool((between == batch.targets).all())
    True
    """

    _n_neighbours = 5
    is_capturable = True

    def serves(self, onsets):
        first, nearest, farthest = self._partners(onsets)
        # If there is anything between or beyond two ends, so there is between those
        # that are farthest from each other, or beyond those that are nearest.
        n_between, _, _ = self._count_middles(onsets, (first, farthest))
        _, n_before, n_after = self._count_middles(onsets, (first, nearest))
        return bool((n_between > 0).any() and (n_before + n_after > 0).any())

    def requirement(self):
        return (
            f"three windows within tau_pos={self.tau_pos:g} and one more than "
            f"tau_neg={self.tau_neg:g} away from two such"
        )

    def make_head(self, n_features):
        return _TwoDistancesHead(n_features)

    def _find_tuples(self, recording_index, onsets, slack):
        ordered, shuffled = [], []
        for rows in rows_of_recordings(recording_index, onsets):
            times, own_slack = onsets[rows], slack[rows[0]]
            first, last = _close_pairs(times, self.tau_pos + own_slack)
            middle = times[:, np.newaxis]
            between = (middle > times[first]) & (middle < times[last])
            away = is_far(times[first] - middle, self.tau_neg, own_slack)
            away |= is_far(middle - times[last], self.tau_neg, own_slack)
            for found, mask in ((ordered, between), (shuffled, away)):
                middles, pairs = np.nonzero(mask)
                triplets = np.column_stack([first[pairs], middles, last[pairs]])
                found.append(rows[triplets])
        return np.concatenate(ordered), np.concatenate(shuffled)

    def _draw_tuples(self, onsets, n_yes, n_no, rng):
        # Partners of an end lie together, so they are counted and not listed: in a day
        # of windows there are millions of pairs.
        first, nearest, farthest = self._partners(onsets)
        beyond_nearest = np.searchsorted(onsets, onsets[nearest], side="right")
        pairs = _draw_pairs(first, beyond_nearest, farthest, n_yes, rng)
        n_between, _, _ = self._count_middles(onsets, pairs)
        begin = np.searchsorted(onsets, onsets[pairs[0]], side="right")
        ordered = np.column_stack([pairs[0], begin + rng.integers(n_between), pairs[1]])

        least = self.tau_neg + slack_between(onsets)
        latest = np.searchsorted(onsets, onsets[-1] - least, side="left")
        _, n_before, _ = self._count_middles(onsets, (first, nearest))
        last = np.where(n_before, farthest, np.minimum(farthest, latest - 1))
        pairs = _draw_pairs(first, nearest, last, n_no, rng)
        _, n_before, n_after = self._count_middles(onsets, pairs)
        middle = rng.integers(n_before + n_after)
        n_skipped = len(onsets) - n_before - n_after
        middle += np.where(middle >= n_before, n_skipped, 0)
        shuffled = np.column_stack([pairs[0], middle, pairs[1]])
        return np.concatenate([ordered, shuffled])

    def _partners(self, onsets):
        """Return ends that have later partners, and each one's first and last."""
        most = self.tau_pos + slack_between(onsets)
        nearest = np.searchsorted(onsets, onsets, side="right")
        stop = np.searchsorted(onsets, onsets + most, side="right")
        first = np.flatnonzero(nearest < stop)
        return first, nearest[first], stop[first] - 1

    def _count_middles(self, onsets, pairs):
        """Count for pairs of ends the windows between, far before and far after."""
        first, last = onsets[pairs[0]], onsets[pairs[1]]
        n_between = np.searchsorted(onsets, last, side="left") - np.searchsorted(
            onsets, first, side="right"
        )
        least = self.tau_neg + slack_between(onsets)
        n_before = np.searchsorted(onsets, first - least, side="left")
        n_after = len(onsets) - np.searchsorted(onsets, last + least, side="right")
        return np.maximum(n_between, 0), n_before, n_after


def _draw_pairs(first, begin, last, n, rng):
    """Draw pairs of ends, all that there are with the same probability.

    Parameters
    ----------
    first, begin, last : ndarray of int of shape (n_firsts,)
        Ends, and for each the first and the last of its partners; none where the last
        comes before the first.
    n : int
    rng : numpy.random.Generator

    Returns
    -------
    first, last : ndarray of int of shape (n,)
    """
    bounds = np.cumsum(np.maximum(last - begin + 1, 0))
    number = rng.integers(bounds[-1], size=n)
    end = np.searchsorted(bounds, number, side="right")
    return first[end], last[end] - (bounds[end] - 1 - number)


class _TwoDistancesHead(nn.Module):
    """Score triplets by the distances of the middle embedding to both ends."""

    def __init__(self, n_features):
        super().__init__()
        self.linear = nn.Linear(2 * n_features, 1)

    def forward(self, embeddings, tuples):
        first, middle, last = (embeddings_at(embeddings, column) for column in tuples.T)
        distances = torch.cat([abs(first - middle), abs(middle - last)], dim=1)
        return self.linear(distances).squeeze(1)


def _close_pairs(onsets, most):
    """Return first and last of all pairs of distinct sorted onsets at most so far."""
    end = np.searchsorted(onsets, onsets + most, side="right")
    first, last = pairs_before(end)
    distinct = onsets[last] > onsets[first]
    return first[distinct], last[distinct]
