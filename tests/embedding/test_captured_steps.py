"""How steps are captured, without a GPU; that they learn the same is in test_gpu.py."""

from contextlib import nullcontext

import numpy as np
import pytest
import torch

from sksleep.embedding import _captured_steps
from sksleep.embedding._captured_steps import (
    CapturedSteps,
    can_be_captured,
    can_be_padded,
    pad_tuples,
)
from sksleep.embedding._net import PretextNet
from sksleep.pretext import (
    ContrastivePredictiveCoding,
    PretextTask,
    RelativePositioning,
    TemporalShuffling,
)

TASKS = [
    RelativePositioning(12, 30),
    TemporalShuffling(12, 30),
    ContrastivePredictiveCoding(n_context=2, n_predict=2),
]


def plan(task):
    """Return a batch of a task."""
    index, onsets = np.repeat([0, 1], 100), np.tile(np.arange(100) * 3.0, 2)
    return next(task.plan_epoch(index, onsets, 40, np.random.default_rng(0)))


def ask(task, batch):
    """Return loss, accuracy and the embeddings' gradient of a batch's questions."""
    torch.manual_seed(0)
    embeddings = torch.randn(len(batch.windows), 8, requires_grad=True)
    scores = task.make_head(8)(embeddings, torch.as_tensor(batch.tuples))
    targets = torch.as_tensor(batch.targets)
    loss = task.loss(scores, targets)
    loss.backward()
    return loss.detach(), task.accuracy(scores, targets), embeddings.grad


@pytest.mark.parametrize("task", TASKS, ids=lambda task: type(task).__name__)
def test_what_fills_a_batch_up_asks_nothing(task):
    batch = plan(task)
    batch = batch._replace(tuples=batch.tuples[:-1], targets=batch.targets[:-1])
    filled = pad_tuples(batch)
    assert len(filled.tuples) == len(filled.targets) > len(batch.tuples)
    assert len(filled.tuples) % 32 == 0
    assert len(pad_tuples(filled).tuples) == len(filled.tuples)
    for ours, expected in zip(ask(task, filled), ask(task, batch), strict=True):
        torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize("dtype", [bool, np.uint8])
def test_targets_that_cannot_say_so_stay_as_planned(dtype):
    batch = plan(RelativePositioning(12, 30))
    batch = batch._replace(
        tuples=batch.tuples[:-1], targets=batch.targets[:-1].astype(dtype)
    )
    assert pad_tuples(batch) is batch


def test_targets_may_be_a_list():
    batch = plan(RelativePositioning(12, 30))
    batch = batch._replace(tuples=batch.tuples[:-1], targets=batch.targets[:-1])
    listed = batch._replace(targets=batch.targets.tolist())
    np.testing.assert_array_equal(pad_tuples(listed).targets, pad_tuples(batch).targets)


class OwnPrepare(RelativePositioning):
    is_capturable = True

    def prepare(self, signal, tuples, targets):
        return -signal, targets


def test_a_prepare_of_its_own_gets_tuples_as_planned():
    assert can_be_captured(OwnPrepare())
    assert not can_be_padded(OwnPrepare())
    assert not can_be_padded(PretextTask())
    assert all(map(can_be_padded, TASKS))


class OwnLoss(RelativePositioning):
    def loss(self, scores, targets):
        return scores.square().mean()


class OwnSecondLoss(OwnLoss):
    is_capturable = True


class OwnParameter(RelativePositioning):
    def __init__(self, tau_pos=5.0, tau_neg=50.0):
        super().__init__(tau_pos, tau_neg)


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        *[(task, True) for task in TASKS],
        (PretextTask(), False),
        (OwnLoss(), False),
        (OwnSecondLoss(), True),
        (OwnParameter(), True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_subclass_makes_anew_it_has_to_vouch_for(task, expected):
    assert can_be_captured(task) == expected


class Stand:
    """Stands for graphs and streams of a GPU that is not there."""

    def __init__(self, *args):
        pass

    def wait_stream(self, other):
        pass

    def capture_begin(self, *args, **kwargs):
        pass

    def capture_end(self):
        raise RuntimeError("operation failed due to a previous error")


@pytest.fixture
def stand_ins(monkeypatch):
    """Have stand-ins for all that a capture needs of a GPU."""
    for name in ("CUDAGraph", "current_stream"):
        monkeypatch.setattr(torch.cuda, name, Stand)
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: None)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: nullcontext())
    monkeypatch.setattr(_captured_steps, "_stream_aside", Stand)


@pytest.fixture
def captured(monkeypatch):
    """Capture by name alone, and return the shapes of what was captured."""
    shapes = []

    class CapturedStep:
        def __init__(self, step, signal, questions, memory):
            shapes.append(tuple(signal.shape))

        def replay(self, inputs):
            return "played", inputs

    monkeypatch.setattr(_captured_steps, "_CapturedStep", CapturedStep)
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: None)
    return shapes


