"""Tasks as users write them, which say no more than `PretextTask` asks."""

import numpy as np
import pytest
import torch
from torch import nn

from sksleep.embedding._batches import PretextBatches, PretextDataset, _as_tensor
from sksleep.embedding._input import locate_windows
from sksleep.embedding._reading import HostReader
from sksleep.pretext import (
    Batch,
    ContrastivePredictiveCoding,
    PretextTask,
    RelativePositioning,
    embeddings_at,
)


class TwoAnswers(nn.Module):
    """A head that says whether, and how surely."""

    def __init__(self, n_features):
        super().__init__()
        self.linear = nn.Linear(n_features, 2)

    def forward(self, embeddings, tuples):
        scores = self.linear(embeddings_at(embeddings, tuples[:, 0]))
        return scores[:, 0], scores[:, 1].exp()


class TimeReversal(PretextTask):
    """Were windows played backwards? Targets are bool, the loss is of shape (1,)."""

    def plan_epoch(self, recording_index, onsets, batch_size, rng):
        for windows in np.array_split(rng.permutation(len(onsets)), 4):
            tuples = np.arange(len(windows))[:, np.newaxis]
            yield Batch(windows, tuples, rng.integers(2, size=len(windows)) > 0)

    def prepare(self, signal, tuples, targets):
        signal[targets] = signal[targets].flip(-1)
        return signal, targets

    def make_head(self, n_features):
        return TwoAnswers(n_features)

    def loss(self, scores, targets):
        answers, surety = scores
        return super().loss(answers * surety, targets).reshape(1)

    def accuracy(self, scores, targets):
        answers, _ = scores
        return ((answers > 0) == targets).float().mean().item()


def test_a_task_needs_no_more_than_it_is_asked_for(windows, make_embedder):
    embedder = make_embedder(TimeReversal(), max_epochs=3).fit(windows)
    assert 0 <= embedder.pretext_accuracy_["TimeReversal"] <= 1
    losses = embedder.net_.history[:, "train_loss"]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


class Noisy(TimeReversal):
    def prepare(self, signal, tuples, targets):
        signal, targets = super().prepare(signal, tuples, targets)
        return signal + torch.randn_like(signal), targets


class Linear(nn.Linear):
    def __init__(self, n_channels, n_times, n_features):
        super().__init__(n_channels * n_times, n_features)

    def forward(self, windows):
        return super().forward(windows.flatten(1))


def test_what_a_task_draws_makes_no_epoch_look_better(windows, make_embedder):
    """Weights that hardly change have one loss on the held-out recordings."""
    params = {"module": Linear, "module_params": None, "lr": 1e-12}
    history = make_embedder(Noisy(), **params).fit(windows).net_.history
    assert len(set(np.round(history[:, "valid_objective"], 5))) == 1
    assert len(set(np.round(history[:, "train_objective"], 5))) == len(history)


class SameRecording(PretextTask):
    """Are two windows of one recording? Of one alone it has nothing to ask."""

    def plan_epoch(self, recording_index, onsets, batch_size, rng):
        windows = rng.permutation(len(onsets))
        tuples = np.arange(len(windows)).reshape(-1, 2)
        are_same = np.diff(recording_index[windows][tuples])[:, 0] == 0
        if not are_same.all():
            yield Batch(windows, tuples, are_same)

    def make_head(self, n_features):
        return nn.Bilinear(n_features, n_features, 1)  # never asked


def test_tells_what_held_out_recordings_cannot_be_asked(windows, make_embedder):
    message = "windows of the held-out recordings; give .* validation_fraction instead"
    with pytest.raises(
        ValueError, match=rf"SameRecording .* {message} of 0.2, or None"
    ):
        make_embedder(SameRecording()).fit(windows)


def test_answers_of_yes_and_no_need_no_number():
    scores, targets = torch.randn(50), torch.arange(50) % 3 == 0
    task = PretextTask()
    assert task.loss(scores, targets) == task.loss(scores, targets.float())
    assert task.accuracy(scores, targets) == task.accuracy(scores, targets.int())


def test_accuracy_counts_answers_of_plus_and_minus_one():
    scores, targets = torch.randn(50), torch.arange(50) % 3 - 1
    expected = ((scores > 0) == (targets > 0)).float().mean()
    assert PretextTask().accuracy(scores, targets) == expected


def test_what_is_asked_is_sent_to_other_devices_before_it_changes(windows, monkeypatch):
    """Only CUDA says when it has read memory that a copy does not wait for."""
    waits, to = [], torch.Tensor.to

    def remember(tensor, *args, non_blocking=False, **kwargs):
        waits.append(not non_blocking)
        return to(tensor, *args, **kwargs)

    source = locate_windows(windows, None, None)
    reader = HostReader(windows, torch.device("meta"))
    dataset = PretextDataset(source, [np.arange(len(windows))], reader=reader)
    batches = PretextBatches(
        dataset, None, tasks=[RelativePositioning(12, 30)], seed=0, epoch=0
    )
    monkeypatch.setattr(torch.Tensor, "to", remember)
    signal, _ = next(iter(batches))
    assert signal.device.type == "meta"
    assert len(waits) >= 2
    assert all(waits)


@pytest.mark.parametrize(("device", "dtype"), [("mps", "float32"), ("cpu", "float64")])
def test_targets_are_numbers_that_the_device_knows(device, dtype):
    tensor = _as_tensor(np.array([0.0, 1.0]), torch.device(device))
    assert str(tensor.dtype) == f"torch.{dtype}"
    assert tensor.tolist() == [0, 1]


