"""How much of the windows a plan makes use of."""

import numpy as np
import pytest

from sksleep.pretext import RelativePositioning, TemporalShuffling


def grid(n_recordings, n_windows, step):
    index = np.repeat(np.arange(n_recordings), n_windows)
    return index, np.tile(np.arange(n_windows) * step, n_recordings)


def yes_tuples(batch):
    """The tuples with the answer yes, each once."""
    tuples = batch.windows[batch.tuples[batch.targets == 1]]
    return {tuple(sorted(windows)) for windows in tuples.tolist()}


@pytest.mark.parametrize(
    ("task", "step", "fewest_per_window"),
    [
        (RelativePositioning(), 3.0, 1.5),
        (RelativePositioning(), 30.0, 0.5),
        (RelativePositioning(tau_pos=31), 30.0, 0.5),
        (RelativePositioning(tau_pos=59), 30.0, 0.5),
        (RelativePositioning(3, 9), 3.0, 0.5),
        (TemporalShuffling(), 3.0, 1.0),
        (TemporalShuffling(tau_pos=60), 30.0, 0.4),
        (TemporalShuffling(tau_pos=89), 30.0, 0.4),
    ],
)
def test_all_windows_are_asked_about_whatever_their_step(task, step, fewest_per_window):
    index, onsets = grid(10, 500, step)
    batches = list(task.plan_epoch(index, onsets, 32, np.random.default_rng(0)))
    used = np.concatenate([batch.windows for batch in batches])
    assert len(used) == len(set(used)) >= 0.99 * len(index)
    n_yes = [len(yes_tuples(batch)) for batch in batches]
    assert np.median(n_yes) > fewest_per_window * 32
    in_yes = {
        window for batch in batches for pair in yes_tuples(batch) for window in pair
    }
    assert len(in_yes) > 0.9 * len(index)


@pytest.mark.parametrize("task", [RelativePositioning(), TemporalShuffling()])
def test_short_recordings_are_used_as_long_ones_are(task):
    index = np.repeat(np.arange(4), [3000, 50, 50, 50])
    onsets = np.concatenate([np.arange(n) * 3.0 for n in (3000, 50, 50, 50)])
    counts = np.zeros(4)
    for seed in range(5):
        for batch in task.plan_epoch(index, onsets, 32, np.random.default_rng(seed)):
            counts += np.bincount(index[batch.windows], minlength=4)
    assert (counts / (5 * np.bincount(index)) > 0.95).all()


@pytest.mark.parametrize("task", [RelativePositioning(), TemporalShuffling()])
def test_what_serves_gives_a_batch_whatever_the_seed(task):
    index, onsets = grid(4, 50, 3.0)
    assert task.serves(onsets[:50])
    for seed in range(100):
        batches = list(task.plan_epoch(index, onsets, 32, np.random.default_rng(seed)))
        assert sum(len(batch.windows) for batch in batches) >= 100


def test_windows_with_nothing_to_ask_about_do_not_wait_for_ever():
    # Of 4,000 windows two are close.
    index, onsets = grid(1, 4000, 30.0)
    onsets[-1] = onsets[-2] + 1
    task = RelativePositioning(3, 120)
    assert task.serves(onsets)
    batches = task.plan_epoch(index, onsets, 32, np.random.default_rng(0))
    with pytest.warns(UserWarning, match="asks nothing about some windows: among 256"):
        sizes = [len(batch.windows) for batch in batches]
    assert max(sizes) < 32 * 12


@pytest.mark.parametrize("n_tuples", [None, 400])
@pytest.mark.parametrize("task", [RelativePositioning, TemporalShuffling])
def test_a_jitter_of_one_sample_moves_no_window_across_tau(task, n_tuples):
    sfreq, step = 127.1566, 4.0
    index, onsets = grid(1, 300, step)
    plans = []
    for times in (onsets, np.round(onsets * sfreq) / sfreq):
        a_task = task(6 * step, 12 * step, n_tuples=n_tuples)
        assert a_task.serves(times)
        batches = a_task.plan_epoch(index, times, 32, np.random.default_rng(0))
        plans.append(np.concatenate([b.windows[b.tuples] for b in batches]))
    np.testing.assert_array_equal(*plans)


