"""Temporal shuffling: does a window lie between two others, or elsewhere?"""

import numpy as np
import torch
from torch import nn

from ._base import Batch, PretextTask
from ._plan import (
    TOLERANCE,
    check_at_least_two,
    check_taus,
    is_far,
    mixed_batches,
    neighbourhoods,
    rows_of_recordings,
    tuple_batches,
)

# Windows of a batch that are close to each other on purpose: a window between two
# others is rarely among windows drawn at random.
_N_NEIGHBOURS = 5


class TemporalShuffling(PretextTask):
    """Tell triplets of windows in the order of time from shuffled ones.

    The two ends of a triplet are windows of one recording with ``|t - t''| <=
    tau_pos``. In an ordered triplet the middle window lies between them in time; in
    a shuffled one it begins more than `tau_neg` before the first or after the last
    of them. Either end may come first. The score is
    ``w . [|h - h'|, |h' - h''|] + b``.

    Parameters
    ----------
    tau_pos : float, default=30.0
        Greatest distance of the onsets of the two ends, in seconds.
    tau_neg : float, default=120.0
        Distance in seconds that the onset of a shuffled middle window exceeds from
        both ends; at least `tau_pos`.
    windows_per_recording : int, default=32
        How many windows of one recording meet in a batch; all their ordered
        triplets are scored and as many shuffled ones, or the other way round. Not
        used with `n_tuples`.
    n_tuples : int, default=None
        If given, the published way instead: each epoch draws that many triplets
        per recording independently of each other, half of them ordered.

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

    def __init__(
        self, tau_pos=30.0, tau_neg=120.0, *, windows_per_recording=32, n_tuples=None
    ):
        self.tau_pos = tau_pos
        self.tau_neg = tau_neg
        self.windows_per_recording = windows_per_recording
        self.n_tuples = n_tuples

    def check_params(self):
        check_taus(self)
        check_at_least_two(self, "windows_per_recording")
        if self.n_tuples is not None:
            check_at_least_two(self, "n_tuples")

    def serves(self, onsets):
        pairs = _close_pairs(onsets, self.tau_pos)
        n_between, n_before, n_after = self._count_middles(onsets, pairs)
        return bool((n_between > 0).any() and (n_before + n_after > 0).any())

    def requirement(self):
        return (
            f"three windows within tau_pos={self.tau_pos:g} and one more than "
            f"tau_neg={self.tau_neg:g} away from two such"
        )

    def plan_epoch(self, recording_index, onsets, batch_size, rng):
        if self.n_tuples is not None:
            triplets, targets = self._draw_triplets(recording_index, onsets, rng)
            yield from tuple_batches(triplets, targets, batch_size, rng)
            return
        groups = neighbourhoods(
            recording_index, onsets, self.tau_pos, _N_NEIGHBOURS, rng
        )
        for windows in mixed_batches(
            groups, recording_index, batch_size, self.windows_per_recording, rng
        ):
            triplets, targets = self._all_triplets(
                recording_index[windows], onsets[windows], rng
            )
            if len(triplets):
                yield Batch(windows, triplets, targets)

    def make_head(self, n_features):
        return _TwoDistancesHead(n_features)

    def _all_triplets(self, recording_index, onsets, rng):
        """Return all triplets among windows, as many shuffled as ordered."""
        ordered, shuffled = [], []
        for rows in rows_of_recordings(recording_index, onsets):
            times = onsets[rows]
            first, last = _close_pairs(times, self.tau_pos)
            middle = times[:, np.newaxis]
            between = (middle > times[first]) & (middle < times[last])
            away = is_far(times[first] - middle, self.tau_neg)
            away |= is_far(middle - times[last], self.tau_neg)
            for found, mask in ((ordered, between), (shuffled, away)):
                middles, pairs = np.nonzero(mask)
                found.append(
                    rows[np.column_stack([first[pairs], middles, last[pairs]])]
                )
        ordered, shuffled = np.concatenate(ordered), np.concatenate(shuffled)
        n = min(len(ordered), len(shuffled))
        triplets = np.concatenate(
            [rng.permutation(ordered)[:n], rng.permutation(shuffled)[:n]]
        )
        return _mirror_half(triplets, rng), np.repeat([1.0, 0.0], n)

    def _draw_triplets(self, recording_index, onsets, rng):
        """Return `n_tuples` triplets per recording, drawn independently."""
        n_shuffled = self.n_tuples // 2
        n_ordered = self.n_tuples - n_shuffled
        triplets = []
        for rows in rows_of_recordings(recording_index, onsets):
            times = onsets[rows]
            pairs = _close_pairs(times, self.tau_pos)
            n_between, n_before, n_after = self._count_middles(times, pairs)
            pair = rng.choice(np.flatnonzero(n_between), n_ordered)
            begin = np.searchsorted(times, times[pairs[0][pair]], side="right")
            middle = begin + rng.integers(n_between[pair])
            ordered = np.column_stack([pairs[0][pair], middle, pairs[1][pair]])
            pair = rng.choice(np.flatnonzero(n_before + n_after), n_shuffled)
            middle = rng.integers((n_before + n_after)[pair])
            skipped = len(times) - n_before - n_after
            middle += np.where(middle >= n_before[pair], skipped[pair], 0)
            shuffled = np.column_stack([pairs[0][pair], middle, pairs[1][pair]])
            triplets.append(rows[np.concatenate([ordered, shuffled])])
        targets = np.repeat([1.0, 0.0], [n_ordered, n_shuffled])
        return (
            _mirror_half(np.concatenate(triplets), rng),
            np.tile(targets, len(triplets)),
        )

    def _count_middles(self, onsets, pairs):
        """Count for pairs of ends the windows between, far before and far after."""
        first, last = onsets[pairs[0]], onsets[pairs[1]]
        n_between = np.searchsorted(onsets, last, side="left") - np.searchsorted(
            onsets, first, side="right"
        )
        n_before = np.searchsorted(
            onsets, first - self.tau_neg - TOLERANCE, side="left"
        )
        n_after = len(onsets) - np.searchsorted(
            onsets, last + self.tau_neg + TOLERANCE, side="right"
        )
        return np.maximum(n_between, 0), n_before, n_after


class _TwoDistancesHead(nn.Module):
    """Score triplets by the distances of the middle embedding to both ends."""

    def __init__(self, n_features):
        super().__init__()
        self.linear = nn.Linear(2 * n_features, 1)

    def forward(self, embeddings, tuples):
        first, middle, last = (embeddings[column] for column in tuples.T)
        distances = torch.cat([abs(first - middle), abs(middle - last)], dim=1)
        return self.linear(distances).squeeze(1)


def _close_pairs(onsets, tau_pos):
    """Return first and last of all pairs of sorted onsets at most tau_pos apart."""
    end = np.searchsorted(onsets, onsets + tau_pos + TOLERANCE, side="right")
    n_partners = end - np.arange(len(onsets)) - 1
    first = np.repeat(np.arange(len(onsets)), n_partners)
    offset = np.arange(len(first)) - np.repeat(
        np.cumsum(n_partners) - n_partners, n_partners
    )
    last = first + 1 + offset
    distinct = onsets[last] > onsets[first]
    return first[distinct], last[distinct]


def _mirror_half(triplets, rng):
    """Turn a random half of the triplets around."""
    turned = rng.random(len(triplets)) < 0.5
    return np.where(turned[:, np.newaxis], triplets[:, ::-1], triplets)
