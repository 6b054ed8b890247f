"""What a training step is asked, of which windows, and how long an epoch lasts."""

import numpy as np

from sksleep.embedding._batches import PretextBatches, PretextDataset
from sksleep.embedding._input import WindowSource
from sksleep.pretext import RelativePositioning


def source_of(index, onsets):
    """Windows whose only number is their position."""
    X = np.arange(len(index), dtype=np.float32).reshape(-1, 1, 1)
    return WindowSource(X, index, onsets, [f"S{k}" for k in range(max(index) + 1)])


def test_questions_are_about_the_windows_that_a_task_planned():
    """Those are rows of its own, and in a step lie after those of the tasks before."""
    index, onsets = np.repeat([0, 1], 60), np.tile(np.arange(60) * 3.0, 2)
    rows = [np.arange(60, 120), np.arange(60)]
    tasks = [RelativePositioning(9, 30), RelativePositioning(9, 30)]
    dataset = PretextDataset(source_of(index, onsets), rows)
    steps = list(PretextBatches(dataset, 64, tasks=tasks, seed=0, epoch=0))
    assert all(len(questions) == 2 for _, questions in steps)
    for signal, questions in steps:
        for number, question in questions.items():
            windows = signal[question["tuples"], 0, 0].numpy().astype(int)
            assert np.isin(windows, rows[int(number)]).all()
            distances = abs(np.diff(onsets[windows]))[:, 0]
            is_close = question["targets"].numpy() == 1
            np.testing.assert_array_equal(distances <= 9, is_close)
            np.testing.assert_array_equal(distances > 30, ~is_close)


def test_an_epoch_lasts_as_long_as_the_longest_plan():
    index, onsets = np.repeat([0, 1], 120), np.tile(np.arange(120) * 3.0, 2)
    rows = [np.arange(240), np.arange(60)]
    tasks = [RelativePositioning(9, 30), RelativePositioning(9, 30)]
    dataset = PretextDataset(source_of(index, onsets), rows)
    batches = PretextBatches(dataset, 64, tasks=tasks, seed=0, epoch=0)
    steps = list(batches._steps(batches._rngs()))
    of_first = np.concatenate([batch.windows for batch, _ in steps])
    assert sorted(of_first) == list(range(240))
    # The shorter one is planned again and again.
    of_second = np.concatenate([batch.windows for _, batch in steps])
    assert np.bincount(of_second, minlength=60).min() >= 3
