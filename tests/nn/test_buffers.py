"""Memory that is used again, and never while someone uses it."""

import threading

import numpy as np
import pytest
import torch

from sksleep.nn import _buffers
from sksleep.nn._buffers import empty, scratch

SHAPE = (3, 5, 70)


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    """Begin without memory from other tests."""
    monkeypatch.setattr(_buffers, "_of_thread", threading.local())


@pytest.fixture
def n_made(monkeypatch):
    """Count how often memory is asked for."""
    made = []

    class Counted(_buffers._Block):
        def __init__(self, n_bytes):
            made.append(n_bytes)
            super().__init__(n_bytes)

    monkeypatch.setattr(_buffers, "_Block", Counted)
    return lambda: len(made)


def test_memory_is_used_again_as_soon_as_its_tensor_is_gone(n_made):
    first, second = empty(SHAPE, torch.float32), empty(SHAPE, torch.float32)
    assert n_made() == 2
    del first
    third = empty(SHAPE, torch.float32)
    assert n_made() == 2
    fourth = empty(SHAPE, torch.float32)
    assert n_made() == 3
    assert len({t.data_ptr() for t in (second, third, fourth)}) == 3


@pytest.mark.parametrize(("size", "n"), [(700, 1), (501, 1), (1000, 1), (300, 2)])
def test_memory_is_used_again_for_what_fills_most_of_it(n_made, size, n):
    empty((1000,), torch.float32)
    assert len(empty((size,), torch.float32)) == size
    assert n_made() == n


@pytest.mark.parametrize(
    "hold",
    [lambda t: t, lambda t: t[1:].mT, lambda t: t.numpy(), lambda t: t.detach()],
    ids=["tensor", "view", "array", "detached"],
)
def test_memory_that_is_still_looked_at_is_left_alone(hold):
    tensor = empty(SHAPE, torch.float32).fill_(1)
    held = hold(tensor)
    del tensor
    for _ in range(3):
        empty(SHAPE, torch.float32).fill_(2)
    assert (held == 1).all()


def test_memory_of_the_gradient_is_left_alone_until_it_is_computed():
    weight = torch.ones(SHAPE, requires_grad=True)
    factor = empty(SHAPE, torch.float32).fill_(3)
    product = (weight * factor).sum()
    del factor
    empty(SHAPE, torch.float32).fill_(2)
    product.backward()
    assert (weight.grad == 3).all()


def test_tensors_begin_at_a_line_of_the_cache():
    tensors = [empty((n,), torch.float32) for n in range(1, 40)]
    assert {tensor.data_ptr() % 64 for tensor in tensors} == {0}
    assert [len(tensor) for tensor in tensors] == list(range(1, 40))


def test_a_larger_batch_takes_the_place_of_a_smaller_one():
    for size in (1000, 1400, 1900, 1000):
        empty((size,), torch.float32)
    assert len(_buffers._of_thread.kept) == 1
    assert _buffers._n_kept(_buffers._of_thread.kept) >= 1900 * 4


def test_no_more_is_kept_than_a_limit(monkeypatch, n_made):
    monkeypatch.setattr(_buffers, "_MOST_KEPT", 10_000)
    tensors = [empty((1000,), torch.float32) for _ in range(4)]
    assert len({tensor.data_ptr() for tensor in tensors}) == n_made() == 4
    assert _buffers._n_kept(_buffers._of_thread.kept) <= 10_000
    del tensors
    # Room is made for another size.
    empty((2400,), torch.float32)
    empty((2400,), torch.float32)
    assert n_made() == 5


def test_what_is_not_used_for_long_is_given_back(monkeypatch):
    monkeypatch.setattr(_buffers, "_OLDEST", 3)
    monkeypatch.setattr(_buffers, "_OLDEST_TIMES_KEPT", 1)
    large_batch = [empty((1000,), torch.float32) for _ in range(4)]
    del large_batch
    for _ in range(5):
        step = [empty((900,), torch.float32) for _ in range(2)]
        del step
    assert len(_buffers._of_thread.kept) == 2


def test_what_every_step_uses_stays(monkeypatch, n_made):
    monkeypatch.setattr(_buffers, "_OLDEST", 3)
    monkeypatch.setattr(_buffers, "_OLDEST_TIMES_KEPT", 1)
    for _ in range(10):
        empty((1000,), torch.float32)
    assert n_made() == 1


def test_what_a_step_of_many_requests_needs_stays(monkeypatch, n_made):
    monkeypatch.setattr(_buffers, "_OLDEST", 3)
    for _ in range(3):
        step = [empty((1000,), torch.float32) for _ in range(10)]
        del step
    assert n_made() == 10


def test_what_is_in_use_for_long_is_used_again(monkeypatch, n_made):
    monkeypatch.setattr(_buffers, "_OLDEST", 3)
    monkeypatch.setattr(_buffers, "_OLDEST_TIMES_KEPT", 1)
    tensor = empty((1000,), torch.float32)
    for _ in range(5):
        empty((100,), torch.float32)
    del tensor
    empty((1000,), torch.float32)
    assert n_made() == 2


def test_scratch_that_has_grown_leaves_no_holes(anonymous_memory):
    np.empty(8_000_000, np.uint8)  # freed: from now on malloc keeps such a size
    others = []
    before = anonymous_memory()
    for size in range(1_000_000, 8_000_000, 250_000):
        scratch("outputs", (size,), torch.int8).fill_(1)
        others.append(np.ones(10_000))  # small ones pin what malloc has
    held = sum(other.nbytes for other in others) + size
    assert anonymous_memory() - before < held + 5_000_000


@pytest.mark.parametrize("size", [3, 300_000])
def test_scratch_begins_at_a_line_of_the_cache(size):
    scratch("other", (1,), torch.float32)
    assert scratch("outputs", (size,), torch.float32).data_ptr() % 64 == 0


def test_scratch_is_one_memory_for_a_name_dtype_and_thread():
    big = scratch("outputs", (4, 6), torch.float32)
    assert scratch("outputs", (2, 3), torch.float32).data_ptr() == big.data_ptr()
    assert scratch("rows", (2, 3), torch.float32).data_ptr() != big.data_ptr()
    assert scratch("outputs", (2, 3), torch.float64).data_ptr() != big.data_ptr()
    others = []
    thread = threading.Thread(
        target=lambda: others.append(scratch("outputs", (2, 3), torch.float32))
    )
    thread.start()
    thread.join()
    assert others[0].data_ptr() != big.data_ptr()


def test_scratch_of_inference_can_be_written_in_training():
    with torch.inference_mode():
        scratch("outputs", (2, 3), torch.float32)
    weight = torch.ones(2, 3, requires_grad=True)
    with torch.no_grad():
        torch.mul(weight, 2, out=scratch("outputs", (2, 3), torch.float32))


def test_scratch_is_on_the_processor_whatever_torchs_default():
    with torch.device("meta"):
        assert scratch("outputs", (2, 3), torch.float32).device.type == "cpu"
