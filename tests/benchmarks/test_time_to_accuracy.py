"""The parts of the comparison: pairs, loss, scores, time to a goal."""

import sys
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from time_to_accuracy import (
    PlainLoop,
    Point,
    Split,
    compare,
    compare_all,
    cut,
    draw_pairs,
    first_time,
    make_splits,
    mean_course,
    print_summary,
    score,
)
from time_to_accuracy._braindecode import measure_braindecode
from time_to_accuracy._loops import run_published, run_sksleep
from torch import nn

from sksleep.embedding import StagerNetEmbedder

TAU_POS, TAU_NEG = 6.0, 15.0


@pytest.fixture(scope="module")
def some_windows(make_windows):
    """3 recordings of 20 windows of 3 s."""
    return make_windows(3)


@pytest.mark.parametrize("n_pairs", [12, 13, 600])
def test_pairs_are_valid_ones_of_one_recording(some_windows, n_pairs):
    rng = np.random.default_rng(0)
    pairs, targets = draw_pairs(some_windows, n_pairs, TAU_POS, TAU_NEG, rng)
    assert len(pairs) == len(targets) == n_pairs
    close, far = set(), set()
    for i in range(len(some_windows)):
        for j in range(i + 1, len(some_windows)):
            if some_windows.recording_index[i] == some_windows.recording_index[j]:
                distance = abs(some_windows.onsets[i] - some_windows.onsets[j])
                close |= {(i, j)} if distance <= TAU_POS else set()
                far |= {(i, j)} if distance > TAU_NEG else set()
    drawn = {1: set(), 0: set()}
    for pair, target in zip(pairs, targets, strict=True):
        drawn[target].add(tuple(sorted(pair.tolist())))
    assert drawn[1] <= close
    assert drawn[0] <= far
    if n_pairs == 600:  # most are drawn once or more
        assert len(drawn[1]) > 0.8 * len(close)


def test_recordings_give_as_many_pairs_half_of_them_close(some_windows):
    rng = np.random.default_rng(0)
    pairs, targets = draw_pairs(some_windows, 60, TAU_POS, TAU_NEG, rng)
    of_recording = some_windows.recording_index[pairs[:, 0]]
    assert np.bincount(of_recording).tolist() == [20, 20, 20]
    assert [targets[of_recording == k].mean() for k in range(3)] == [0.5] * 3
    assert len(set(of_recording[:20])) == 3  # in random order


@pytest.fixture
def loop():
    """Return a loop of a small network."""
    torch.manual_seed(0)
    return PlainLoop(2, 700, lr=1e-3, batch_size=4, dropout=0.5, spatial_init="random")


def test_loss_is_the_cross_entropy_of_weighted_distances(loop):
    loop.network.eval()  # no dropout
    first, second = torch.randn(2, 5, 2, 700)
    targets = torch.tensor([1.0, 0, 1, 1, 0])
    with torch.no_grad():
        found = loop.loss(first, second, targets).item()
        h, h2 = (loop.network(part).double().numpy() for part in (first, second))
    weight, bias = (p.detach().double().numpy() for p in loop.head.parameters())
    p = 1 / (1 + np.exp(-(abs(h - h2) @ weight[0] + bias)))
    expected = -np.mean(np.log(np.where(targets.numpy() == 1, p, 1 - p)))
    assert found == pytest.approx(expected, rel=1e-5)


def test_plain_loop_takes_each_pair_once_and_changes_the_weights(
    loop, make_windows, monkeypatch
):
    windows = make_windows(1, n_times=700)
    pairs, targets = np.arange(20).reshape(10, 2), np.ones(10, np.float32)
    before = [p.detach().clone() for p in loop.network.parameters()]
    seen, sizes, loss = [], [], loop.loss

    def watch(first, second, targets):
        assert loop.network.training
        assert all(p.grad is None for p in loop.network.parameters())
        sizes.append(len(first))
        seen.append(torch.stack([first, second], dim=1))
        return loss(first, second, targets)

    monkeypatch.setattr(loop, "loss", watch)
    loop.network.eval()  # as after a checkpoint
    loop.train(windows, pairs, targets)
    assert sum(sizes) == 10
    assert max(sizes) <= 5
    signal = windows.take(pairs.ravel()).reshape(10, 2, *windows.shape[1:])
    signal -= signal.mean(axis=-1, keepdims=True)
    signal /= signal.std(axis=-1, keepdims=True)
    np.testing.assert_allclose(torch.cat(seen), signal, rtol=1e-4, atol=1e-5)
    after = loop.network.parameters()
    assert all((a != b).any() for a, b in zip(after, before, strict=True))


def test_plain_loop_embeds_normalised_windows_without_dropout(loop, make_windows):
    windows = make_windows(1, n_times=700)
    found = loop.embed(windows)
    signal = np.asarray(windows).astype(float)
    signal -= signal.mean(axis=2, keepdims=True)
    signal /= signal.std(axis=2, keepdims=True)
    with torch.no_grad():
        expected = loop.network.eval()(torch.tensor(signal, dtype=torch.float32))
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4, atol=1e-5)


