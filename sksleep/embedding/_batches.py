"""Windows to learn from, and the batches of an epoch."""

from itertools import zip_longest

import numpy as np
import torch
from torch.utils.data import Dataset


class PretextDataset(Dataset):
    """Windows of some recordings, for skorch.

    Parameters
    ----------
    source : WindowSource
        Where the windows are read.
    serving : list of ndarray of int
        For each pretext task, the recordings to take its windows from.
    """

    def __init__(self, source, serving):
        self.source = source
        self.serving = serving

    def __len__(self):
        return len(self.source)

    def rows_of_task(self, number):
        """Return the windows that a task may use."""
        return np.flatnonzero(
            np.isin(self.source.recording_index, self.serving[number])
        )

    def split(self, held_out):
        """Return the windows of all recordings but some, and those of these."""
        train = [np.setdiff1d(recordings, held_out) for recordings in self.serving]
        valid = [np.intersect1d(recordings, held_out) for recordings in self.serving]
        return PretextDataset(self.source, train), PretextDataset(self.source, valid)


class PretextBatches:
    """The batches of one epoch after the other: one pass of it is one epoch.

    Every step embeds the windows of one batch of each task together.

    Parameters
    ----------
    dataset : PretextDataset
        The windows.
    batch_size : int
        About how many windows to embed per step.
    tasks : list of PretextTask
        What plans the batches.
    seed : int
        With the number of the epoch it decides the plan.
    epoch : int or None
        Number of the first epoch; None plans every epoch alike.
    """

    def __init__(self, dataset, batch_size, *, tasks, seed, epoch):
        self.dataset = dataset
        self.batch_size = batch_size
        self.tasks = tasks
        self.seed = seed
        self.epoch = epoch

    def __iter__(self):
        for step in zip_longest(*self._plans()):
            yield self._load([batch for batch in enumerate(step) if batch[1]])
        if self.epoch is not None:
            self.epoch += 1

    def _plans(self):
        # The numbers after the seed keep the plans of epochs, and that of a fixed
        # validation epoch, apart.
        key = [self.seed, 1, 0] if self.epoch is None else [self.seed, 0, self.epoch]
        rngs = np.random.default_rng(key).spawn(len(self.tasks))
        return map(self._plan, range(len(self.tasks)), rngs)

    def _plan(self, number, rng):
        source, rows = self.dataset.source, self.dataset.rows_of_task(number)
        batch_size = max(1, self.batch_size // len(self.tasks))
        for batch in self.tasks[number].plan_epoch(
            source.recording_index[rows], source.onsets[rows], batch_size, rng
        ):
            yield batch._replace(windows=rows[batch.windows])

    def _load(self, batches):
        """Return the signal to embed, and each task's tuples and targets."""
        signals, questions, offset = [], {}, 0
        for number, (windows, tuples, targets) in batches:
            signal = torch.from_numpy(self.dataset.source.take(windows))
            tuples, targets = torch.from_numpy(tuples), torch.as_tensor(targets)
            signal, targets = self.tasks[number].prepare(signal, tuples, targets)
            signals.append(signal)
            # The tasks' windows lie one after the other in the step's signal.
            questions[str(number)] = {"tuples": tuples + offset, "targets": targets}
            offset += len(signal)
        return torch.cat(signals), questions
