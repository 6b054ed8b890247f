"""Relative positioning: were two windows close in time, or far apart?"""

import numpy as np
from torch import nn

from ._embeddings_at import embeddings_at
from ._plan import is_far, is_near, pairs_before, slack_between
from ._tau_task import TauTask


class RelativePositioning(TauTask):
    """Tell pairs of windows that are close in time from pairs that are far apart.

    Signal changes slowly, as sleep stages or behaviours do: windows close in time
    mostly share their state. A pair of windows of one recording is close where
    ``|t - t'| <= tau_pos`` and far where ``|t - t'| > tau_neg``; pairs in between, and
    pairs of a window and a copy of it, are not used. Onsets are whole samples:
    times that differ by less than a fiftieth of the recording's shortest step from
    window to window are the same. The score is ``w . |h - h'| + b``.

    Parameters
    ----------
    tau_pos : float, default=30.0
        Greatest distance of the onsets of a close pair, in seconds.
    tau_neg : float, default=120.0
        Distance in seconds that the onsets of a far pair exceed; at least
        `tau_pos`.
    windows_per_recording : int, default=32
        How many windows of one recording meet in a batch, more where there are not
        recordings enough to fill it. All their pairs are scored, up to 32 of a kind for
        each window; the rarer kind comes again, so that half of the pairs are
        close. Not used with `n_tuples`.
    n_tuples : int, default=None
        If given, the published way instead: each epoch draws that many pairs per
        recording independently of each other, half of them close.

    Raises
    ------
    ValueError
        In an embedder's ``fit``: if `tau_pos` is not positive or greater than
        `tau_neg`, the other parameters are not whole numbers of at least 2, or no
        recording has a close and a far pair.

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

    _n_neighbours = 4
    is_capturable = True

    def serves(self, onsets):
        slack = slack_between(onsets)
        closest = np.diff(np.unique(onsets)).min(initial=np.inf)
        farthest = onsets[-1] - onsets[0]
        has_close = is_near(closest, self.tau_pos, slack)
        return bool(has_close and is_far(farthest, self.tau_neg, slack))

    def requirement(self):
        return (
            f"two windows at most tau_pos={self.tau_pos:g} apart and two more than "
            f"tau_neg={self.tau_neg:g} apart"
        )

    def make_head(self, n_features):
        return _DistanceHead(n_features)

    def _find_tuples(self, recording_index, onsets, slack):
        pairs = _pairs_of_recordings(recording_index)
        distance = abs(onsets[pairs[:, 0]] - onsets[pairs[:, 1]])
        slack = slack[pairs[:, 0]]
        # A window that comes twice is not close to itself.
        is_close = (distance > 0) & is_near(distance, self.tau_pos, slack)
        return pairs[is_close], pairs[is_far(distance, self.tau_neg, slack)]

    def _draw_tuples(self, onsets, n_yes, n_no, rng):
        # Anchor and partner are drawn uniformly, the anchor among the windows that
        # have a partner.
        slack = slack_between(onsets)
        close = _draw_close_pairs(onsets, self.tau_pos + slack, n_yes, rng)
        far = _draw_far_pairs(onsets, self.tau_neg + slack, n_no, rng)
        return np.concatenate([close, far])


def _pairs_of_recordings(recording_index):
    """Return the positions of all pairs of one recording, in ascending order."""
    order = np.argsort(recording_index, kind="stable")
    of_recording = recording_index[order]
    end = np.searchsorted(of_recording, of_recording, side="right")
    first, second = pairs_before(end)
    pairs = np.column_stack([order[first], order[second]])
    return pairs[np.argsort(pairs[:, 0], kind="stable")]


def _draw_close_pairs(onsets, most, n, rng):
    # Partners lie in [begin, own) and [after_own, end): around the anchor, but itself
    # and copies of it.
    begin = np.searchsorted(onsets, onsets - most, side="left")
    end = np.searchsorted(onsets, onsets + most, side="right")
    own = np.searchsorted(onsets, onsets, side="left")
    n_own = np.searchsorted(onsets, onsets, side="right") - own
    n_partners = end - begin - n_own
    anchors = rng.choice(np.flatnonzero(n_partners), n)
    partners = begin[anchors] + rng.integers(n_partners[anchors])
    partners += np.where(partners >= own[anchors], n_own[anchors], 0)
    return np.column_stack([anchors, partners])


def _draw_far_pairs(onsets, least, n, rng):
    # Partners lie in [0, before) and [after, n).
    before = np.searchsorted(onsets, onsets - least, side="left")
    after = np.searchsorted(onsets, onsets + least, side="right")
    n_partners = before + len(onsets) - after
    anchors = rng.choice(np.flatnonzero(n_partners), n)
    partners = rng.integers(n_partners[anchors])
    partners += np.where(partners >= before[anchors], (after - before)[anchors], 0)
    return np.column_stack([anchors, partners])


class _DistanceHead(nn.Module):
    """Score pairs of embeddings by a weighted sum of their absolute differences."""

    def __init__(self, n_features):
        super().__init__()
        self.linear = nn.Linear(n_features, 1)

    def forward(self, embeddings, tuples):
        first, second = (embeddings_at(embeddings, column) for column in tuples.T)
        return self.linear(abs(first - second)).squeeze(1)