def test_both_trainings_are_scored_on_the_same_windows(make_recording):
    annotations = [(0, 20, "a"), (31, 25, "b")]
    recordings = [
        make_recording(name, duration=60.0, sfreq=500.0, annotations=annotations)
        for name in ("S01", "S02")
    ]
    one, other = (cut(recordings, sfreq, 1).labelled()[0] for sfreq in (500.0, 125.0))
    np.testing.assert_allclose(one.onsets, other.onsets)
    np.testing.assert_array_equal(one.y, other.y)
    np.testing.assert_array_equal(one.groups, other.groups)


def test_every_subject_is_tested_in_one_of_five_folds(make_recording):
    subjects = [f"S{k:02}" for k in range(7)]
    recordings = [make_recording(name, duration=1.0) for name in subjects]
    splits = make_splits(recordings, 5)
    tested = [name for split in splits for name in set(subjects) - split.train]
    assert sorted(tested) == subjects
    assert [split.seed for split in splits] == list(range(5))


def test_a_run_in_two_parts_has_the_splits_of_one(make_recording):
    recordings = [make_recording(f"S{k:02}", duration=1.0) for k in range(7)]
    first, rest = make_splits(recordings, 3), make_splits(recordings, 4, first=3)
    assert [*first, *rest] == make_splits(recordings, 7)


def test_classifier_learns_from_training_subjects_alone(make_windows):
    windows = make_windows(2)
    split = Split(frozenset(["S00"]), seed=0)
    sign = np.where(split.is_train(windows), 1.0, -1.0)
    embeddings = (sign * np.where(windows.y, 1.0, -1.0))[:, np.newaxis]
    scores = score(embeddings, windows, split, n_labels=2, n_draws=3)
    assert scores == {
        "accuracy, 2 labels": 0,
        "balanced accuracy, 2 labels": 0,
        "accuracy, all labels": 0,
        "balanced accuracy, all labels": 0,
    }


def test_scores_are_those_of_the_other_subjects(make_windows):
    windows = make_windows(2)
    split = Split(frozenset(["S00"]), seed=0)
    sign = np.where(windows.y, 1.0, -1.0)
    sign[20:25] *= -1  # a quarter of S01
    scores = score(1e-3 * sign[:, np.newaxis], windows, split, n_labels=2, n_draws=3)
    assert scores["accuracy, 2 labels"] == scores["accuracy, all labels"] == 0.75


def test_all_draws_of_labels_count_and_the_seed_draws_them(make_windows):
    windows = make_windows(2)
    embeddings = np.random.default_rng(0).normal(size=(40, 3))
    splits = [Split(frozenset(["S00"]), seed) for seed in (0, 0, 1)]
    one, same, other = (score(embeddings, windows, s, 1, 7) for s in splits)
    assert one == same != other
    assert one != score(embeddings, windows, splits[0], 1, 1)
    assert one["accuracy, 1 labels"] * 7 * 20 == pytest.approx(
        round(one["accuracy, 1 labels"] * 7 * 20)
    )


class _StoppedError(Exception):
    pass


@pytest.mark.parametrize(
    "run", [run_published, partial(run_sksleep, precision="float32")]
)
def test_no_training_sees_the_test_subjects(make_recording, monkeypatch, run):
    annotations = [(0, 60, "a")]
    recordings = [
        make_recording(name, duration=60, sfreq=250.0, annotations=annotations)
        for name in ("S01", "S02")
    ]
    seen = []

    def spy(windows, *_):
        seen.extend(windows.groups)
        raise _StoppedError

    monkeypatch.setattr("time_to_accuracy._loops.draw_pairs", spy)
    monkeypatch.setattr(StagerNetEmbedder, "fit", lambda self, windows: spy(windows))
    args = SimpleNamespace(
        threads=1,
        dropout=0.0,
        spatial_init="random",
        pairs=4,
        checkpoints=1,
        epochs=[1],
        sfreq=250.0,
    )
    with pytest.raises(_StoppedError):
        next(run(recordings, Split(frozenset(["S01"]), 0), args))
    assert set(seen) == {"S01"}


def test_rates_count_each_window_about_once_an_epoch(make_recording):
    annotations = [(0, 300, "a")]
    recording = make_recording(
        "S01", duration=300, sfreq=125.0, annotations=annotations
    )
    args = SimpleNamespace(threads=1, epochs=[1, 3], sfreq=recording.sfreq)
    split = Split(frozenset(["S01"]), 0)
    one, three = run_sksleep([recording], split, args, precision="float32")
    assert three.n_pairs == 3 * one.n_pairs > 0
    for result in (one, three):
        assert abs(result.n_windows / (100 * result.done) - 1) < 0.1
    assert one.rates()["windows/s in training"] == one.n_windows / one.seconds["train"]