@pytest.mark.parametrize("n_tuples", [None, 400])
def test_a_window_is_not_close_to_a_copy_of_itself(n_tuples):
    index, onsets = grid(2, 60, 3.0)
    rows = np.sort(np.random.default_rng(0).integers(120, size=240))
    index, onsets = index[rows], onsets[rows]
    task = RelativePositioning(6, 20, n_tuples=n_tuples)
    rng = np.random.default_rng(0)
    for batch in task.plan_epoch(index, onsets, 32, rng):
        times = onsets[batch.windows][batch.tuples]
        assert (times[:, 0] != times[:, 1]).all()
    assert not RelativePositioning(1, 20).serves(np.sort(onsets[index == 0]))


def test_pairs_of_a_large_batch_take_little_memory():
    # 1,000 recordings: their own pairs are a thousandth of all pairs of the batch.
    index, onsets = grid(1000, 20, 10.0)
    task = RelativePositioning(windows_per_recording=20)
    [batch] = task.plan_epoch(index, onsets, len(index), np.random.default_rng(0))
    assert len(batch.windows) == 20_000
    pairs = index[batch.windows][batch.tuples]
    assert (pairs[:, 0] == pairs[:, 1]).all()


@pytest.mark.parametrize("n_tuples", [None, 4000])
@pytest.mark.parametrize("kind", [RelativePositioning, TemporalShuffling])
def test_times_that_rounding_moves_across_tau_count_as_on_it(kind, n_tuples):
    index, onsets = grid(1, 40, 0.1)  # 0.1 * 3 > 0.3 in floating point
    task = kind(0.3, 0.6, windows_per_recording=40, n_tuples=n_tuples)
    (batch,) = task.plan_epoch(index, onsets, 20_000, np.random.default_rng(0))
    yes, no = (batch.windows[batch.tuples[batch.targets == t]] for t in (1, 0))
    ends = {tuple(sorted(pair)) for pair in yes[:, [0, -1]].tolist()}
    assert sum(last - first == 3 for first, last in ends) == 37
    assert max(last - first for first, last in ends) == 3
    if kind is TemporalShuffling:
        assert abs(no[:, 0] - no[:, 2]).max() == 3
        no = np.concatenate([no[:, :2], no[:, 1:]])
    distances = abs(no[:, 0] - no[:, 1])
    assert distances.min() == 7


@pytest.mark.parametrize("kind", [RelativePositioning, TemporalShuffling])
def test_drawn_tuples_are_mixed(kind):
    index, onsets = grid(4, 100, 3.0)
    task = kind(30, 60, n_tuples=200)
    for batch in task.plan_epoch(index, onsets, 64, np.random.default_rng(0)):
        assert 0 < batch.targets.mean() < 1
        assert len(set(index[batch.windows])) > 1


@pytest.mark.parametrize("kind", [RelativePositioning, TemporalShuffling])
def test_a_jitter_counts_by_the_steps_of_its_own_recording(kind):
    sfreq, step = 127.1566, 4.0
    times = np.round(np.arange(100) * step * sfreq) / sfreq
    index = np.repeat([0, 1], [5, 100])
    onsets = np.r_[np.arange(5) * 0.1, times]
    task = kind(6 * step, 12 * step, windows_per_recording=200)
    for seed in range(4):
        rng = np.random.default_rng(seed)
        (batch,) = task.plan_epoch(index, onsets, 200, rng)
        tuples = batch.windows[batch.tuples]
        is_other = index[tuples[:, 0]] == 1
        yes = tuples[is_other & (batch.targets == 1)]
        no = tuples[is_other & (batch.targets == 0)]
        ends = np.sort(yes[:, [0, -1]])
        # Of windows 6 steps apart, all pairs are close.
        assert len({first for first, last in ends if last - first == 6}) == 94
        assert abs(np.diff(no[:, :2])).min() == 13


def test_an_odd_number_of_tuples_is_drawn_in_full():
    index, onsets = np.zeros(60, int), np.arange(60) * 3.0
    for kind in (RelativePositioning, TemporalShuffling):
        task = kind(9, 30, n_tuples=7)
        batches = task.plan_epoch(index, onsets, 100, np.random.default_rng(0))
        targets = np.concatenate([batch.targets for batch in batches])
        assert len(targets) == 7
        assert targets.sum() == 4


def test_the_part_that_is_scored_is_by_the_windows_of_the_batch(monkeypatch):
    monkeypatch.setattr("sksleep.pretext._tau_task._MOST_PER_WINDOW", 2)
    task = RelativePositioning(30, 31, windows_per_recording=100)
    rng = np.random.default_rng(0)
    batches = list(task.plan_epoch(np.zeros(200, int), np.arange(200.0), 50, rng))
    assert len(batches) > 1
    for batch in batches:
        assert batch.targets.sum() == 2 * len(batch.windows)
