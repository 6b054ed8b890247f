from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from sksleep.pretext import RelativePositioning


def brute_force_pairs(task, index, onsets):
    pairs = {}
    for i in range(len(index)):
        for j in range(len(index)):
            distance = abs(onsets[i] - onsets[j])
            if i == j or index[i] != index[j]:
                continue
            if distance <= task.tau_pos:
                pairs[i, j] = 1
            elif distance > task.tau_neg:
                pairs[i, j] = 0
    return pairs


@pytest.mark.parametrize("n_tuples", [None, 8])
@given(data=st.data())
def test_pairs_are_of_one_recording_and_close_or_far(
    irregular_windows, taus, serving, n_tuples, data
):
    task = RelativePositioning(*data.draw(taus), n_tuples=n_tuples)
    index, onsets = serving(task, data.draw(irregular_windows))
    assume(len(index))
    expected = brute_force_pairs(task, index, onsets)
    for batch in task.plan_epoch(index, onsets, 16, np.random.default_rng(0)):
        assert len(set(batch.windows)) == len(batch.windows)
        pairs = map(tuple, batch.windows[batch.tuples])
        for pair, target in zip(pairs, batch.targets, strict=True):
            assert expected[pair] == target


@given(data=st.data())
def test_one_batch_scores_all_pairs_and_as_many_close_as_far(irregular_windows, data):
    task = RelativePositioning(10, 40, windows_per_recording=100)
    index, onsets = data.draw(irregular_windows)
    expected = brute_force_pairs(task, index, onsets)
    n_close = sum(expected.values()) // 2
    n_far = len(expected) // 2 - n_close
    batches = list(task.plan_epoch(index, onsets, 500, np.random.default_rng(0)))
    if not min(n_close, n_far):
        assert not batches
        return
    [batch] = batches
    counts = Counter(
        zip(
            map(frozenset, batch.windows[batch.tuples].tolist()),
            batch.targets,
            strict=True,
        )
    )
    n_each = max(n_close, n_far)
    for target, n in ((1, n_close), (0, n_far)):
        of_kind = [times for (_, kind), times in counts.items() if kind == target]
        assert sum(of_kind) == n_each
        assert len(of_kind) == n
        assert max(of_kind) - min(of_kind) <= 1


@pytest.mark.parametrize(("tau_pos", "n_close"), [(1, 49), (5, 100)])
def test_a_batch_of_many_pairs_scores_a_part_of_them(monkeypatch, tau_pos, n_close):
    monkeypatch.setattr("sksleep.pretext._tau_task._MOST_PER_WINDOW", 2)
    task = RelativePositioning(tau_pos, 6, windows_per_recording=100)
    rng = np.random.default_rng(0)
    [batch] = task.plan_epoch(np.zeros(50, int), np.arange(50.0), 100, rng)
    assert batch.targets.sum() == len(batch.targets) - batch.targets.sum() == 100
    close = set(map(frozenset, batch.tuples[batch.targets == 1].tolist()))
    assert len(close) == n_close


@given(data=st.data())
def test_serves_recordings_with_a_close_and_a_far_pair(irregular_windows, taus, data):
    task = RelativePositioning(*data.draw(taus))
    index, onsets = data.draw(irregular_windows)
    for number in set(index):
        times = np.sort(onsets[index == number])
        kinds = set(brute_force_pairs(task, np.zeros(len(times)), times).values())
        assert task.serves(times) is (kinds == {0, 1})


@pytest.mark.parametrize("windows_per_recording", [4, 16])
def test_an_epoch_embeds_each_window_once_and_mixes_recordings(windows_per_recording):
    index = np.repeat(np.arange(6), 60)
    onsets = np.tile(np.arange(60.0), 6)
    task = RelativePositioning(10, 11, windows_per_recording=windows_per_recording)
    batches = list(task.plan_epoch(index, onsets, 48, np.random.default_rng(0)))
    windows = np.concatenate([batch.windows for batch in batches])
    assert sorted(windows) == list(range(len(index)))
    for batch in batches:
        assert 24 <= len(batch.windows) <= 72
        assert len(set(index[batch.windows])) > 1


def test_the_part_that_is_scored_is_drawn(monkeypatch):
    monkeypatch.setattr("sksleep.pretext._tau_task._MOST_PER_WINDOW", 1)
    task = RelativePositioning(9, 10, windows_per_recording=200)
    index, onsets = np.zeros(100, int), np.arange(100.0)
    (batch,) = task.plan_epoch(index, onsets, 200, np.random.default_rng(0))
    for target in (0, 1):
        firsts = onsets[batch.windows[batch.tuples[batch.targets == target]]].min(1)
        assert len(firsts) == 100
        assert np.ptp(firsts) > 70


def test_drawn_pairs_are_as_many_as_asked_and_uniform_over_partners():
    onsets = np.array([0.0, 1, 2, 50, 51, 100])
    task = RelativePositioning(2, 40, n_tuples=60_000)
    index = np.zeros(6, dtype=int)
    batches = task.plan_epoch(index, onsets, 1000, np.random.default_rng(0))
    pairs, targets = zip(
        *((b.windows[b.tuples], b.targets) for b in batches), strict=True
    )
    pairs, targets = np.concatenate(pairs), np.concatenate(targets)
    assert len(pairs) == 60_000
    assert (targets == 1).sum() == 30_000
    # Close anchors 0 to 4; window 0 has two close partners, each a tenth of draws.
    assert np.mean((pairs[targets == 1] == [0, 2]).all(1)) == pytest.approx(
        0.1, abs=0.01
    )
    # Every window has far partners; window 5 has five of them.
    assert np.mean((pairs[targets == 0] == [5, 3]).all(1)) == pytest.approx(
        1 / 30, abs=0.005
    )


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"tau_pos": 0}, r"'tau_pos' .* a float in the range \(0.0, .* Got 0"),
        ({"tau_pos": -3}, r"'tau_pos' .* a float in the range \(0.0, .* Got -3"),
        ({"tau_pos": 50, "tau_neg": 20}, "tau_neg must be at least tau_pos=50, got 20"),
        ({"tau_neg": float("nan")}, "'tau_neg' .* a float .* Got nan"),
        ({"windows_per_recording": 1}, r"'windows_per_recording' .* an int .* \[2, "),
        ({"n_tuples": 1}, r"'n_tuples' .* an int .* \[2, .* or None. Got 1"),
    ],
)
def test_refuses_parameters_without_sense(params, message):
    with pytest.raises(ValueError, match=message):
        RelativePositioning(**params).check_params()


def test_score_is_a_weighted_sum_of_absolute_differences():
    task = RelativePositioning()
    head = task.make_head(5)
    embeddings, pairs = torch.randn(4, 5), torch.tensor([[0, 1], [3, 2], [0, 3]])
    weight, bias = head.linear.weight[0], head.linear.bias[0]
    expected = [
        weight @ abs(embeddings[i] - embeddings[j]) + bias for i, j in pairs.tolist()
    ]
    torch.testing.assert_close(head(embeddings, pairs), torch.stack(expected))


def test_loss_is_that_of_logistic_regression():
    scores, targets = torch.randn(50), torch.arange(50) % 2
    signs = 2 * targets - 1
    expected = torch.log1p(torch.exp(-signs * scores)).mean()
    task = RelativePositioning()
    torch.testing.assert_close(task.loss(scores, targets), expected)
    right = np.mean(np.sign(scores.numpy()) == signs.numpy())
    assert float(task.accuracy(scores, targets)) == pytest.approx(right)
