"""The spatial layer, and the signal made of what it gives."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from sksleep.nn._mixing import mix, mix_time_first
from sksleep.nn._regular_sizes import regular_size


@pytest.fixture
def spatial():
    torch.manual_seed(0)
    return nn.Conv1d(4, 4, 1).double()


def draw(*shape):
    return torch.randn(*shape, generator=torch.manual_seed(1), dtype=torch.float64)


@pytest.mark.parametrize("n_windows", [1, 3, 8, 9, 20])
def test_agrees_with_the_layer(spatial, n_windows):
    windows = draw(n_windows, 4, 7)
    mixed = spatial(windows)
    torch.testing.assert_close(mix(windows, spatial), mixed)
    signal = mix_time_first(windows, spatial)
    n_columns = 4 * n_windows
    assert signal.shape == (7, 1, regular_size(n_columns))
    assert signal.is_contiguous()
    # A column is a channel of a window; behind the last one the first ones follow.
    for column, found in enumerate(signal[:, 0].t()):
        window, channel = divmod(column % n_columns, 4)
        torch.testing.assert_close(found, mixed[window, channel])


@pytest.mark.parametrize("function", [mix, mix_time_first])
def test_gradcheck(spatial, function):
    def compute(windows, weight, bias):
        return function(windows, SimpleNamespace(weight=weight, bias=bias))

    inputs = draw(8, 4, 3), spatial.weight.detach(), spatial.bias.detach()
    assert torch.autograd.gradcheck(compute, [x.requires_grad_() for x in inputs])


def test_columns_behind_the_last_pass_no_gradient_on(spatial):
    windows = draw(3, 4, 5).requires_grad_()
    parameters = [windows, *spatial.parameters()]
    found = torch.autograd.grad(mix_time_first(windows, spatial).sum(), parameters)
    expected = torch.autograd.grad(spatial(windows).sum(), parameters)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs)
