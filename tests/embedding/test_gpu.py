"""What a GPU computes, against the processor. Skipped where there is none."""

import gc
import math
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
import torch

from sksleep.embedding import (
    StagerNetEmbedder,
    _captured_steps,
    _inference,
    _reading,
)
from sksleep.embedding._net import PretextNet
from sksleep.pretext import (
    ContrastivePredictiveCoding,
    RelativePositioning,
    TemporalShuffling,
)

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")

TASKS = [
    RelativePositioning(12, 30, windows_per_recording=16),
    TemporalShuffling(12, 30, windows_per_recording=16),
    ContrastivePredictiveCoding(n_context=2, n_predict=2),
]


@pytest.fixture(autouse=True)
def full_float32():
    """Keep all digits in convolutions, which GPUs shorten by default."""
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        yield


@pytest.fixture(params=["resident", "copied"])
def place(request, monkeypatch):
    """Recordings in the GPU's memory, and batches copied there."""
    if request.param == "copied":
        monkeypatch.setattr(_reading, "_MEMORY_SHARE", 0)


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("as_array", [False, True])
def test_embeddings_are_those_of_the_processor(windows, as_array):
    X = np.asarray(windows) if as_array else windows
    on_cpu, on_gpu = (_embed(X, device) for device in ("cpu", "cuda"))
    np.testing.assert_allclose(on_gpu, on_cpu, rtol=1e-4, atol=1e-5)


def test_embeddings_of_many_parts_keep_their_order(windows, monkeypatch):
    expected = _embed(windows, "cuda")
    shape = windows.shape[1:]
    # Seven windows at a time: the last part is shorter.
    assert len(windows) % 7
    monkeypatch.setattr(_inference, "_MOST_NUMBERS_ON_A_GPU", 7 * math.prod(shape))
    found = _embed(windows, "cuda")
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_bfloat16_rounds_embeddings_and_no_more(windows):
    exact = _embed(windows, "cpu")
    error = _embed(windows, "cuda", precision="bfloat16") - exact
    assert 1e-5 < np.linalg.norm(error) / np.linalg.norm(exact) < 0.05


@pytest.fixture
def losses(record_steps):
    """Return a function that returns the loss of each training step of a fit."""
    steps = record_steps()

    def fit(embedder, windows):
        steps.clear()
        embedder.fit(windows)
        return [step["train_loss"] for step in steps]

    return fit


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("task", TASKS, ids=lambda task: type(task).__name__)
def test_training_takes_the_processors_course(windows, make_embedder, losses, task):
    # Devices draw other dropouts from the same seed.
    sizes = {"n_filters": 4, "kernel_sizes": (9, 5), "pool_sizes": (3, 4)}
    params = {"max_epochs": 1, "module_params": sizes | {"dropout": 0.0}}
    on_cpu, on_gpu = (
        losses(make_embedder(task, device=device, **params), windows)
        for device in ("cpu", "cuda")
    )
    assert len(on_cpu) > 3
    np.testing.assert_allclose(on_gpu[0], on_cpu[0], rtol=1e-5)
    # Adam divides tiny gradients by their size, so rounding grows from step to step.
    np.testing.assert_allclose(on_gpu, on_cpu, rtol=1e-3)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("task", TASKS, ids=lambda task: type(task).__name__)
def test_same_random_state_gives_the_same_bytes(
    windows, make_embedder, weights, task, precision
):
    embedder = make_embedder(task, device="cuda", precision=precision)
    first, *others = [weights(embedder.fit(windows)) for _ in range(3)]
    assert others == [first, first]


def test_a_training_goes_on_from_its_checkpoint(
    windows, make_embedder, weights, tmp_path
):
    embedder = make_embedder(device="cuda", checkpoint_dir=tmp_path).fit(windows)
    expected = weights(embedder)
    (path,) = tmp_path.iterdir()
    written = path.stat().st_mtime_ns
    assert weights(embedder.fit(windows)) == expected
    assert path.stat().st_mtime_ns == written


def test_training_leaves_the_random_states_of_gpus_alone(windows, make_embedder):
    before = torch.cuda.get_rng_state_all()
    make_embedder(device="cuda").fit(windows)
    assert all(map(torch.equal, torch.cuda.get_rng_state_all(), before))


def test_bfloat16_trains(windows, make_embedder):
    embedder = make_embedder(device="cuda", precision="bfloat16").fit(windows)
    embeddings = embedder.transform(windows)
    assert embeddings.dtype == np.float32
    assert np.isfinite(embeddings).all()
    objective = embedder.net_.history[:, "train_objective"]
    assert objective[-1] < objective[0]


