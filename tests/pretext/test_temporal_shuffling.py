import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from sksleep.pretext import TemporalShuffling


def brute_force_triplets(task, index, onsets):
    """Return the target of every triplet that has one."""
    triplets = {}
    for i, k, j in np.ndindex(*[len(index)] * 3):
        first, last = sorted([onsets[i], onsets[j]])
        if len({index[i], index[k], index[j]}) > 1 or not (
            0 < last - first <= task.tau_pos
        ):
            continue
        if first < onsets[k] < last:
            triplets[i, k, j] = 1
        elif onsets[k] < first - task.tau_neg or onsets[k] > last + task.tau_neg:
            triplets[i, k, j] = 0
    return triplets


@pytest.mark.parametrize("n_tuples", [None, 8])
@given(data=st.data())
def test_triplets_are_of_one_recording_and_ordered_or_shuffled(
    irregular_windows, taus, serving, n_tuples, data
):
    task = TemporalShuffling(*data.draw(taus), n_tuples=n_tuples)
    index, onsets = serving(task, data.draw(irregular_windows))
    assume(0 < len(index) < 40)
    expected = brute_force_triplets(task, index, onsets)
    for batch in task.plan_epoch(index, onsets, 16, np.random.default_rng(0)):
        assert len(set(batch.windows)) == len(batch.windows)
        triplets = map(tuple, batch.windows[batch.tuples])
        for triplet, target in zip(triplets, batch.targets, strict=True):
            assert expected[triplet] == target


@given(data=st.data())
def test_serves_recordings_with_an_ordered_and_a_shuffled_triplet(
    irregular_windows, taus, data
):
    task = TemporalShuffling(*data.draw(taus))
    index, onsets = data.draw(irregular_windows)
    times = np.sort(onsets[index == 0])
    found = brute_force_triplets(task, np.zeros(len(times)), times)
    assert task.serves(times) is (set(found.values()) == {0, 1})


@given(data=st.data())
def test_one_batch_scores_all_triplets_and_as_many_ordered_as_shuffled(
    irregular_windows, data
):
    task = TemporalShuffling(20, 30, windows_per_recording=100)
    index, onsets = data.draw(irregular_windows)
    assume(len(index) < 40)
    found = list(brute_force_triplets(task, index, onsets).values())
    counts = found.count(1) // 2, found.count(0) // 2
    n_each = min(max(counts), 32 * len(index)) if min(counts) else 0
    batches = list(task.plan_epoch(index, onsets, 500, np.random.default_rng(0)))
    targets = [target for batch in batches for target in batch.targets]
    assert targets.count(1) == targets.count(0) == n_each
    triplets = {
        frozenset([tuple(triplet), tuple(triplet[::-1])])
        for batch in batches
        for triplet in batch.windows[batch.tuples]
    }
    assert len(triplets) == sum(min(n, n_each) for n in counts) * bool(n_each)


@pytest.mark.parametrize("n_tuples", [None, 50])
def test_both_orders_of_the_ends_occur(n_tuples):
    index, onsets = np.zeros(100, int), np.arange(100) * 3.0
    task = TemporalShuffling(30, 60, n_tuples=n_tuples)
    batches = task.plan_epoch(index, onsets, 64, np.random.default_rng(0))
    first, _, last = np.concatenate([b.windows[b.tuples] for b in batches]).T
    assert 0.3 < np.mean(onsets[first] < onsets[last]) < 0.7


def test_drawn_triplets_are_as_many_as_asked_and_reach_every_middle():
    onsets = np.array([0.0, 1, 2, 3, 50, 51, 100])
    task = TemporalShuffling(3, 40, n_tuples=2000)
    batches = task.plan_epoch(np.zeros(7, int), onsets, 500, np.random.default_rng(0))
    triplets, targets = zip(
        *((b.windows[b.tuples], b.targets) for b in batches), strict=True
    )
    triplets, targets = np.concatenate(triplets), np.concatenate(targets)
    assert targets.sum() == 1000
    assert len(targets) == 2000
    assert set(triplets[targets == 1][:, 1]) == {1, 2}
    assert set(triplets[targets == 0][:, 1]) == set(range(7))


def test_drawn_triplets_have_pairs_of_ends_as_often_as_there_are():
    onsets = np.array([0.0, 1, 1, 2, 3, 50, 51, 100])
    task = TemporalShuffling(3, 45, n_tuples=60_000)
    index = np.zeros(len(onsets), int)
    batches = task.plan_epoch(index, onsets, 1000, np.random.default_rng(0))
    triplets, targets = zip(
        *((b.windows[b.tuples], b.targets) for b in batches), strict=True
    )
    triplets, targets = np.concatenate(triplets), np.concatenate(targets)
    valid = brute_force_triplets(task, index, onsets)
    for target in (0, 1):
        ends = np.sort(triplets[targets == target][:, [0, 2]], axis=1)
        found, counts = np.unique(ends, axis=0, return_counts=True)
        expected = {
            tuple(sorted((i, j))) for (i, _, j), t in valid.items() if t == target
        }
        assert set(map(tuple, found.tolist())) == expected
        np.testing.assert_allclose(counts, 30_000 / len(expected), rtol=0.1)


def test_many_close_windows_take_no_memory_for_each_pair():
    onsets = np.arange(20_000.0)
    task = TemporalShuffling(5000, 5000, n_tuples=100)
    tracemalloc.start()
    assert task.serves(onsets)
    next(task.plan_epoch(np.zeros(20_000, int), onsets, 64, np.random.default_rng(0)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6  # bytes; of 87 million pairs


def test_score_is_a_weighted_sum_of_both_distances():
    head = TemporalShuffling().make_head(5)
    embeddings, triplets = torch.randn(4, 5), torch.tensor([[0, 1, 2], [3, 2, 0]])
    weight, bias = head.linear.weight[0], head.linear.bias[0]
    expected = [
        weight[:5] @ abs(embeddings[i] - embeddings[k])
        + weight[5:] @ abs(embeddings[k] - embeddings[j])
        + bias
        for i, k, j in triplets.tolist()
    ]
    torch.testing.assert_close(head(embeddings, triplets), torch.stack(expected))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"tau_pos": -3}, r"'tau_pos' .* a float in the range \(0.0, .* Got -3"),
        ({"tau_pos": 50, "tau_neg": 20}, "tau_neg must be at least tau_pos=50, got 20"),
        ({"n_tuples": 0}, r"'n_tuples' .* an int .* \[2, .* or None. Got 0"),
        ({"windows_per_recording": 1.5}, r"'windows_per_recording' .* an int .* \[2, "),
    ],
)
def test_refuses_parameters_without_sense(params, message):
    with pytest.raises(ValueError, match=message):
        TemporalShuffling(**params).check_params()
