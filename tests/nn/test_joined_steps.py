from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from sksleep.nn._joined_steps import JoinedSteps, convolve, pull_back


def draw(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def plain(signal, weight, bias):
    """The convolution as a layer does it, with filters last."""
    return functional.conv1d(signal.transpose(1, 2), weight, bias).transpose(1, 2)


def in_time(outputs, operator):
    """Outputs at joined steps, brought into the order of time."""
    strided = outputs.unflatten(2, (operator.stride, -1, operator.n_filters))
    return strided.transpose(2, 3).reshape(len(outputs), -1, operator.n_filters)


sizes = {
    "n_inputs": st.integers(1, 3),
    "kernel_size": st.integers(1, 8),
    "stride": st.integers(1, 3),
    "n_strides": st.integers(1, 3),
    "n_outputs": st.integers(1, 15),
    "n_more": st.integers(0, 4),
}


@given(**sizes)
def test_agrees_with_a_plain_layer(
    n_inputs, kernel_size, stride, n_strides, n_outputs, n_more
):
    signal = draw(2, n_outputs + kernel_size - 1 + n_more, n_inputs)
    weight, bias = draw(4, n_inputs, kernel_size, seed=1), draw(4, seed=2)
    operator = JoinedSteps(weight, bias, stride * n_strides, stride)
    joined = operator.cut_or_fill(signal, n_outputs)
    repeated = operator.bias.repeat(operator.n_joined)
    outputs = in_time(convolve(joined, operator.weight, repeated), operator)
    expected = plain(signal, weight, bias)[:, :n_outputs]
    torch.testing.assert_close(outputs[:, :n_outputs], expected)


def test_reads_no_more_than_the_outputs_look_at():
    operator = JoinedSteps(draw(2, 1, 5), draw(2), 4)
    # 8 outputs, as 7 do not fill two joined steps, and 4 more of the kernel.
    assert operator.cut_or_fill(draw(1, 30, 1), 7).shape == (1, 12, 1)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("are_needed", list(product([True, False], repeat=2))[:-1])
def test_gradients_are_those_of_the_convolution(are_needed, dtype):
    operator = JoinedSteps(draw(2, 3, 4), draw(2), 2)
    arguments = [draw(3, 10, 3, seed=3), operator.weight]
    arguments = [argument.to(dtype).requires_grad_() for argument in arguments]
    outputs = convolve(*arguments, operator.bias.to(dtype).repeat(2))
    gradient = draw(*outputs.shape, seed=4).to(dtype)
    expected = torch.autograd.grad(outputs, arguments, gradient)
    found = pull_back(gradient, *arguments, are_needed)
    for ours, other, is_needed in zip(found, expected, are_needed, strict=True):
        if is_needed:
            torch.testing.assert_close(ours, other)


@pytest.mark.parametrize("n_joined", [2, 4, 8, 12, 14])
@pytest.mark.parametrize("kernel_size", [20, 50, 55, 90, 150, 181, 250])
def test_bfloat16_is_right_for_few_inputs_and_long_kernels(n_joined, kernel_size):
    weight = draw(8, 1, kernel_size).float() / kernel_size**0.5
    operator = JoinedSteps(weight, torch.zeros(8), n_joined)
    signal = operator.cut_or_fill(draw(5, kernel_size + 200, 1).float(), 200)
    arguments = signal, operator.weight, operator.bias.repeat(n_joined)
    expected = convolve(*arguments)
    found = convolve(*(argument.bfloat16() for argument in arguments)).float()
    assert (found - expected).norm() < 0.02 * expected.norm()
