"""Windows to learn from, and the batches of an epoch."""

from itertools import zip_longest

import numpy as np
import torch
from torch.utils.data import Dataset

from ._captured_steps import can_be_padded, one_at_a_time, pad_tuples
from ._reading import make_reader, read_ahead


class PretextDataset(Dataset):
    """Windows of some recordings, for skorch.

    Parameters
    ----------
    source : WindowSource
        Where the windows are read.
    rows : list of ndarray of int
        For each task, the windows that it may use.
    y : ndarray of int of shape (n_windows,), default=None
        The labels, where one of the tasks uses them.
    reader : callable, default=None
        What reads windows, as :func:`make_reader` returns it; None reads on the
        processor's side.
    """

    def __init__(self, source, rows, y=None, reader=None):
        self.source = source
        self.rows = rows
        self.y = y
        self.reader = reader or make_reader(source.X, "cpu")

    def on(self, device):
        """Return the dataset with windows read to a device."""
        reader = make_reader(self.source.X, device)
        return PretextDataset(self.source, self.rows, self.y, reader)

    def split(self, held_out):
        """Return the windows to train on and those to validate on.

        Parameters
        ----------
        held_out : list of ndarray of int
            For each task, the recordings to validate on.
        """
        train, valid = [], []
        for rows, recordings in zip(self.rows, held_out, strict=True):
            is_valid = np.isin(self.source.recording_index[rows], recordings)
            train.append(rows[~is_valid])
            valid.append(rows[is_valid])
        return (
            PretextDataset(self.source, train, self.y, self.reader),
            PretextDataset(self.source, valid, self.y, self.reader),
        )


class PretextBatches:
    """The batches of one epoch after the other: one pass of it is one epoch.

    Every step embeds the windows of one batch of each task together. In training,
    a task whose plan is shorter than another's is planned again until all plans
    have ended.

    Parameters
    ----------
    dataset : PretextDataset
        The windows.
    batch_size : int or None
        About how many windows to embed per step; None leaves it to the tasks.
    tasks : list of PretextTask
        What plans the batches.
    seed : int
        With the number of the epoch it decides the plan.
    epoch : int or None
        Number of the first epoch; None, for validation, plans every epoch alike
        and each task once.
    """

    def __init__(self, dataset, batch_size, *, tasks, seed, epoch):
        self.dataset = dataset
        self.batch_size = batch_size
        self.tasks = tasks
        self.seed = seed
        self.epoch = epoch

    def __iter__(self):
        device = self.dataset.reader.device
        # No map, which takes a task's own StopIteration for the end.
        for step in read_ahead(self._read(), device):
            step = self._join(step)
            yield step
            del step  # or there would be three at once
        if self.epoch is not None:
            self.epoch += 1

    def first_batches(self):
        """Return each task's first batch of the next epoch; None if it has none."""
        plans = map(self._plan, range(len(self.tasks)), self._rngs())
        return [next(plan, None) for plan in plans]

    def _rngs(self):
        # The numbers after the seed keep the plans of epochs, and that of the
        # validation, apart.
        key = [self.seed, 1, 0] if self.epoch is None else [self.seed, 0, self.epoch]
        return np.random.default_rng(key).spawn(len(self.tasks))

    def _steps(self, rngs):
        """Yield for each step the tasks' batches, None where a task has no more."""
        if self.epoch is None:
            yield from zip_longest(*map(self._plan, range(len(self.tasks)), rngs))
            return
        plans = [self._plan(number, rng) for number, rng in enumerate(rngs)]
        has_ended = [False] * len(plans)
        while True:
            step = []
            for number, rng in enumerate(rngs):
                batch = next(plans[number], None)
                if batch is None:
                    has_ended[number] = True
                    if all(has_ended):
                        return
                    plans[number] = self._plan(number, rng)
                    batch = next(plans[number], None)
                step.append(batch)
            yield step

    def _plan(self, number, rng):
        task, rows = self.tasks[number], self.dataset.rows[number]
        if len(rows) == 0:
            return
        source, batch_size = self.dataset.source, self.batch_size_of(task)
        index, onsets = source.recording_index[rows], source.onsets[rows]
        for batch in task.plan_epoch(index, onsets, batch_size, rng):
            if len(batch.tuples) == 0:
                continue
            tuples = np.asarray(batch.tuples).astype(np.int64, "K", "same_kind")
            batch = batch._replace(windows=rows[batch.windows], tuples=tuples)
            if task.uses_labels:
                batch = batch._replace(targets=self.dataset.y[batch.windows])
            yield batch

    def batch_size_of(self, task):
        """Return about how many windows of a step are a task's."""
        pretext = [other for other in self.tasks if not other.uses_labels]
        if task.uses_labels and pretext:
            # As many as come to an end with the windows of the pretext task. Of few
            # labels an eighth: they come again and again, and batch normalisation
            # should see all signal.
            share = max(self._labelled_part(), 1 / 8)
            return max(1, round(share * sum(map(self.batch_size_of, pretext))))
        if self.batch_size is None:
            return task.default_batch_size
        return max(1, self.batch_size // max(1, len(pretext)))

    def _labelled_part(self):
        """Return how many windows have a label, over those of a pretext task."""
        pairs = list(zip(self.tasks, map(len, self.dataset.rows), strict=True))
        n_labelled = max(n for task, n in pairs if task.uses_labels)
        n_windows = max(n for task, n in pairs if not task.uses_labels)
        return min(1.0, n_labelled / max(1, n_windows))

    def _read(self):
        """Yield for each step, of each task that has one, its batch on the device."""
        for step in self._steps(self._rngs()):
            yield {
                number: self._fetch(batch, self.tasks[number])
                for number, batch in enumerate(step)
                if batch is not None
            }

    def _fetch(self, batch, task):
        """Return the signal of a batch's windows, its tuples and its targets."""
        signal = self.dataset.reader(batch.windows)
        is_on_gpu = signal.device.type == "cuda"
        if is_on_gpu and can_be_padded(task):
            batch = pad_tuples(batch)
        # CUDA has read such memory when it returns, other devices perhaps later.
        tuples, targets = (
            _as_tensor(array, signal.device).to(signal.device, non_blocking=is_on_gpu)
            for array in (batch.tuples, batch.targets)
        )
        return signal, tuples, targets

    def _join(self, batches):
        """Return the signal to embed, and each task's tuples and targets."""
        prepared, questions, offset = [], {}, 0
        for number, (signal, tuples, targets) in batches.items():
            with one_at_a_time(signal.device):
                signal, targets = self.tasks[number].prepare(signal, tuples, targets)
            prepared.append(signal)
            # The tasks' windows lie one after the other in the step's signal.
            tuples = tuples + offset if offset else tuples
            questions[number] = {"tuples": tuples, "targets": targets}
            offset += len(signal)
        signal = torch.cat(prepared) if len(prepared) > 1 else prepared[0]
        return signal, questions


def _as_tensor(array, device):
    """Return a planned array as a tensor whose numbers a device knows."""
    # torch takes no negative strides, as of what is reversed.
    if isinstance(array, np.ndarray) and min(array.strides, default=0) < 0:
        array = array.copy()
    tensor = torch.as_tensor(array)
    is_too_long = device.type == "mps" and tensor.dtype == torch.float64
    return tensor.float() if is_too_long else tensor