@pytest.fixture
def n_played(monkeypatch):
    """Count the steps that are replayed."""
    counts = Counter()
    replay = _captured_steps._CapturedStep.replay

    def count(self, inputs):
        counts["steps"] += 1
        return replay(self, inputs)

    monkeypatch.setattr(_captured_steps._CapturedStep, "replay", count)
    return counts


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("task", [*TASKS, TASKS], ids=lambda task: type(task).__name__)
def test_captured_steps_learn_the_same_bytes(
    windows, make_embedder, weights, n_played, monkeypatch, task, precision
):
    # With dropout, which has to differ from step to step.
    params = {"device": "cuda", "precision": precision, "max_epochs": 12}
    captured = make_embedder(task, **params).fit(windows)
    n_captured = n_played["steps"]
    monkeypatch.setattr(PretextNet, "_can_be_captured", lambda self: False)
    in_turn = make_embedder(task, **params).fit(windows)
    assert n_captured > 10
    assert n_played["steps"] == n_captured
    columns = ["train_loss", "valid_objective"]
    assert captured.net_.history[:, columns] == in_turn.net_.history[:, columns]
    assert weights(captured) == weights(in_turn)


def interrupt_after(monkeypatch, n_epochs):
    """Have a training interrupted when so many epochs are over."""
    on_epoch_begin = PretextNet.on_epoch_begin

    def interrupt(net, *args, **kwargs):
        if len(net.history) > n_epochs:
            raise KeyboardInterrupt
        on_epoch_begin(net, *args, **kwargs)

    monkeypatch.setattr(PretextNet, "on_epoch_begin", interrupt)


def test_a_killed_training_ends_as_one_never_killed(
    windows, make_embedder, weights, n_played, monkeypatch, tmp_path
):
    params = {"device": "cuda", "max_epochs": 12, "patience": 50}
    expected = make_embedder(**params).fit(windows)
    assert n_played["steps"] > 10
    params["checkpoint_dir"] = tmp_path
    with monkeypatch.context() as patch:
        interrupt_after(patch, 6)
        with pytest.raises(KeyboardInterrupt):
            make_embedder(**params).fit(windows)
    resumed = make_embedder(**params).fit(windows)
    assert len(resumed.net_.history) == 12
    assert weights(resumed) == weights(expected)


def test_a_training_killed_on_a_processor_goes_on(
    windows, make_embedder, n_played, monkeypatch, tmp_path
):
    params = {"max_epochs": 12, "patience": 50, "checkpoint_dir": tmp_path}
    with monkeypatch.context() as patch:
        interrupt_after(patch, 2)
        with pytest.raises(KeyboardInterrupt):
            make_embedder(device="cpu", **params).fit(windows)
    resumed = make_embedder(device="cuda", **params).fit(windows)
    assert n_played["steps"] > 0
    assert len(resumed.net_.history) == 12
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("task", TASKS, ids=lambda task: type(task).__name__)
def test_tuples_that_fill_a_batch_change_no_loss(
    windows, make_embedder, monkeypatch, losses, task
):
    sizes = {"n_filters": 4, "kernel_sizes": (9, 5), "pool_sizes": (3, 4)}
    params = {"device": "cuda", "max_epochs": 1, "module_params": sizes}
    filled = losses(make_embedder(task, **params), windows)
    monkeypatch.setattr(type(task), "is_capturable", False)
    np.testing.assert_allclose(
        filled, losses(make_embedder(task, **params), windows), rtol=1e-3
    )


def test_graphs_are_given_back_after_training(windows, make_embedder, n_played):
    embedder = make_embedder(device="cuda", max_epochs=12)
    embedder.fit(windows)  # what libraries keep for themselves
    gc.collect()
    before = torch.cuda.memory_allocated()
    for _ in range(3):
        embedder.fit(windows)
    gc.collect()
    assert n_played["steps"] > 0
    assert torch.cuda.memory_allocated() <= before


def test_trainings_in_two_threads_do_not_disturb_each_other(
    windows, make_embedder, n_played
):
    """One of them with steps that cannot be captured, as they are not vouched for."""
    own = type("Own", (RelativePositioning,), {"is_capturable": False})
    embedders = [
        make_embedder(task, device="cuda", max_epochs=12)
        for task in (TASKS[0], own(12, 30, windows_per_recording=16))
    ]
    with ThreadPoolExecutor(2) as pool:
        fits = [pool.submit(embedder.fit, windows) for embedder in embedders]
        assert all(fit.result() for fit in fits)
    assert n_played["steps"] > 0


def test_a_training_goes_on_without_memory_for_graphs(
    windows, make_embedder, weights, n_played, monkeypatch
):
    expected = weights(make_embedder(device="cuda", max_epochs=6).fit(windows))
    assert n_played["steps"] > 0

    def fail(*args):
        raise torch.cuda.OutOfMemoryError

    monkeypatch.setattr(_captured_steps, "_CapturedStep", fail)
    found = weights(make_embedder(device="cuda", max_epochs=6).fit(windows))
    assert found == expected


def test_a_fitted_embedder_goes_through_joblib(windows, make_embedder, tmp_path):
    embedder = make_embedder(device="cuda", max_epochs=12).fit(windows)
    joblib.dump(embedder, tmp_path / "embedder.joblib")
    loaded = joblib.load(tmp_path / "embedder.joblib")
    np.testing.assert_array_equal(
        loaded.transform(windows), embedder.transform(windows)
    )


def _embed(X, device, precision="float32"):
    """Return embeddings of a network with its initial weights, the same everywhere."""
    embedder = StagerNetEmbedder(
        "random", device=device, precision=precision, random_state=0
    )
    return embedder.fit_transform(X)
