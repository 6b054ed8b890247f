"""What relative positioning and temporal shuffling have in common."""

import warnings
from functools import partial

import numpy as np

from .._constraints import POSITIVE, AtLeast
from ._base import Batch, PretextTask
from ._plan import (
    mixed_batches,
    neighbourhoods,
    of_each_recording,
    rows_of_recordings,
    slack_between,
    tuple_batches,
)

# Tuples of a batch with the same answer, per window: more of them cost time and memory
# and say little that is new.
_MOST_PER_WINDOW = 32
# Batches whose windows wait for others: what is looked for grows with their square.
_MOST_WAITING = 8


class TauTask(PretextTask):
    """A yes-or-no question about windows that are near or far in time.

    A subclass sets `_n_neighbours` and writes `_find_tuples` and `_draw_tuples`.
    """

    # Windows of a batch that are close to each other on purpose: by chance alone
    # few would be.
    _n_neighbours: int

    _parameter_constraints = {
        "tau_pos": [POSITIVE],
        "tau_neg": [POSITIVE],
        "windows_per_recording": [AtLeast(2)],
        "n_tuples": [AtLeast(2), None],
    }

    def __init__(
        self, tau_pos=30.0, tau_neg=120.0, *, windows_per_recording=32, n_tuples=None
    ):
        self.tau_pos = tau_pos
        self.tau_neg = tau_neg
        self.windows_per_recording = windows_per_recording
        self.n_tuples = n_tuples

    @property
    def default_batch_size(self):
        # Where all tuples of a step are scored, many small steps learn the most.
        return 32 if self.n_tuples is None else super().default_batch_size

    def check_params(self):
        super().check_params()
        if self.tau_neg < self.tau_pos:
            raise ValueError(
                f"{type(self).__name__}: tau_neg must be at least "
                f"tau_pos={self.tau_pos!r}, got {self.tau_neg!r}."
            )

    def plan_epoch(self, recording_index, onsets, batch_size, rng):
        if self.n_tuples is not None:
            tuples, targets = self._draw_epoch(recording_index, onsets, rng)
            yield from tuple_batches(tuples, targets, batch_size, rng)
            return
        groups = neighbourhoods(
            recording_index, onsets, self.tau_pos, self._n_neighbours, rng
        )
        slack = of_each_recording(slack_between, recording_index, onsets)
        ask_about = partial(self._ask_about, recording_index, onsets, slack, rng)
        mixed = mixed_batches(
            groups, recording_index, batch_size, self.windows_per_recording, rng
        )
        yield from self._ask_in_turn(mixed, ask_about, _MOST_WAITING * batch_size)

    def _ask_in_turn(self, mixed, ask_about, most_waiting):
        """Yield batches; windows that there is nothing to ask about wait for others.

        Parameters
        ----------
        mixed : iterable of ndarray of int
            The windows of one batch after the other.
        ask_about : callable
            From windows to a Batch, or None.
        most_waiting : int
            From so many windows on they are left out, with a warning.

        Yields
        ------
        batch : Batch
        """
        pending, waiting = None, []
        for windows in mixed:
            windows = np.concatenate([*waiting, windows])
            batch = ask_about(windows)
            # Those that there is nothing to ask about come with the next ones, as
            # with more of their recordings there may be tuples of both kinds.
            waiting = [windows] if batch is None else []
            if batch is not None:
                if pending is not None:
                    yield pending
                pending = batch
            elif len(windows) >= most_waiting:
                self._warn_of_left_out(most_waiting)
                waiting = []
        if pending is not None:
            if waiting:
                windows = np.concatenate([pending.windows, *waiting])
                pending = ask_about(windows)
            yield pending

    def _ask_about(self, recording_index, onsets, slack, rng, windows):
        """Return a batch of windows; None if it has not a tuple of each kind."""
        of_windows = (x[windows] for x in (recording_index, onsets, slack))
        found = self._find_tuples(*of_windows)
        if not min(map(len, found)):
            return None
        n_each = min(max(map(len, found)), _MOST_PER_WINDOW * len(windows))
        chosen = [_choose(tuples, n_each, rng) for tuples in found]
        tuples = _mirror_half(np.concatenate(chosen), rng)
        return Batch(windows, tuples, np.repeat([1.0, 0.0], n_each))

    def _warn_of_left_out(self, n_windows):
        # Here, so that Python tells it once: the thread that reads ahead comes by, too.
        warnings.warn(
            f"{type(self).__name__} asks nothing about some windows: among "
            f"{n_windows} there were not {self.requirement()}. A smaller tau_neg, a "
            "greater tau_pos or a larger batch_size leaves fewer out.",
            stacklevel=1,
        )

    def _draw_epoch(self, recording_index, onsets, rng):
        """Return `n_tuples` tuples per recording, drawn independently."""
        n_no = self.n_tuples // 2
        n_yes = self.n_tuples - n_no
        tuples = [
            rows[self._draw_tuples(onsets[rows], n_yes, n_no, rng)]
            for rows in rows_of_recordings(recording_index, onsets)
        ]
        targets = np.tile(np.repeat([1.0, 0.0], [n_yes, n_no]), len(tuples))
        return _mirror_half(np.concatenate(tuples), rng), targets

    def _find_tuples(self, recording_index, onsets, slack):
        """Return all tuples with the answer yes and all with no, as positions.

        `slack` is by how much times of each window's recording may be off.
        """
        raise NotImplementedError

    def _draw_tuples(self, onsets, n_yes, n_no, rng):
        """Return tuples with the answer yes, then no, of one recording.

        Onsets are sorted, tuples are positions in them.
        """
        raise NotImplementedError


def _choose(tuples, n, rng):
    """Return n of the tuples: a part, or each as often as any other or once more."""
    return tuples[np.resize(rng.permutation(len(tuples)), n)]


def _mirror_half(tuples, rng):
    """Turn a random half of the tuples around."""
    is_turned = rng.random(len(tuples)) < 0.5
    return np.where(is_turned[:, np.newaxis], tuples[:, ::-1], tuples)
