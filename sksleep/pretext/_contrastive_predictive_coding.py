"""Contrastive predictive coding: which window comes next?"""

import math

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch import nn
from torch.nn import functional

from .._constraints import AtLeast, StrOptions
from ._base import NOT_ASKED, Batch, PretextTask, part_of_asked
from ._embeddings_at import embeddings_at
from ._plan import (
    mixed_batches,
    of_each_recording,
    rows_of_recordings,
    usual_step,
)

# Part of a step by which another may differ. Where a step is no whole number of
# samples they differ by a sample, which is less of one of 8 samples or more; a window
# that is missing makes twice a step.
_SLACK = 1 / 8 + 1e-6


class ContrastivePredictiveCoding(PretextTask):
    """Pick the windows that follow a sequence of windows among others.

    A GRU reads `n_context` consecutive windows. For each of the `n_predict` windows
    that follow, a bilinear map of its own scores the true window and `n_negatives`
    others of the batch; the loss is InfoNCE, cross-entropy over these scores.
    Windows are consecutive when each begins one step after the one before, the
    step being the usual one of the recording to an eighth: a gap in time breaks a
    sequence. A window that comes several times counts once.

    Parameters
    ----------
    n_context : int, default=5
        Consecutive windows that the prediction is made from. The published study of
        sleep, with windows of 30 s, has 10.
    n_predict : int, default=5
        Windows to predict, those that follow. The published study has 16.
    n_negatives : int, default=10
        Wrong windows beside each true one.
    negatives : {"same", "across"}, default="same"
        Where wrong windows are drawn from, in the batch: from the same recording, or
        from all recordings. They are never windows of the sequence itself.
    n_hidden : int, default=100
        Size of the GRU's state.
    windows_per_sequence : int, default=None
        Length of the stretches of consecutive windows in a batch, at least
        `n_context` + `n_predict`; None is one and a half times that. Each stretch
        holds several sequences, which share the embeddings of their windows.

    Raises
    ------
    ValueError
        In an embedder's ``fit``: if a number is not whole or below 1, `negatives` is
        another, `windows_per_sequence` is too small, or no recording has more than
        `n_context` + `n_predict` consecutive windows, or several runs of as many.

    References
    ----------
    van den Oord et al. (2018), "Representation learning with contrastive predictive
    coding", arXiv:1807.03748. Banville et al. (2021), "Uncovering the structure of
    clinical EEG signals with self-supervised learning", J. Neural Eng. 18, section
    2.2.3.

    Examples
    --------
    >>> import numpy as np
    >>> from sksleep.pretext import ContrastivePredictiveCoding
    >>> task = ContrastivePredictiveCoding(n_context=3, n_predict=2, n_negatives=4)
    >>> recording_index, onsets = np.zeros(80, dtype=int), np.arange(80) * 3.0
    >>> rng = np.random.default_rng(0)
    >>> batch = next(task.plan_epoch(recording_index, onsets, 80, rng))
    >>> times = onsets[batch.windows][batch.tuples]
    >>> np.unique(np.diff(times[:, :3]))  # the context
    array([3.])
    >>> times.shape[1]  # then for each step the true window and four others
    13
    """

    default_batch_size = 128
    is_capturable = True

    _parameter_constraints = {
        "n_context": [AtLeast(1)],
        "n_predict": [AtLeast(1)],
        "n_negatives": [AtLeast(1)],
        "negatives": [StrOptions({"same", "across"})],
        "n_hidden": [AtLeast(1)],
        "windows_per_sequence": [AtLeast(1), None],
    }

    def __init__(
        self,
        n_context=5,
        n_predict=5,
        n_negatives=10,
        *,
        negatives="same",
        n_hidden=100,
        windows_per_sequence=None,
    ):
        self.n_context = n_context
        self.n_predict = n_predict
        self.n_negatives = n_negatives
        self.negatives = negatives
        self.n_hidden = n_hidden
        self.windows_per_sequence = windows_per_sequence

    def check_params(self):
        super().check_params()
        if self._stretch_length < self._length:
            raise ValueError(
                "ContrastivePredictiveCoding: windows_per_sequence must be at least "
                f"n_context + n_predict = {self._length}, got "
                f"{self.windows_per_sequence!r}."
            )

    def serves(self, onsets):
        lengths = [len(run) for run in _runs(onsets, usual_step(onsets))]
        return sum(n for n in lengths if n >= self._length) > self._length

    def requirement(self):
        return (
            f"more than n_context + n_predict = {self._length} consecutive windows, or "
            "several runs of as many"
        )

    def plan_epoch(self, recording_index, onsets, batch_size, rng):
        # Of recordings: that of a batch's windows may be another.
        usual = of_each_recording(usual_step, recording_index, onsets)
        stretches = self._stretches(recording_index, onsets, usual, rng)
        # Windows of one recording meet from several of its stretches: they are each
        # other's negatives.
        for windows in mixed_batches(
            stretches, recording_index, batch_size, max(1, batch_size // 2), rng
        ):
            about = (each[windows] for each in (recording_index, onsets, usual))
            tuples = self._all_tuples(*about, rng)
            if len(tuples):
                targets = np.zeros((len(tuples), self.n_predict), dtype=np.int64)
                yield Batch(windows, tuples, targets)

    def make_head(self, n_features):
        return _PredictionHead(
            n_features, int(self.n_hidden), self.n_context, self.n_predict
        )

    def loss(self, scores, targets):
        """Return InfoNCE, the mean over all predictions.

        Parameters
        ----------
        scores : tensor of shape (n_tuples, n_predict, 1 + n_negatives)
            The first is that of the true window.
        targets : tensor of int of shape (n_tuples, n_predict)
            0, the place of the true window; -100 is left out.

        Returns
        -------
        loss : tensor with one number
        """
        return functional.cross_entropy(
            scores.flatten(0, 1), targets.flatten(), ignore_index=NOT_ASKED
        )

    def accuracy(self, scores, targets):
        """Return the part of predictions whose true window has the highest score.

        Parameters
        ----------
        scores, targets : tensor
            As for `loss`.

        Returns
        -------
        accuracy : tensor with one number
            Chance is about 1 / (1 + `n_negatives`).
        """
        # The true window comes first. Equal scores are no right answer.
        is_right = scores[..., 0] > scores[..., 1:].amax(dim=-1)
        return part_of_asked(is_right, targets)

    @property
    def _length(self):
        return int(self.n_context) + int(self.n_predict)  # of numpy's few bits

    @property
    def _stretch_length(self):
        if self.windows_per_sequence is None:
            return -(-3 * self._length // 2)
        return self.windows_per_sequence

    def _stretches(self, recording_index, onsets, usual, rng):
        """Cut runs of consecutive windows, elsewhere each time, into stretches."""
        runs = self._long_runs(recording_index, onsets, usual)
        return [stretch for run in runs for stretch in self._cut(run, rng)]

    def _long_runs(self, recording_index, onsets, usual):
        """Yield the rows of consecutive windows, as many as a sequence has or more."""
        for rows in rows_of_recordings(recording_index, onsets):
            for run in _runs(onsets[rows], usual[rows[0]]):
                if len(run) >= self._length:
                    yield rows[run]

    def _cut(self, run, rng):
        """Cut a long run into stretches that are long enough for a sequence."""
        first = rng.integers(1, self._stretch_length + 1)
        cuts = np.arange(first, len(run), self._stretch_length)
        is_inside = (cuts >= self._length) & (cuts <= len(run) - self._length)
        return np.split(run, cuts[is_inside])

    def _all_tuples(self, recording_index, onsets, usual, rng):
        """Return all sequences among windows, each with its negatives."""
        runs = self._long_runs(recording_index, onsets, usual)
        sequences = np.concatenate(
            [sliding_window_view(run, self._length) for run in runs]
        )
        allowed = np.ones((len(sequences), len(onsets)), dtype=bool)
        if self.negatives == "same":
            own = recording_index[sequences[:, 0]]
            allowed = recording_index == own[:, np.newaxis]
        np.put_along_axis(allowed, sequences, False, axis=1)
        has_negative = allowed.any(axis=1)
        return self._add_negatives(sequences[has_negative], allowed[has_negative], rng)

    def _add_negatives(self, sequences, allowed, rng):
        """Return tuples: the context, then for each step the true and wrong windows."""
        if len(sequences) == 0:
            return sequences
        n_allowed = allowed.sum(axis=1)[:, np.newaxis, np.newaxis]
        candidates = np.argsort(~allowed, axis=1, kind="stable")
        shape = (len(sequences), self.n_predict, self.n_negatives)
        drawn = rng.integers(np.broadcast_to(n_allowed, shape))
        drawn = drawn.reshape(len(sequences), -1)
        wrong = np.take_along_axis(candidates, drawn, axis=1).reshape(shape)
        true = sequences[:, self.n_context :, np.newaxis]
        choices = np.concatenate([true, wrong], axis=2)
        context = sequences[:, : self.n_context]
        return np.hstack([context, choices.reshape(len(sequences), -1)])


class _PredictionHead(nn.Module):
    """Score the true and wrong windows of each step from the windows before."""

    def __init__(self, n_features, n_hidden, n_context, n_predict):
        super().__init__()
        self.n_context = n_context
        self.gru = nn.GRU(n_features, n_hidden, batch_first=True)
        self.predict = nn.Linear(n_hidden, n_predict * n_features, bias=False)

    def forward(self, embeddings, tuples):
        context, choices = tuples[:, : self.n_context], tuples[:, self.n_context :]
        n_sequences, n_features = len(tuples), embeddings.shape[1]
        _, state = self.gru(embeddings_at(embeddings, context))
        predictions = self.predict(state[0]).unflatten(1, (-1, n_features))
        # All scores of all steps against all windows of the batch at once; then
        # those that are asked for. Scaled as in attention, or scores of several
        # units would make the first epochs forget more than they learn.
        scores = predictions.flatten(0, 1) @ embeddings.T / math.sqrt(n_features)
        n_predict = predictions.shape[1]
        choices = choices.reshape(n_sequences * n_predict, -1)
        return _chosen(scores, choices).unflatten(0, (n_sequences, n_predict))


def _chosen(scores, choices):
    """Return of each row of scores those that are asked for.

    As torch.gather does, whose gradient GPUs add in no fixed order where a window was
    drawn twice.
    """
    n_rows, n_windows = scores.shape
    first = torch.arange(n_rows, device=scores.device).unsqueeze(1) * n_windows
    return embeddings_at(scores.reshape(-1, 1), first + choices).squeeze(-1)


def _runs(onsets, usual):
    """Divide positions of sorted onsets into runs of windows about a usual step apart.

    Of windows that begin at the same time, copies of one, the first is taken.
    """
    onsets, first = np.unique(onsets, return_index=True)
    breaks = np.flatnonzero(abs(np.diff(onsets) - usual) > _SLACK * usual)
    return np.split(first, breaks + 1)
