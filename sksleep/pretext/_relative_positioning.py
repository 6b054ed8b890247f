"""Relative positioning: were two windows close in time, or far apart?"""

import numpy as np
from torch import nn

from ._base import Batch, PretextTask
from ._plan import (
    TOLERANCE,
    check_at_least_two,
    check_taus,
    is_far,
    is_near,
    mixed_batches,
    neighbourhoods,
    rows_of_recordings,
    tuple_batches,
)

# Windows of a batch that are close to each other on purpose: by chance alone few
# would be.
_N_NEIGHBOURS = 4


class RelativePositioning(PretextTask):
    """Tell pairs of windows that are close in time from pairs that are far apart.

    Signal changes slowly, as sleep stages or behaviours do: windows close in time
    mostly share their state. A pair of windows of one recording is close where
    ``|t - t'| <= tau_pos`` and far where ``|t - t'| > tau_neg``; pairs in between
    are not asked about. The score is ``w . |h - h'| + b``.

    Parameters
    ----------
    tau_pos : float, default=30.0
        Greatest distance of the onsets of a close pair, in seconds.
    tau_neg : float, default=120.0
        Distance in seconds that the onsets of a far pair exceed; at least
        `tau_pos`.
    windows_per_recording : int, default=32
        How many windows of one recording meet in a batch; all their close pairs
        are scored and as many far ones, or the other way round. Not used with
        `n_tuples`.
    n_tuples : int, default=None
        If given, the published way instead: each epoch draws that many pairs per
        recording independently of each other, half of them close.

    References
    ----------
    Banville et al. (2021), "Uncovering the structure of clinical EEG signals with
    self-supervised learning", J. Neural Eng. 18, section 2.2.1.

    Examples
    --------
    >>> import numpy as np
    >>> from sksleep.pretext import RelativePositioning
    >>> task = RelativePositioning(tau_pos=3, tau_neg=9)
    >>> recording_index, onsets = np.zeros(8, dtype=int), np.arange(0, 24, 3)
    >>> rng = np.random.default_rng(0)
    >>> batch = next(task.plan_epoch(recording_index, onsets, 8, rng))
    >>> times = onsets[batch.windows][batch.tuples]
    >>> distances = abs(times[:, 0] - times[:, 1])
    >>> sorted(set(distances[batch.targets == 1])), batch.targets.mean()
    ([np.int64(3)], np.float64(0.5))
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
        closest = np.diff(onsets).min(initial=np.inf)
        farthest = onsets[-1] - onsets[0]
        return bool(is_near(closest, self.tau_pos) and is_far(farthest, self.tau_neg))

    def requirement(self):
        return (
            f"two windows at most tau_pos={self.tau_pos:g} apart and two more than "
            f"tau_neg={self.tau_neg:g} apart"
        )

    def plan_epoch(self, recording_index, onsets, batch_size, rng):
        if self.n_tuples is not None:
            pairs, targets = self._draw_pairs(recording_index, onsets, rng)
            yield from tuple_batches(pairs, targets, batch_size, rng)
            return
        groups = neighbourhoods(
            recording_index, onsets, self.tau_pos, _N_NEIGHBOURS, rng
        )
        for windows in mixed_batches(
            groups, recording_index, batch_size, self.windows_per_recording, rng
        ):
            pairs, targets = self._all_pairs(
                recording_index[windows], onsets[windows], rng
            )
            if len(pairs):
                yield Batch(windows, pairs, targets)

    def make_head(self, n_features):
        return _DistanceHead(n_features)

    def _all_pairs(self, recording_index, onsets, rng):
        """Return all pairs among windows of one recording, as many far as close."""
        first, second = np.triu_indices(len(onsets), k=1)
        same = recording_index[first] == recording_index[second]
        pairs = np.column_stack([first[same], second[same]])
        distance = abs(onsets[pairs[:, 0]] - onsets[pairs[:, 1]])
        close = np.flatnonzero(is_near(distance, self.tau_pos))
        far = np.flatnonzero(is_far(distance, self.tau_neg))
        n = min(len(close), len(far))
        rows = [rng.permutation(close)[:n], rng.permutation(far)[:n]]
        return pairs[np.concatenate(rows)], np.repeat([1.0, 0.0], n)

    def _draw_pairs(self, recording_index, onsets, rng):
        """Return `n_tuples` pairs per recording, drawn independently."""
        n_far = self.n_tuples // 2
        n_close = self.n_tuples - n_far
        pairs = []
        for rows in rows_of_recordings(recording_index, onsets):
            anchors, partners = _draw_partners(
                onsets[rows], self.tau_pos, self.tau_neg, n_close, n_far, rng
            )
            pairs.append(np.column_stack([rows[anchors], rows[partners]]))
        targets = np.repeat([1.0, 0.0], [n_close, n_far])
        return np.concatenate(pairs), np.tile(targets, len(pairs))


def _draw_partners(onsets, tau_pos, tau_neg, n_close, n_far, rng):
    """Draw pairs among sorted onsets: an anchor, then a partner close or far.

    Both are drawn uniformly, the anchor among the windows that have a partner.
    """
    n = len(onsets)
    # Close partners lie in [begin, end) around the anchor, itself left out; far
    # ones in [0, before) and [after, n).
    begin = np.searchsorted(onsets, onsets - tau_pos - TOLERANCE, side="left")
    end = np.searchsorted(onsets, onsets + tau_pos + TOLERANCE, side="right")
    before = np.searchsorted(onsets, onsets - tau_neg - TOLERANCE, side="left")
    after = np.searchsorted(onsets, onsets + tau_neg + TOLERANCE, side="right")

    close_anchors = rng.choice(np.flatnonzero(end - begin > 1), n_close)
    close = begin[close_anchors] + rng.integers((end - begin - 1)[close_anchors])
    close += close >= close_anchors

    far_anchors = rng.choice(np.flatnonzero(before + n - after > 0), n_far)
    far = rng.integers((before + n - after)[far_anchors])
    far += np.where(far >= before[far_anchors], (after - before)[far_anchors], 0)
    anchors = np.concatenate([close_anchors, far_anchors])
    return anchors, np.concatenate([close, far])


class _DistanceHead(nn.Module):
    """Score pairs of embeddings by a weighted sum of their absolute differences."""

    def __init__(self, n_features):
        super().__init__()
        self.linear = nn.Linear(n_features, 1)

    def forward(self, embeddings, tuples):
        first, second = embeddings[tuples[:, 0]], embeddings[tuples[:, 1]]
        return self.linear(abs(first - second)).squeeze(1)