class LouderHalf(RelativePositioning):
    """Which windows are the louder ones? Its targets come from the signal."""

    def prepare(self, signal, tuples, targets):
        power = signal.var(dim=(1, 2))[tuples].mean(dim=1)
        return signal, (power > power.median()).float()

    def loss(self, scores, targets):
        self.targets_.append(targets)
        return super().loss(scores, targets)


def test_targets_may_be_found_in_the_signal(windows, make_embedder, monkeypatch):
    seen = []
    monkeypatch.setattr(LouderHalf, "targets_", seen, raising=False)
    task = LouderHalf(12, 30)
    make_embedder(task, max_epochs=1, validation_fraction=None).fit(windows)
    planned = torch.repeat_interleave(torch.tensor([1.0, 0.0]), len(seen[0]) // 2)
    assert not torch.equal(seen[0].double(), planned.double())


@pytest.mark.parametrize(
    ("base", "params", "message"),
    [
        (RelativePositioning, {"n_tuples": 1}, "'n_tuples' parameter of Fixed must be"),
        (RelativePositioning, {"tau_neg": "30"}, "'tau_neg' parameter of Fixed must"),
        (ContrastivePredictiveCoding, {"negatives": "acros"}, "'negatives' parameter"),
        (ContrastivePredictiveCoding, {"n_predict": 0}, "'n_predict' parameter of"),
    ],
)
def test_refuses_what_a_subclass_fixes(windows, make_embedder, base, params, message):
    class Fixed(base):
        def __init__(self, own=1):
            super().__init__(**params)
            self.own = own

    with pytest.raises(ValueError, match=message):
        make_embedder(Fixed()).fit(windows)


def test_a_subclass_may_let_a_parameter_be_something_else():
    class Named(RelativePositioning):
        _parameter_constraints = RelativePositioning._parameter_constraints | {
            "n_tuples": [str]
        }

    Named(n_tuples="all").check_params()
    with pytest.raises(ValueError, match="'n_tuples' parameter of Named must be an"):
        Named(n_tuples=4).check_params()


class RunsOut(RelativePositioning):
    """One whose noise does not last for an epoch."""

    noise = iter(np.zeros(3, dtype=np.float32))

    def prepare(self, signal, tuples, targets):
        return signal + next(self.noise), targets


def test_what_runs_out_does_not_end_an_epoch(windows, make_embedder):
    task = RunsOut(12, 30)
    with pytest.raises(RuntimeError, match="StopIteration"):
        make_embedder(task, validation_fraction=None).fit(windows)


class Backwards(RelativePositioning):
    """Its arrays have negative strides."""

    def plan_epoch(self, *arguments):
        for batch in super().plan_epoch(*arguments):
            yield Batch(*(array[::-1].copy()[::-1] for array in batch))


def test_arrays_of_a_plan_may_be_reversed(windows, make_embedder, weights):
    one, other = (
        make_embedder(task(12, 30), max_epochs=1).fit(windows)
        for task in (Backwards, RelativePositioning)
    )
    assert weights(one) == weights(other)


class SomeAskNothing(RelativePositioning):
    """Each of its batches comes with one without tuples, and in other types."""

    def plan_epoch(self, *arguments):
        for batch in super().plan_epoch(*arguments):
            nothing = {"tuples": batch.tuples[:0], "targets": batch.targets[:0]}
            yield batch._replace(**nothing)
            yield batch._replace(tuples=batch.tuples.astype(">u2"))


def test_batches_without_tuples_are_left_out(windows, make_embedder, weights):
    one, other = (
        make_embedder(task(12, 30), max_epochs=1).fit(windows)
        for task in (SomeAskNothing, RelativePositioning)
    )
    assert weights(one) == weights(other)


class LazyHead(nn.Module):
    """A distance whose layer takes its size from the first embeddings."""

    def __init__(self):
        super().__init__()
        self.linear = nn.LazyLinear(1)

    def forward(self, embeddings, tuples):
        one, other = (embeddings_at(embeddings, column) for column in tuples.T)
        return self.linear((one - other).abs()).squeeze(1)


class HeadOfAnySize(RelativePositioning):
    def make_head(self, n_features):
        return LazyHead()


def test_a_training_with_a_lazy_head_is_taken_up(
    windows, make_embedder, weights, tmp_path
):
    one, other, again = (
        make_embedder(HeadOfAnySize(12, 30), max_epochs=2, checkpoint_dir=folder)
        for folder in (None, tmp_path, tmp_path)
    )
    assert weights(one.fit(windows)) == weights(other.fit(windows))
    assert weights(again.fit(windows)) == weights(one)


class NoDistance(LazyHead):
    """An Euclidean distance of 0, whose gradient is not a number."""

    def forward(self, embeddings, tuples):
        one = embeddings_at(embeddings, tuples[:, 0])
        distance = (one - one).square().sum(1, keepdim=True).sqrt()
        return self.linear(distance).squeeze(1)


def test_a_last_step_that_spoils_the_weights_is_told(windows, make_embedder):
    class Task(RelativePositioning):
        def make_head(self, n_features):
            return NoDistance()

    params = {"max_epochs": 1, "batch_size": 10_000, "validation_fraction": None}
    with pytest.raises(FloatingPointError, match="after the training"):
        make_embedder(Task(12, 30), **params).fit(windows)