def test_a_step_is_captured_when_its_sizes_come_again(captured):
    steps = CapturedSteps(lambda signal, questions: "in turn")
    question = {"tuples": torch.zeros(4, 2), "targets": torch.zeros(4)}
    other = {"tuples": torch.zeros(5, 2), "targets": torch.zeros(5)}
    cast = question | {"targets": torch.zeros(4, dtype=int)}
    small, large = torch.zeros(3, 2, 10), torch.zeros(5, 2, 10)
    assert steps(small, {"0": question}) == "in turn"
    assert steps(large, {"0": question}) == "in turn"
    assert steps(small, {"0": other}) == "in turn"
    assert steps(small, {"1": question}) == "in turn"
    assert steps(small, {"0": cast}) == "in turn"
    for _ in range(2):
        played, inputs = steps(small + 1, {"0": question})
        assert played == "played"
        assert inputs[0].sum() == small.numel()
    assert captured == [(3, 2, 10)]


def test_large_steps_and_steps_of_too_many_sizes_are_not_captured(
    captured, monkeypatch
):
    monkeypatch.setattr(_captured_steps, "_LARGEST_SIGNAL", 6)
    monkeypatch.setattr(_captured_steps, "_MOST_GRAPHS", 2)
    steps = CapturedSteps(lambda signal, questions: "in turn")
    for _ in range(3):
        for n in range(1, 10):
            steps(torch.zeros(n), {})
    assert captured == [(1,), (2,)]
    assert steps(torch.zeros(2), {})[0] == "played"
    assert steps(torch.zeros(3), {}) == "in turn"


def test_graphs_together_are_not_too_large(captured, monkeypatch):
    monkeypatch.setattr(_captured_steps, "_MOST_NUMBERS", 7)
    steps = CapturedSteps(lambda signal, questions: "in turn")
    for _ in range(2):
        for n in (3, 5, 4, 1):
            steps(torch.zeros(n), {})
    assert captured == [(3,), (4,)]


def test_without_memory_for_a_graph_steps_are_taken_in_turn(captured, monkeypatch):
    def fail(*args):
        raise torch.cuda.OutOfMemoryError

    steps = CapturedSteps(lambda signal, questions: "in turn")
    for _ in range(2):
        steps(torch.zeros(1), {})
    with monkeypatch.context() as patch:
        patch.setattr(_captured_steps, "_CapturedStep", fail)
        assert [steps(torch.zeros(2), {}) for _ in range(3)] == 3 * ["in turn"]
    assert steps(torch.zeros(2), {}) == "in turn"
    assert steps(torch.zeros(1), {})[0] == "played"


@pytest.mark.usefixtures("stand_ins")
@pytest.mark.parametrize("reason", ["out of memory", "an illegal address"])
def test_a_driver_may_have_no_memory_for_a_graph(monkeypatch, reason):
    def fail(self):
        raise RuntimeError(f"CUDA error: {reason}")

    monkeypatch.setattr(Stand, "capture_end", fail)
    steps = CapturedSteps(lambda signal, questions: "in turn")
    steps(torch.zeros(1), {})
    if reason == "out of memory":
        assert steps(torch.zeros(1), {}) == "in turn"
    else:
        with pytest.raises(RuntimeError, match=reason):
            steps(torch.zeros(1), {})


def test_what_torch_keeps_is_given_back_before_the_first_capture(captured, monkeypatch):
    emptied = []
    monkeypatch.setattr(
        torch.cuda, "empty_cache", lambda: emptied.append(list(captured))
    )
    steps = CapturedSteps(lambda signal, questions: "in turn")
    for n in (1, 1, 2, 2):
        steps(torch.zeros(n), {})
    assert captured == [(1,), (2,)]
    assert emptied == [[]]


def test_graphs_are_forgotten(captured):
    steps = CapturedSteps(lambda signal, questions: "in turn")
    for _ in range(2):
        steps(torch.zeros(1), {})
    steps.forget()
    assert steps._graphs == {}


@pytest.mark.parametrize(
    ("error", "has_note"), [(RuntimeError("as is"), True), (KeyboardInterrupt(), False)]
)
@pytest.mark.usefixtures("stand_ins")
def test_an_error_in_a_capture_says_where_it_came(error, has_note):
    def step(signal, questions):
        raise error

    with pytest.raises(type(error)) as raised:
        _captured_steps._CapturedStep(step, torch.zeros(1), {}, None)
    assert raised.value is error
    notes = getattr(error, "__notes__", [])
    assert ["is_capturable" in note for note in notes] == [True] * has_note


@pytest.mark.parametrize("step", ["train", "validation"])
def test_on_a_gpu_one_thread_steps_at_a_time(step):
    """Steps that are not captured, too: they would disturb a capture."""
    net = PretextNet.__new__(PretextNet)
    net._steps = dict.fromkeys(
        ["train", "valid"], lambda signal, questions: _captured_steps._lock.locked()
    )
    for net.device, expected in (("cuda:0", True), ("cpu", False)):
        assert getattr(net, f"{step}_step")((None, None)) == expected
    assert not _captured_steps._lock.locked()
