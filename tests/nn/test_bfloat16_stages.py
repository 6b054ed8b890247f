"""The stages in bfloat16, on any processor, where numbers are not small and whole."""

import copy

import pytest
import torch

from sksleep.nn import StagerNet, _bfloat16_stages, _joined_pooling, _stager_net

PARAMETERS = [name for name, _ in StagerNet(2, 300).named_parameters()]


@pytest.fixture(autouse=True, params=[False, True], ids=["AMX", "AMD"])
def units(request, monkeypatch):
    """Have the network take these stages, as on each kind of processor."""
    monkeypatch.setattr(_stager_net, "bfloat16_pays", lambda n_times: True)
    monkeypatch.setattr(_bfloat16_stages, "is_amd_with_bfloat16", lambda: request.param)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return StagerNet(3, 300, 8, dropout=0.0, spatial_init="random")


@pytest.fixture
def windows():
    return torch.randn(20, 3, 300, generator=torch.Generator().manual_seed(1))


def embed(network, windows):
    with torch.autocast("cpu", torch.bfloat16):
        return network(windows).float()


def gradients(network, windows):
    """Return the gradients of the parameters that have one, by name."""
    network.zero_grad()
    embed(network, windows).square().mean().backward()
    named = network.named_parameters()
    return {name: p.grad.clone() for name, p in named if p.grad is not None}


@pytest.mark.parametrize("alone", PARAMETERS)
def test_trains_one_parameter_alone(network, windows, alone):
    expected = gradients(network, windows)[alone]
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name == alone)
    found = gradients(network, windows)
    assert list(found) == [alone]
    torch.testing.assert_close(found[alone], expected)


def test_gives_the_parameters_their_gradient(network, windows):
    found = gradients(network, windows)
    network.zero_grad()
    network(windows).square().mean().backward()
    for name, gradient in found.items():
        expected = network.get_parameter(name).grad
        similarity = torch.cosine_similarity(gradient.flatten(), expected.flatten(), 0)
        assert similarity > 0.95, name


def test_gives_the_windows_their_gradient(network, windows):
    windows.requires_grad_()
    embed(network, windows).square().mean().backward()
    found, windows.grad = windows.grad, None
    network(windows).square().mean().backward()
    assert torch.cosine_similarity(found.flatten(), windows.grad.flatten(), 0) > 0.95


@pytest.mark.parametrize("value", ["nan", "-nan", "inf", "-inf"])
@pytest.mark.parametrize("number", [0, 4])
def test_what_is_no_number_stays_none(network, windows, value, number):
    network.eval()
    expected = embed(network, windows)
    windows[number, 1, 77] = float(value)
    embeddings = embed(network, windows)
    assert embeddings[number].isnan().all()
    # With AMX oneDNN reads on into the next window, times a weight of zero: the one
    # before may become NaN, too.
    others = (torch.arange(20) - number + 0.5).abs() > 1
    torch.testing.assert_close(embeddings[others], expected[others], rtol=0, atol=0)


@pytest.mark.parametrize("name", ["spatial.bias", "temporal1.weight", "temporal1.bias"])
def test_parameters_that_are_no_number_show(network, windows, name):
    network.get_parameter(name).data.view(-1)[0] = -float("nan")
    assert embed(network, windows).isnan().any(1).all()


def test_parts_of_the_forward_pass_are_those_of_the_backward(
    network, windows, monkeypatch
):
    monkeypatch.setattr(_joined_pooling, "_N_OUTPUTS", 30_000)
    expected = gradients(network, windows)
    network.zero_grad()
    loss = embed(network, windows).square().mean()
    monkeypatch.setattr(_joined_pooling, "_N_OUTPUTS", 7_000)
    loss.backward()
    for name, gradient in expected.items():
        assert torch.equal(network.get_parameter(name).grad, gradient)


@pytest.mark.parametrize("defaults", ["dtype", "device"])
def test_computes_whatever_torchs_defaults(network, windows, defaults):
    expected = gradients(copy.deepcopy(network), windows)
    try:
        if defaults == "dtype":
            torch.set_default_dtype(torch.float64)
        else:
            torch.set_default_device("meta")
        found = gradients(network, windows)
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_default_device(None)
    for name, gradient in expected.items():
        assert torch.equal(found[name], gradient)


def test_only_training_on_amd_joins_more_steps(network, request):
    is_amd = "AMD" in request.node.callspec.id
    joined = _bfloat16_stages._n_joined_steps
    assert joined(network.train().norm2) == (4 if is_amd else 2)
    assert joined(network.eval().norm2) == 2
