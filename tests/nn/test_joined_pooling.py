"""Small whole numbers are exact in bfloat16, so that nothing may differ with them."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from sksleep.nn import _joined_pooling
from sksleep.nn._joined_pooling import _parts, pool_steps, pool_windows
from sksleep.nn._joined_steps import JoinedSteps


@st.composite
def stages(draw):
    """Sizes of a stage, and whole numbers for it with many ties among the outputs."""
    n_inputs, kernel_size = draw(st.integers(1, 2)), draw(st.integers(1, 5))
    pool_size, n_pools = draw(st.integers(1, 4)), draw(st.integers(1, 7))
    n_more = draw(st.integers(0, pool_size - 1))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 10_000)))

    def whole(*shape):
        return torch.randint(-1, 2, shape, generator=generator).float()

    n_steps = n_pools * pool_size + kernel_size - 1 + n_more
    arguments = (
        whole(3, n_steps, n_inputs),
        whole(2, n_inputs, kernel_size),
        whole(2),
    )
    return arguments, pool_size, n_pools, whole(3, n_pools, 2)


def plain_stage(signal, weight, bias, pool_size, n_pools):
    outputs = functional.conv1d(signal.transpose(1, 2), weight, bias)
    return functional.max_pool1d(outputs, pool_size).relu().transpose(1, 2)


def windows_stage(signal, weight, bias, pool_size, n_pools):
    operator = JoinedSteps(weight, bias, 2 * pool_size, stride=pool_size)
    signal = operator.cut_or_fill(signal.bfloat16(), n_pools * pool_size)
    pooled, *_ = pool_windows(signal, operator, n_pools, len(signal), has_moments=False)
    assert not pooled[:, n_pools:].any()
    return pooled[:, :n_pools]


def steps_stage(signal, weight, bias, pool_size, n_pools):
    operator = JoinedSteps(weight, bias, 2)
    signal = operator.cut_or_fill(signal.bfloat16(), n_pools * pool_size)
    return pool_steps(signal, operator, pool_size)[:, :n_pools]


def with_gradients(stage, arguments, pool_size, n_pools, gradient):
    arguments = [argument.clone().requires_grad_() for argument in arguments]
    pooled = stage(*arguments, pool_size, n_pools)
    gradients = torch.autograd.grad(pooled, arguments, gradient.to(pooled.dtype))
    return [pooled.float(), *gradients]


@pytest.mark.parametrize("stage", [windows_stage, steps_stage])
@settings(deadline=None)
@given(stages(), st.integers(1, 40))
def test_is_exactly_the_plain_stage_on_whole_numbers(stage, given, n_outputs):
    arguments, pool_size, n_pools, gradient = given
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_joined_pooling, "_N_OUTPUTS", n_outputs)
        found = with_gradients(stage, arguments, pool_size, n_pools, gradient)
    expected = with_gradients(plain_stage, arguments, pool_size, n_pools, gradient)
    for ours, other in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, other, rtol=0, atol=0)


@pytest.mark.parametrize("stage", [windows_stage, steps_stage])
@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_pools_numbers_of_any_size_as_floats(stage, scale):
    signal = scale * torch.randn(5, 24, 1, generator=torch.Generator().manual_seed(0))
    signal = signal.bfloat16().float()
    identity, no_bias = torch.ones(1, 1, 1), torch.zeros(1)
    expected = plain_stage(signal, identity, no_bias, 3, 8)
    torch.testing.assert_close(
        stage(signal, identity, no_bias, 3, 8).float(), expected, rtol=0, atol=0
    )


@pytest.mark.parametrize("stage", [windows_stage, steps_stage])
def test_a_second_gradient_is_the_same(stage):
    weight, bias = (argument.requires_grad_() for argument in _layer())
    pooled = stage(_signal().float(), weight, bias, 3, 7)
    gradient = torch.randn(pooled.shape, generator=torch.Generator().manual_seed(3))
    first, second = (
        torch.autograd.grad(
            pooled, [weight, bias], gradient.bfloat16(), retain_graph=True
        )
        for _ in range(2)
    )
    for ours, other in zip(first, second, strict=True):
        assert ours.any()
        torch.testing.assert_close(ours, other, rtol=0, atol=0)


@given(st.integers(1, 400), st.integers(1, 100))
def test_parts_are_few_and_of_about_one_size(n_columns, most):
    # Of six outputs a column, as the layer has three joined steps of two filters.
    signal, weight = torch.empty(n_columns, 6, 1), torch.empty(2, 2, 1, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_joined_pooling, "_N_OUTPUTS", 6 * most)
        patch.setattr(torch, "get_num_threads", lambda: 1)
        sizes = [len(signal[part]) for part in _parts(signal, weight)]
    assert sum(sizes) == n_columns
    assert max(sizes) <= most
    assert len(sizes) <= -(-n_columns // most)
    assert min(sizes) > max(sizes) - len(sizes)


@pytest.mark.parametrize("n_columns", [6, 4])
def test_moments_leave_out_what_is_behind_pools_and_columns(n_columns):
    pooled, mean, variance = _pool_with_moments(_signal(), n_columns)
    values = pooled[:n_columns, :7].double()
    assert pooled.shape == (6, 8, 2)
    assert not pooled[:, 7:].any()
    assert not pooled[n_columns:].any()
    torch.testing.assert_close(mean.double(), values.mean((0, 1)), rtol=1e-5, atol=0)
    expected = values.var((0, 1), correction=0)
    torch.testing.assert_close(variance.double(), expected, rtol=1e-5, atol=0)


@pytest.mark.parametrize("n_columns", [6, 4])
def test_moments_pass_their_gradient_on(n_columns):
    weights = torch.tensor([[3.0, -2.0], [0.5, 7.0]])
    signal = _signal().requires_grad_()
    pooled, mean, variance = _pool_with_moments(signal, n_columns)
    loss = (
        pooled.float().square().sum() + (torch.stack([mean, variance]) * weights).sum()
    )
    (found,) = torch.autograd.grad(loss, signal)
    signal = signal.detach().float().requires_grad_()
    values = plain_stage(signal[:n_columns], *_layer(), 3, 7)
    moments = torch.stack([values.mean((0, 1)), values.var((0, 1), correction=0)])
    loss = values.square().sum() + (moments * weights).sum()
    (expected,) = torch.autograd.grad(loss, signal)
    error = (found.float() - expected).norm() / expected.norm()
    assert error < 0.01
    assert not found[n_columns:].any()


def _layer():
    generator = torch.Generator().manual_seed(1)
    return torch.randn(2, 1, 4, generator=generator), torch.tensor([0.1, -0.3])


def _signal():
    return torch.randn(6, 24, 1, generator=torch.Generator().manual_seed(2)).bfloat16()


def _pool_with_moments(signal, n_columns):
    operator = JoinedSteps(*_layer(), 6, stride=3)
    signal = operator.cut_or_fill(signal, 21)
    return pool_windows(signal, operator, 7, n_columns, has_moments=True)
