from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from sksleep.pretext import ContrastivePredictiveCoding


def make_task(**params):
    defaults = {"n_context": 3, "n_predict": 2, "n_negatives": 4}
    sizes = {"windows_per_sequence": 8, "n_hidden": 6}
    return ContrastivePredictiveCoding(**(defaults | sizes | params))


def usual_step(onsets):
    steps = np.sort(np.diff(np.sort(onsets)))
    return steps[(len(steps) - 1) // 2]


def follows(index, onsets, i, j):
    """Whether window j begins one step of its recording after window i."""
    if index[i] != index[j]:
        return False
    return onsets[j] - onsets[i] == usual_step(onsets[index == index[i]])


def test_plans_no_batch_of_runs_that_are_too_short():
    index, onsets = np.array([0, 0, 0, 0, 1]), np.array([0.0, 1, 2, 3, 0])
    rng = np.random.default_rng(0)
    assert list(make_task().plan_epoch(index, onsets, 64, rng)) == []


@pytest.mark.parametrize("negatives", ["same", "across"])
@given(data=st.data())
def test_tuples_are_consecutive_windows_and_others(
    windows_in_runs, serving, negatives, data
):
    task = make_task(negatives=negatives)
    index, onsets = serving(task, data.draw(windows_in_runs))
    assume(len(index))
    for batch in task.plan_epoch(index, onsets, 40, np.random.default_rng(0)):
        assert len(set(batch.windows)) == len(batch.windows)
        assert batch.targets.shape == (len(batch.tuples), 2)
        assert (batch.targets == 0).all()
        for windows in batch.windows[batch.tuples]:
            choices = windows[3:].reshape(2, 5)
            sequence = [*windows[:3], *choices[:, 0]]
            for i, j in pairwise(sequence):
                assert follows(index, onsets, i, j)
            wrong = choices[:, 1:].ravel()
            assert not set(wrong) & set(sequence)
            if negatives == "same":
                assert set(index[wrong]) == {index[sequence[0]]}


def test_negatives_are_drawn_among_all_other_windows():
    index, onsets = np.zeros(60, int), np.arange(60.0)
    (batch,) = make_task().plan_epoch(index, onsets, 100, np.random.default_rng(0))
    wrong = batch.tuples[:, 3:].reshape(-1, 2, 5)[..., 1:]
    counts = np.bincount(wrong.ravel(), minlength=60)
    assert counts.min() > 0
    assert counts.max() < 4 * counts.mean()


def test_negatives_across_come_from_other_recordings_too():
    index, onsets = np.repeat([0, 1, 2], 50), np.tile(np.arange(50.0), 3)
    batches = make_task(negatives="across").plan_epoch(
        index, onsets, 200, np.random.default_rng(0)
    )
    tuples = np.concatenate([batch.windows[batch.tuples] for batch in batches])
    wrong = np.delete(tuples[:, 3:].reshape(-1, 2, 5), 0, axis=2)
    is_other = index[wrong] != index[tuples[:, :1, np.newaxis]]
    assert 0.5 < is_other.mean() < 0.8


def test_one_batch_scores_every_sequence_of_its_stretches():
    task = make_task(windows_per_sequence=30)
    index, onsets = np.zeros(20, int), np.arange(20) * 3.0
    (batch,) = task.plan_epoch(index, onsets, 100, np.random.default_rng(0))
    starts = np.sort(onsets[batch.windows[batch.tuples[:, 0]]])
    np.testing.assert_array_equal(starts, np.arange(16) * 3.0)


def test_epochs_cut_the_runs_elsewhere_and_leave_no_window_out():
    task = make_task()
    index, onsets = np.zeros(40, int), np.arange(40) * 3.0
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(20):
        batches = list(task.plan_epoch(index, onsets, 40, rng))
        windows = np.concatenate([batch.windows for batch in batches])
        assert sorted(windows) == list(range(40))
        seen |= {
            start for batch in batches for start in batch.windows[batch.tuples[:, 0]]
        }
    assert seen == set(range(36))


@pytest.mark.parametrize(
    ("sfreq", "step"),
    [(127.1566, 4), (100, 0.333), (128, 0.1), (64, 0.7), (125, 0.3), (256, 0.034)],
)
def test_a_jitter_of_one_sample_is_no_gap_and_a_copy_no_next_window(sfreq, step):
    task = make_task()
    onsets = np.round(np.arange(60) * step * sfreq) / sfreq
    rows = np.sort(np.random.default_rng(0).integers(60, size=120))
    for times in (onsets, np.r_[onsets, onsets[rows]]):
        index = np.zeros(len(times), int)
        batches = task.plan_epoch(index, times, 40, np.random.default_rng(0))
        windows = [batch.windows[batch.tuples] for batch in batches]
        sequences = times[np.concatenate(windows)[:, :4]]
        assert abs(np.diff(sequences) - step).max() < 1 / sfreq
        assert len(set(np.concatenate(windows).ravel())) == 60
        assert task.serves(np.sort(times))


def test_steps_may_vary_by_an_eighth_of_the_recordings_usual_one():
    onsets = np.cumsum(np.random.default_rng(1).uniform(1.8, 2.2, 400))
    usual = usual_step(onsets)
    task, rng = make_task(), np.random.default_rng(0)
    for _ in range(20):
        for batch in task.plan_epoch(np.zeros(400, int), onsets, 10, rng):
            assert len(batch.tuples)
            sequences = onsets[batch.windows[batch.tuples[:, :4]]]
            assert (abs(np.diff(sequences) - usual) <= usual / 8 + 1e-6).all()


def test_a_shift_of_the_grid_is_a_gap():
    # As of an annotation that begins a fifth of a step after a window.
    onsets = np.r_[np.arange(5) * 3.0, 15.6 + np.arange(4) * 3.0]
    assert not make_task().serves(onsets)
    assert make_task().serves(np.arange(9) * 3.0)


def test_the_usual_step_is_one_that_there_is():
    onsets = np.r_[np.arange(21) * 3.0, 60 + np.arange(1, 21) * 6.0]
    assert make_task().serves(onsets)


@given(data=st.data())
def test_serves_recordings_with_a_long_enough_run_and_a_negative(windows_in_runs, data):
    task = make_task()
    index, onsets = data.draw(windows_in_runs)
    times = np.sort(onsets[index == 0])
    assume(len(times) > 1)
    run, runs = 1, []
    for before, after in pairwise(times):
        if after - before == usual_step(times):
            run += 1
        else:
            runs.append(run)
            run = 1
    n_usable = sum(n for n in [*runs, run] if n >= 5)
    assert task.serves(times) is (n_usable > 5)


def test_scores_and_loss_are_those_of_a_plain_loop():
    task = make_task()
    index, onsets = np.zeros(30, int), np.arange(30.0)
    (batch,) = task.plan_epoch(index, onsets, 100, np.random.default_rng(0))
    head = task.make_head(7)
    embeddings, tuples = torch.randn(30, 7), torch.from_numpy(batch.tuples)
    scores = head(embeddings, tuples)
    maps = head.predict.weight.reshape(2, 7, 6)
    losses, right = [], []
    for row, tuple_scores in zip(tuples, scores, strict=True):
        context = head.gru(embeddings[row[:3]][None])[1][0, 0]
        for step in range(2):
            choices = row[3:].reshape(2, 5)[step]
            bilinear = [embeddings[choice] @ maps[step] @ context for choice in choices]
            expected = torch.stack(bilinear) / 7**0.5
            torch.testing.assert_close(tuple_scores[step], expected)
            losses.append(torch.logsumexp(expected, 0) - expected[0])
            right.append(bool((expected[0] > expected[1:]).all()))
    targets = torch.from_numpy(batch.targets)
    torch.testing.assert_close(task.loss(scores, targets), torch.stack(losses).mean())
    assert float(task.accuracy(scores, targets)) == pytest.approx(np.mean(right))


def test_equal_scores_count_as_wrong():
    task = make_task()
    assert float(task.accuracy(torch.zeros(5, 2, 4), torch.zeros(5, 2))) == 0


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_context": 0}, r"'n_context' .* an int in the range \[1, .* Got 0"),
        ({"n_predict": 2.5}, r"'n_predict' .* an int in the range \[1, .* Got 2.5"),
        ({"n_negatives": -1}, r"'n_negatives' .* an int in the range \[1, .* Got -1"),
        ({"n_hidden": True}, r"'n_hidden' .* an int in the range \[1, .* Got True"),
        ({"negatives": "other"}, "'negatives' .*'same'.* Got 'other'"),
        ({"windows_per_sequence": "20"}, "'windows_per_sequence' .* an int .* or None"),
        ({"windows_per_sequence": 20.0}, "'windows_per_sequence' .* an int .* or None"),
        ({"windows_per_sequence": 4}, r"at least n_context \+ n_predict = 5, got 4"),
    ],
)
def test_refuses_parameters_without_sense(params, message):
    with pytest.raises(ValueError, match=message):
        make_task(**params).check_params()


