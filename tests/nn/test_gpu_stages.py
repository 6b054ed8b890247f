"""The stages for GPUs against plain layers.

On a GPU where there is one, or else in Triton's interpreter.
"""

import copy

import pytest
import torch

from sksleep.nn import StagerNet

pytest.importorskip("triton", minversion="3.6")
gpu_stages = pytest.importorskip("sksleep.nn._gpu_stages").gpu_stages

pytestmark = pytest.mark.usefixtures("few_programs")

HAS_GPU = torch.cuda.is_available()
DEVICE = "cuda" if HAS_GPU else "cpu"
# Triton's interpreter cannot multiply bfloat16.
SHORT_DTYPE = torch.bfloat16 if HAS_GPU else torch.float16
OTHER_SIZES = {"n_filters": 5, "kernel_sizes": (7, 5), "pool_sizes": (3, 4)}
PARAMETERS = [name for name, _ in StagerNet(2, 300).named_parameters()]


@pytest.fixture(autouse=True)
def full_float32():
    """Keep all digits of float32 in products, which GPUs shorten by default."""
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        yield


def make(n_windows, n_channels, n_times, seed=0, **sizes):
    """Return a network and windows for it."""
    torch.manual_seed(seed)
    network = StagerNet(
        n_channels, n_times, 3, dropout=0.0, spatial_init="random", **sizes
    )
    with torch.no_grad():
        for norm in (network.norm1, network.norm2):
            for values in (norm.weight, norm.bias, norm.running_mean):
                values.normal_()
            norm.running_var.uniform_(0.5, 2)
    return network.to(DEVICE), torch.randn(n_windows, n_channels, n_times).to(DEVICE)


def evaluate(network, windows, stages):
    """Return features, gradients by name, and running moments."""
    network = copy.deepcopy(network)
    windows = windows.detach().clone().requires_grad_(windows.requires_grad)
    features = stages(network, windows)
    weights = torch.linspace(-1, 2, features.numel(), device=DEVICE)
    (features.flatten() * weights).sum().backward()
    gradients = {name: p.grad for name, p in network.named_parameters()}
    found = {"features": features.detach(), "windows": windows.grad} | gradients
    moments = {name: b for name, b in network.named_buffers() if b.is_floating_point()}
    return {name: x for name, x in (found | moments).items() if x is not None}


def evaluate_exactly(network, windows):
    """Return the same of plain layers in double precision."""
    windows = windows.detach().double().requires_grad_(windows.requires_grad)
    network = copy.deepcopy(network).double()
    return evaluate(network, windows, lambda network, x: network._stages(x))


def ours(dtype=torch.float32):
    return lambda network, windows: gpu_stages(network, windows, dtype)


def assert_close(found, expected, tolerance):
    assert list(found) == list(expected)
    for name, values in expected.items():
        # The gradients of biases are small differences of what those of weights add.
        whole = expected.get(name.replace("bias", "weight"), values)
        scale = max(float(whole.abs().max()), float(values.abs().max()))
        error = float((found[name] - values).abs().max())
        assert error < tolerance * scale, name


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("needs_gradient", [True, False])
@pytest.mark.parametrize(
    ("shape", "sizes"),
    [
        ((3, 2, 375), {}),
        ((2, 1, 750), {}),
        ((4, 3, 80), OTHER_SIZES),
        ((4, 2, 120), {"n_filters": 33, "kernel_sizes": (1, 3), "pool_sizes": (20, 1)}),
    ],
)
def test_same_results_as_plain_layers(shape, sizes, needs_gradient, training):
    network, windows = make(*shape, **sizes)
    network.train(training)
    found = evaluate(network, windows.requires_grad_(needs_gradient), ours())
    assert_close(found, evaluate_exactly(network, windows), 1e-3)


@pytest.mark.parametrize("training", [True, False])
def test_short_operands_round_and_no_more(training):
    network, windows = make(3, 2, 375)
    network.train(training)
    found = evaluate(network, windows, ours(SHORT_DTYPE))
    expected = evaluate_exactly(network, windows)
    assert found["features"].dtype == torch.float32
    errors = {
        name: float((found[name] - values).norm() / values.norm())
        for name, values in expected.items()
    }
    assert 1e-5 < errors.pop("features") < 0.05
    # Rounding moves some maxima to their neighbours, and the gradients with them.
    assert max(errors.values()) < 0.3


@pytest.mark.parametrize("alone", PARAMETERS[:-2])
def test_trains_one_parameter_alone(alone):
    network, windows = make(2, 2, 80, **OTHER_SIZES)
    expected = evaluate_exactly(network, windows)
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name == alone)
    found = evaluate(network, windows, ours())
    assert {name for name in PARAMETERS if name in found} == {alone}
    assert_close({alone: found[alone]}, {alone: expected[alone]}, 1e-3)


def test_has_no_second_derivatives():
    network, windows = make(2, 2, 80, **OTHER_SIZES)
    features = ours()(network, windows)
    (gradient,) = torch.autograd.grad(
        features.sum(), network.temporal1.weight, create_graph=True
    )
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


@pytest.mark.skipif(not HAS_GPU, reason="no GPU")
@pytest.mark.parametrize("training", [True, False])
def test_the_network_takes_the_stages(training):
    network, windows = make(40, 11, 375)
    network.train(training).is_repeated = True
    plain = copy.deepcopy(network)
    plain.fast_gpu = False
    assert network._is_fast(windows)
    assert not plain._is_fast(windows)
    torch.testing.assert_close(network(windows), plain(windows), rtol=1e-4, atol=1e-4)
    with torch.autocast("cuda", torch.bfloat16):
        torch.testing.assert_close(network(windows), plain(windows), rtol=0, atol=0.1)


@pytest.mark.skipif(not HAS_GPU, reason="no GPU")
def test_products_lose_digits_where_torchs_may():
    network, windows = make(40, 11, 375)
    network.eval()
    exact = copy.deepcopy(network).double()._stages(windows.double())
    errors = []
    for allow_tf32 in (True, False):
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=allow_tf32):
            features = gpu_stages(network, windows, torch.float32)
        errors.append(float((features - exact).norm().detach() / exact.norm().detach()))
    assert errors[1] < 1e-6
    assert 1e-5 < errors[0] < 1e-3