def points(*pairs):
    """Return checkpoints at some seconds, with some accuracies."""
    return [
        Point(k, {"prepare": 1.0, "train": seconds - 1.0}, {"accuracy": accuracy})
        for k, (seconds, accuracy) in enumerate(pairs, start=1)
    ]


@pytest.mark.parametrize(
    ("target", "seconds"), [(0.4, 10), (0.5, 10), (0.6, 30), (0.7, 30), (0.71, None)]
)
def test_first_time_is_that_of_the_first_at_or_above(target, seconds):
    curve = points((10, 0.5), (20, 0.4), (30, 0.7))
    assert first_time(curve, "accuracy", target) == seconds


def test_goals_are_checkpoints_end_and_best_of_the_published_training():
    published = points((100, 0.5), (200, 0.8), (300, 0.7))
    rows = compare(published, points((10, 0.6), (20, 0.7)), "accuracy")
    found = {row["goal"]: list(row.values())[2:] for row in rows}
    assert found == {
        "1 pairs": [0.5, 100, 10, 10],
        "2 pairs": [0.8, 200, None, None],
        "end": [0.7, 200, 20, 10],
        "best": [0.8, 200, None, None],
    }


def test_each_training_is_compared_by_its_own_times():
    trainings = {
        "published": points((300, 0.7)),
        "one": points((10, 0.7)),
        "other": points((20, 0.6), (30, 0.7)),
    }
    rows = [row for row in compare_all(trainings) if row["goal"] == "end"]
    times = {row["training"]: row["reached, s"] for row in rows}
    assert times == {"one": 10.0, "other": 30.0}


def test_mean_course_has_the_mean_of_each_checkpoint():
    course = mean_course([points((10, 0.5), (30, 0.6)), points((20, 0.8), (40, 0.7))])
    assert [point.total for point in course] == [15, 35]
    assert [point.done for point in course] == [1, 2]
    accuracies = [point.scores["accuracy"] for point in course]
    np.testing.assert_allclose(accuracies, [0.65, 0.65])


def test_summary_says_how_often_a_goal_was_reached(capsys):
    goal = {"training": "sksleep", "score": "accuracy", "goal": "end"}
    goal["published, s"] = 300.0
    reached = {"target": 0.7, "reached, s": 20.0, "times as fast": 15.0}
    never = {"target": 0.8, "reached, s": None, "times as fast": None}
    rates = [{"training": "published", "pairs/s": 39.0}]
    courses = {"published": points((300, 0.7)), "sksleep": points((20, 0.7))}
    of = {name: [point._asdict() for point in of] for name, of in courses.items()}
    slower = of | {"sksleep": [points((40, 0.6))[0]._asdict()]}
    results = [
        {"goals": [goal | reached], "rates": rates, "points": of},
        {"goals": [goal | never], "rates": rates, "points": slower},
    ]
    print_summary(results)
    printed = capsys.readouterr().out
    assert "1 of 2" in printed
    assert "| published | 1 | 1 | 299 | 300 | 0.7 |" in printed
    assert "| sksleep | 1 | 1 | 29 | 30 | 0.65 |" in printed
    assert "| sksleep | accuracy | end | 0.7 | 300 | never |" in printed
    print_summary(results[1:])
    assert "| never | never | 0 of 1 |" in capsys.readouterr().out


@pytest.fixture
def stand_in(monkeypatch):
    """Put something in braindecode's place; return what it is called with."""
    calls = {}

    class RelativePositioningSampler(torch.utils.data.Sampler):
        def __init__(self, metadata, **params):
            calls["sampler"] = params | {"columns": list(metadata.columns)}

        def __iter__(self):
            yield from [(0, 1, 1.0), (3, 19, 0.0)] * 3

        def __len__(self):
            return 6

    class SleepStagerChambon2018(nn.Sequential):
        def __init__(self, n_chans, sfreq, *, n_outputs, n_times, **params):
            calls["network"] = (n_chans, sfreq, n_outputs, n_times)
            super().__init__(nn.Flatten(), nn.Linear(n_chans * n_times, n_outputs))

    modules = {
        "braindecode": SimpleNamespace(),
        "braindecode.samplers": SimpleNamespace(
            RelativePositioningSampler=RelativePositioningSampler
        ),
        "braindecode.models": SimpleNamespace(
            SleepStagerChambon2018=SleepStagerChambon2018
        ),
    }
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    return calls


def test_stand_in_for_braindecode_is_asked_in_samples_and_measured(
    stand_in, some_windows
):
    rates = measure_braindecode(some_windows, 6, TAU_POS, TAU_NEG, seed=0)
    assert stand_in["network"] == (2, 20.0, 100, 60)
    assert stand_in["sampler"]["tau_pos"] == 120
    assert stand_in["sampler"]["tau_neg"] == 300
    assert stand_in["sampler"]["n_examples"] == 6
    assert stand_in["sampler"]["columns"] == ["i_start_in_trial", "run"]
    assert rates["windows/s in training"] == 2 * rates["pairs/s"] > 0
    assert rates["windows/s in embedding"] > 0
