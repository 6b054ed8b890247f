import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from sksleep.nn import Encoder, zscore


@given(
    seed=st.integers(0, 1000),
    offset=st.sampled_from([0.0, 1e-3, 100.0]),
    scale=st.sampled_from([1e-6, 1.0, 1e6]),
)
def test_zscore_agrees_with_the_formula_in_double_precision(seed, offset, scale):
    windows = np.random.default_rng(seed).normal(size=(3, 2, 50)) + offset
    windows = (windows * scale).astype(np.float32)
    exact = windows.astype(float)
    exact -= exact.mean(-1, keepdims=True)
    exact /= exact.std(-1, keepdims=True)
    np.testing.assert_allclose(zscore(torch.from_numpy(windows)), exact, atol=2e-4)


def test_refuses_another_precision():
    with pytest.raises(ValueError, match='"float32" or "bfloat16", got \'float16\''):
        Encoder(nn.Linear, {"in_features": 2, "out_features": 1}, precision="float16")


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, -3e7, 1e-30])
def test_constant_window_becomes_zeros(value):
    windows = torch.full((2, 3, 7), value)
    windows[1] = torch.randn(3, 7)
    assert torch.all(zscore(windows)[0] == 0)
    assert torch.all(zscore(windows)[1] != 0)


def test_zscore_leaves_its_input_and_has_the_right_gradient():
    windows = torch.randn(2, 2, 9, dtype=torch.float64, requires_grad=True)
    before = windows.detach().clone()
    assert torch.autograd.gradcheck(zscore, windows)
    assert torch.equal(windows, before)


@pytest.mark.parametrize("normalize", [True, False])
def test_encoder_shows_the_network_normalised_windows(normalize):
    windows = 5 + 3 * torch.randn(4, 2, 10)
    encoder = Encoder(nn.Identity, {}, normalize=normalize)
    expected = zscore(windows) if normalize else windows
    assert torch.equal(encoder(windows), expected)


def test_encoder_gives_the_network_its_parameters():
    encoder = Encoder(nn.Linear, {"in_features": 10, "out_features": 3})
    assert encoder(torch.randn(4, 10)).shape == (4, 3)