def test_a_stretch_is_half_as_long_again_as_a_sequence():
    plans = []
    for length in (None, 11):
        task = ContrastivePredictiveCoding(4, 3, windows_per_sequence=length)
        index, onsets = np.zeros(60, int), np.arange(60) * 3.0
        plans.append(list(task.plan_epoch(index, onsets, 30, np.random.default_rng(0))))
    for default, explicit in zip(*plans, strict=True):
        np.testing.assert_array_equal(default.windows, explicit.windows)


@pytest.mark.parametrize("n_windows", [5, 9, 10, 40])
def test_stretches_are_long_enough_for_a_sequence(n_windows):
    task = ContrastivePredictiveCoding(3, 2, windows_per_sequence=8)
    index, onsets = np.zeros(n_windows, int), np.arange(n_windows) * 3.0
    rng = np.random.default_rng(0)
    for _ in range(20):
        stretches = task._stretches(index, onsets, np.full(n_windows, 3.0), rng)
        assert min(map(len, stretches)) >= 5
        assert max(map(len, stretches)) < 8 + 5
        np.testing.assert_array_equal(np.concatenate(stretches), np.arange(n_windows))


def test_numbers_of_windows_may_be_numpys_smallest():
    index, onsets = np.zeros(40, int), np.arange(40.0)
    plans = [
        list(
            make_task(
                n_context=kind(3), n_predict=kind(2), windows_per_sequence=None
            ).plan_epoch(index, onsets, 20, np.random.default_rng(0))
        )
        for kind in (int, np.uint8)
    ]
    for usual, small in zip(*plans, strict=True):
        np.testing.assert_array_equal(small.tuples, usual.tuples)
    assert plans[0]
