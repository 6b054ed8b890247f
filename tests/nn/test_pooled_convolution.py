import threading

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from sksleep.nn import (
    _block_operators,
    _buffers,
    _spectral_blocks,
    _toeplitz_blocks,
)
from sksleep.nn._block_operators import choose_sizes, make_operator
from sksleep.nn._fourier import FourierTransform
from sksleep.nn._pooled_convolution import _parts, pooled_convolution, with_moments
from sksleep.nn._spectral_blocks import SpectralBlocks
from sksleep.nn._toeplitz_blocks import ToeplitzBlocks


def make_spectral(n_second):
    """Return what makes spectral blocks of two pooling windows."""

    def make(weight, pool_size, n_columns):
        n_rows = 2 * pool_size + weight.shape[2] - 1
        n_first = 2 * -(-n_rows // (2 * n_second))
        transform = FourierTransform(n_first, n_second, weight.dtype)
        return SpectralBlocks(weight, pool_size, 2, transform)

    return make


OPERATORS = {
    "toeplitz": ToeplitzBlocks,
    "spectral": make_spectral(1),
    "spectral, in two steps": make_spectral(3),
}


@pytest.fixture(params=OPERATORS)
def make(request):
    return OPERATORS[request.param]


def draw(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("n_inputs", [1, 3])
@pytest.mark.parametrize("kernel_size", [1, 2, 7])
@pytest.mark.parametrize("pool_size", [1, 2, 5])
@pytest.mark.parametrize("n_pools", [1, 2, 5])
def test_agrees_with_plain_functions(make, n_inputs, kernel_size, pool_size, n_pools):
    signal = draw(n_pools * pool_size + kernel_size - 1 + pool_size // 2, n_inputs, 6)
    weight, bias = draw(4, n_inputs, kernel_size), draw(4, seed=1)
    pooled = pooled_convolution(signal, make(weight, pool_size, 6), bias)
    plain = functional.conv1d(signal.permute(2, 1, 0), weight, bias)
    plain = functional.max_pool1d(plain, pool_size).relu().permute(2, 1, 0)
    torch.testing.assert_close(pooled, plain)


@st.composite
def spectral_stages(draw):
    """Sizes of a signal, a kernel, pooling windows and blocks of those."""
    sizes = [draw(st.integers(1, n)) for n in (3, 3, 7, 4, 6)]
    n_filters, n_inputs, kernel_size, pool_size, n_pools = sizes
    n_in_block = draw(st.integers(1, n_pools))
    n_rows = n_in_block * pool_size + kernel_size - 1
    n_second = draw(st.integers(1, 6))
    n_first = 2 * -(-n_rows // (2 * n_second))
    n_steps = (
        n_pools * pool_size + kernel_size - 1 + draw(st.integers(0, pool_size - 1))
    )
    weight = torch.randn(n_filters, n_inputs, kernel_size).double()
    transform = FourierTransform(n_first, n_second, torch.float64)
    return weight, pool_size, n_in_block, transform, n_steps


@given(spectral_stages())
def test_gradients_are_those_of_plain_functions(stage):
    weight, pool_size, n_in_block, transform, n_steps = stage
    inputs = draw(n_steps, weight.shape[1], 2), weight, draw(len(weight), seed=1)
    inputs = [x.requires_grad_() for x in inputs]
    operator = SpectralBlocks(inputs[1], pool_size, n_in_block, transform)
    pooled = pooled_convolution(inputs[0], operator, inputs[2])
    plain = functional.conv1d(inputs[0].permute(2, 1, 0), *inputs[1:])
    plain = functional.max_pool1d(plain, pool_size).relu().permute(2, 1, 0)
    torch.testing.assert_close(pooled, plain)
    gradient = draw(*pooled.shape, seed=2)
    found = torch.autograd.grad(pooled, inputs, gradient)
    expected = torch.autograd.grad(plain, inputs, gradient)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_steps_behind_the_last_pool_have_no_influence(make):
    signal, weight, bias = draw(14, 2, 3), draw(4, 2, 3), draw(4, seed=1)
    operator = make(weight, 4, 3)
    pooled = pooled_convolution(signal, operator, bias)
    signal[3 * 4 + 2 :] = torch.nan
    signal = torch.cat([signal, torch.full((3, 2, 3), torch.nan)])
    assert torch.equal(pooled_convolution(signal, operator, bias), pooled)


def test_a_frozen_kernel_needs_no_second_look(make, monkeypatch):
    signal, weight, bias = draw(20, 2, 3).requires_grad_(), draw(4, 2, 3), draw(4)
    operator = make(weight, 4, 3)
    pooled = pooled_convolution(signal, operator, bias)
    monkeypatch.delattr(type(operator), "look")
    pooled.sum().backward()
    assert signal.grad.abs().sum() > 0


@pytest.mark.parametrize("pool_size", [1, 3])
def test_gradcheck(make, pool_size):
    def compute(signal, weight, bias):
        return pooled_convolution(signal, make(weight, pool_size, 2), bias)

    inputs = draw(12, 2, 2), draw(3, 2, 3), draw(3)
    assert torch.autograd.gradcheck(compute, [x.requires_grad_() for x in inputs])


def test_a_second_gradient_is_the_first(make):
    """Although what the operator saw is no longer kept."""
    inputs = draw(29, 2, 3), draw(4, 2, 3), draw(4, seed=1)
    inputs = [x.requires_grad_() for x in inputs]
    pooled = pooled_convolution(inputs[0], make(inputs[1], 4, 3), inputs[2])
    first = torch.autograd.grad(pooled.sum(), inputs, retain_graph=True)
    second = torch.autograd.grad(pooled.sum(), inputs)
    for ours, expected in zip(second, first, strict=True):
        assert torch.equal(ours, expected)


def test_the_gradient_of_a_signal_takes_the_memory_of_spectra(monkeypatch):
    monkeypatch.setattr(_buffers, "_of_thread", threading.local())
    signal, weight = draw(10, 8, 500).requires_grad_(), draw(2, 8, 3).requires_grad_()
    operator = make_spectral(1)(weight, 4, 500)
    pooled = pooled_convolution(signal, operator, draw(2))
    [spectra] = pooled.grad_fn.kept
    n_bytes = spectra.nbytes
    del spectra
    assert n_bytes >= signal.nbytes > 2 * pooled.nbytes
    pooled.sum().backward()
    assert signal.grad is not None
    kept = [len(block.memory) for block in _buffers._of_thread.kept]
    assert sum(n >= signal.nbytes for n in kept) == 1


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_tie_gives_its_gradient_to_one_position(make, value):
    signal = torch.full((11, 1, 2), value, dtype=torch.float64, requires_grad=True)
    weight = torch.ones(1, 1, 2, dtype=torch.float64)
    bias = torch.ones(1, dtype=torch.float64)
    pooled_convolution(signal, make(weight, 5, 2), bias).sum().backward()
    # Two pooling windows, and in each a single output that two steps go into.
    assert signal.grad.sum(0).numpy() == pytest.approx(np.full((1, 2), 4.0))


@pytest.mark.parametrize("pool_size", [2, 3])
def test_only_the_first_of_equal_outputs_gets_the_gradient(pool_size):
    signal = torch.zeros(6, 1, 1, requires_grad=True)
    operator = ToeplitzBlocks(torch.ones(1, 1, 1), pool_size, 1)
    pooled_convolution(signal, operator, torch.ones(1)).sum().backward()
    firsts = [1] + [0] * (pool_size - 1)
    assert signal.grad.flatten().tolist() == firsts * (6 // pool_size)


@pytest.mark.parametrize("position", [0, 127, 128, 299])
def test_the_gradient_finds_its_place_in_a_long_pool(position):
    signal = torch.zeros(300, 1, 1)
    signal[position] = 1
    signal.requires_grad_()
    operator = ToeplitzBlocks(torch.ones(1, 1, 1), 300, 1)
    pooled_convolution(signal, operator, torch.zeros(1)).sum().backward()
    assert signal.grad.flatten().nonzero().flatten().tolist() == [position]


def test_blocks_that_do_not_fit_the_cache_are_computed_in_parts(monkeypatch):
    monkeypatch.setattr(_toeplitz_blocks, "_N_CACHED", 60 // torch.get_num_threads())
    signal, weight = draw(33, 2, 5), draw(3, 2, 4)
    operator = ToeplitzBlocks(weight, 2, 5)
    assert operator.n_pools <= 2 < len(signal) // 2
    expected = functional.conv1d(signal.permute(2, 1, 0), weight)
    expected = functional.max_pool1d(expected, 2).relu().permute(2, 1, 0)
    pooled = pooled_convolution(signal, operator, torch.zeros(3).double())
    torch.testing.assert_close(pooled, expected)


@pytest.mark.parametrize("in_two_steps", [True, False])
def test_operator_is_chosen_by_arithmetic(monkeypatch, in_two_steps):
    monkeypatch.setattr(_block_operators, "two_steps_pay", lambda: in_two_steps)
    first, second = draw(16, 1, 12), draw(16, 16, 50)
    assert isinstance(make_operator(first, 3, 246, 192), ToeplitzBlocks)
    operator = make_operator(second, 13, 15, 192)
    assert isinstance(operator, SpectralBlocks)
    assert (operator.transform.n_second > 1) is in_two_steps


stages = st.tuples(
    *[st.integers(1, 40), st.integers(1, 40), st.integers(1, 60)],
    *[st.integers(1, 20), st.integers(1, 60)],
)


@given(stages, st.booleans())
def test_a_transform_has_as_many_steps_as_its_block(stage, in_two_steps):
    _, _, kernel_size, pool_size, n_pools = stage
    sizes = choose_sizes(*stage, in_two_steps)
    if sizes is not None:
        assert 1 <= sizes.n_pools <= n_pools
        assert sizes.n_first % 2 == 0
        assert in_two_steps or sizes.n_second == 1
        n_steps = sizes.n_pools * pool_size + kernel_size - 1
        assert n_steps <= sizes.n_first * sizes.n_second


@pytest.mark.parametrize("n_kept", [0, 1, 2])
def test_spectra_are_kept_up_to_a_limit(monkeypatch, n_kept):
    operator = make_spectral(3)(draw(4, 2, 4), 2, 3)
    spectrum = operator.look(draw(9, 2, 3), 0, 2, keep=True)
    n_most = -(-n_kept * spectrum.numel() // torch.get_num_threads())
    monkeypatch.setattr(_spectral_blocks, "_MOST_KEPT", n_most)
    assert [operator.find_room(3) for _ in range(4)].count(True) == n_kept


def test_blocks_of_endless_recordings_stay_small():
    sizes = choose_sizes(16, 16, 50, 13, 10_000, True)
    assert sizes.n_pools * 13 + 49 <= 256


def test_parts_are_of_one_size_and_overlap_where_they_must():
    pooled = torch.arange(10)
    parts = [(first, part.tolist(), n) for first, part, n in _parts(pooled, 4)]
    assert parts == [
        (0, [0, 1, 2, 3], 0),
        (4, [4, 5, 6, 7], 0),
        (6, [6, 7, 8, 9], 2),
    ]


@given(st.integers(1, 300), st.integers(1, 320))
def test_every_pool_is_new_in_one_part(n_pools, n_most):
    parts = list(_parts(torch.arange(n_pools), n_most))
    assert len({len(part) for _, part, _ in parts}) == 1
    assert len(parts[0][1]) <= n_most
    assert all(part[0] == first for first, part, _ in parts)
    new = torch.cat([part[n_again:] for _, part, n_again in parts])
    assert new.tolist() == list(range(n_pools))


@pytest.mark.parametrize("n_most", [2, 3, 4])
@pytest.mark.parametrize("n_kept", [0, 150, 2**21])
def test_gradients_count_no_pool_twice(monkeypatch, make, n_most, n_kept):
    monkeypatch.setattr(_spectral_blocks, "_MOST_KEPT", n_kept)
    signal, weight, bias = draw(7 * 2 + 3, 2, 3), draw(4, 2, 4), draw(4, seed=1)
    gradient = draw(7, 4, 3, seed=2)

    def gradients(n_pools):
        inputs = [x.clone().requires_grad_() for x in (signal, weight, bias)]
        operator = make(inputs[1], 2, 3)
        operator.n_pools = min(n_pools, operator.n_pools)
        pooled = pooled_convolution(inputs[0], operator, inputs[2])
        return torch.autograd.grad(pooled, inputs, gradient)

    for found, expected in zip(gradients(n_most), gradients(1), strict=True):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("n_more", [0, 3])
def test_moments_of_several_signals_are_those_of_all_together(n_more):
    n_columns = [1, 4, 5]
    signals = [1e6 + draw(7, 3, n + n_more, seed=n) for n in n_columns]
    passed, mean, variance = with_moments(signals, n_columns)
    counted = [s[..., :n] for s, n in zip(signals, n_columns, strict=True)]
    together = torch.cat(counted, 2).permute(1, 0, 2).flatten(1)
    assert all(map(torch.equal, passed, signals))
    torch.testing.assert_close(mean, together.mean(1))
    torch.testing.assert_close(variance, together.var(1, correction=0))


@pytest.mark.parametrize("n_more", [0, 2])
def test_gradcheck_of_moments(n_more):
    def compute(*signals):
        # Each signal is new, as its gradient is changed in place.
        filled_up = [torch.nn.functional.pad(2 * s, (0, n_more)) for s in signals]
        passed, mean, variance = with_moments(filled_up, [1, 4])
        return [*(signal * mean[:, None] for signal in passed), variance]

    signals = [draw(3, 2, n).requires_grad_() for n in (1, 4)]
    assert torch.autograd.gradcheck(compute, signals)


def test_columns_that_do_not_count_take_no_gradient():
    signal = draw(3, 2, 6).requires_grad_()
    (passed,), mean, variance = with_moments([2 * signal], [4])
    loss = (passed[..., :4].sum((0, 2)) * mean * variance).sum()
    (gradient,) = torch.autograd.grad(loss, signal)
    assert gradient[..., :4].all()
    assert not gradient[..., 4:].any()
