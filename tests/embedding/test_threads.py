"""Trainings and embeddings in several threads of a process."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import pytest
import torch
from joblib import parallel_config

from sksleep.embedding import _torch_state
from sksleep.embedding._torch_state import seeded_torch, torch_threads
from sksleep.pretext import RelativePositioning


def test_trainings_in_threads_are_those_alone(windows, make_embedder, weights):
    expected = [
        weights(make_embedder(random_state=seed).fit(windows)) for seed in (0, 1)
    ]
    before = torch.get_rng_state()
    with ThreadPoolExecutor(2) as pool:
        fits = [
            pool.submit(make_embedder(random_state=seed).fit, windows)
            for seed in (0, 1)
        ]
        found = [weights(fit.result()) for fit in fits]
    assert found == expected
    assert torch.equal(torch.get_rng_state(), before)


def test_threads_that_overlap_have_their_own_numbers():
    before = torch.get_num_threads()
    is_in, may_leave, found = Event(), Event(), []

    def stay_longer():
        with torch_threads(before + 2):
            is_in.set()
            may_leave.wait(timeout=60)
            found.append(torch.get_num_threads())
        found.append(torch.get_num_threads())

    thread = Thread(target=stay_longer, daemon=True)
    with torch_threads(before + 1):
        assert torch.get_num_threads() == before + 1
        thread.start()
        assert is_in.wait(timeout=60)
    may_leave.set()
    thread.join(timeout=60)
    assert found == [before + 2, before]
    assert torch.get_num_threads() == before


def test_inner_numbers_of_threads_leave_the_outer_one():
    before = torch.get_num_threads()
    with torch_threads(before + 2):
        with torch_threads(before + 1):
            pass
        assert torch.get_num_threads() == before + 2
    assert torch.get_num_threads() == before


def test_numbers_of_threads_hold_in_workers_of_workers():
    """In which joblib would have all but None be 1, and last bits change with it."""
    with parallel_config("sequential"), torch_threads(2):
        assert torch.get_num_threads() == 2
    with parallel_config("threading", n_jobs=3), torch_threads(None):
        assert torch.get_num_threads() == 3


def test_says_what_it_waits_for(monkeypatch):
    monkeypatch.setattr(_torch_state, "_PATIENCE", 0.01)
    begun, is_told = Event(), Event()

    def train():
        with seeded_torch(0, "cpu"):
            begun.set()
            is_told.wait(timeout=60)

    def tell(*args):
        is_told.set()

    monkeypatch.setattr(_torch_state, "warn", tell)
    other = Thread(target=train)
    other.start()
    begun.wait(timeout=60)
    with seeded_torch(0, "cpu"):
        assert is_told.is_set()
    other.join()


def test_a_task_that_trains_while_it_plans_is_refused(windows, make_embedder):
    """In its own thread, in which the training that waits for it is not."""

    class Teacher(RelativePositioning):
        n_plans = 0

        def plan_epoch(self, *args):
            Teacher.n_plans += 1
            if Teacher.n_plans > 1:  # the first is tried before the training
                make_embedder(max_epochs=1).fit(windows)
            return super().plan_epoch(*args)

    embedder = make_embedder(Teacher(12, 30), validation_fraction=None)
    with pytest.raises(RuntimeError, match=r"cannot train .* while it plans"):
        embedder.fit(windows)
