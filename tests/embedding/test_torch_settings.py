"""What a user has set in torch is of no account; the device is one that there is."""

import numpy as np
import pytest
import torch
from torch import nn

from sksleep.embedding import StagerNetEmbedder
from sksleep.nn import Encoder, StagerNet


@pytest.mark.parametrize("switch", [torch.no_grad, torch.inference_mode])
def test_gradients_that_are_switched_off_are_of_no_account(
    windows, make_embedder, weights, switch
):
    expected = make_embedder(max_epochs=1).fit(windows)
    with switch():
        fitted = make_embedder(max_epochs=1).fit(windows)
        assert not torch.is_grad_enabled()
    assert weights(fitted) == weights(expected)


@pytest.mark.usefixtures("bfloat16_units")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_an_autocast_around_it_is_of_no_account(
    windows, make_embedder, weights, precision
):
    params = {"max_epochs": 2, "precision": precision}
    expected = make_embedder(**params).fit(windows)
    with torch.autocast("cpu", torch.bfloat16):
        fitted = make_embedder(**params).fit(windows)
        embeddings = fitted.transform(windows)
    assert weights(fitted) == weights(expected)
    np.testing.assert_array_equal(embeddings, expected.transform(windows))


class Mixed(nn.Module):
    """One with an autocast of its own."""

    def __init__(self, n_channels, n_times, n_features):
        super().__init__()
        self.linear = nn.Linear(n_channels * n_times, n_features)
        self.has_autocast = True

    def forward(self, windows):
        with torch.autocast("cpu", torch.bfloat16, enabled=self.has_autocast):
            return self.linear(windows.flatten(1)).float()


def test_an_autocast_in_a_module_sees_its_weights(windows, make_embedder):
    params = {"module": Mixed, "module_params": None, "max_epochs": 3, "lr": 1e-2}
    embedder = make_embedder(**params).fit(windows)
    trained = embedder.net_.history[:, "train_objective"]
    with torch.no_grad():
        expected = embedder.net_.module_(torch.from_numpy(np.asarray(windows)))
    np.testing.assert_allclose(embedder.transform(windows), expected, atol=1e-3)

    class Plain(Mixed):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.has_autocast = False

    exact = make_embedder(**params | {"module": Plain}).fit(windows)
    np.testing.assert_allclose(
        trained, exact.net_.history[:, "train_objective"], atol=5e-3
    )


def test_an_encoder_in_an_autocast_learns():
    sizes = {"n_channels": 2, "n_times": 300, "n_features": 3}
    encoder = Encoder(StagerNet, sizes, precision="bfloat16").eval()
    windows = torch.rand(4, 2, 300)
    with torch.autocast("cpu", torch.bfloat16):
        before = encoder(windows)
        encoder.network.linear.weight.data.zero_()
        assert not torch.equal(encoder(windows), before)


def test_networks_are_made_where_the_seed_counts(windows, make_embedder, weights):
    expected = make_embedder(max_epochs=1).fit(windows)
    torch.set_default_device("meta")
    try:
        fitted = make_embedder(max_epochs=1).fit(windows)
    finally:
        torch.set_default_device(None)
    assert weights(fitted) == weights(expected)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_torchs_default_dtype_is_of_no_account(windows, make_embedder, weights, dtype):
    expected = make_embedder(max_epochs=1).fit(windows)
    torch.set_default_dtype(dtype)
    try:
        embedder = make_embedder(max_epochs=1).fit(windows)
        embeddings = embedder.transform(windows)
        again = StagerNetEmbedder.from_weights(
            embedder.net_.module_.state_dict(), n_times=75, pool_sizes=(3, 4)
        ).transform(windows)
    finally:
        torch.set_default_dtype(torch.float32)
    assert embeddings.dtype == again.dtype == np.float32
    assert embeddings.shape == expected.transform(windows).shape
    np.testing.assert_array_equal(again, embeddings)


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "meta"])
def test_refuses_a_device_that_is_not_there(windows, make_embedder, device):
    with pytest.raises(ValueError, match=f"device='{device}' is none that torch can"):
        make_embedder(device=device).fit(windows)


def test_a_gpu_that_is_full_is_refused_by_what_to_do(
    windows, make_embedder, monkeypatch
):
    def refuse(*args, **kwargs):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "ones", refuse)
    message = r"cannot compute on it \(CUDA out of memory\); give device=\"cpu\""
    with pytest.raises(ValueError, match=message):
        make_embedder(device=None).fit(windows)
