"""The fast path against plain layers, which are the reference."""

import copy
from unittest.mock import patch

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sksleep.nn import (
    StagerNet,
    _block_operators,
    _cpu_stages,
    _joined_pooling,
    _stager_net,
)
from sksleep.nn._cpu_stages import part_sizes
from sksleep.nn._stager_net import _shortest

stage_sizes = st.tuples(st.integers(1, 9), st.integers(1, 9))


@st.composite
def networks(draw):
    """A network of any sizes, in double precision, and windows for it."""
    kernels, pools = draw(stage_sizes), draw(stage_sizes)
    n_times = _shortest(1, kernels, pools) + draw(st.integers(0, 25))
    n_channels, n_filters = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    torch.manual_seed(draw(st.integers(0, 10_000)))
    network = StagerNet(
        n_channels,
        n_times,
        3,
        n_filters=n_filters,
        kernel_sizes=kernels,
        pool_sizes=pools,
        dropout=0.0,
        spatial_init="random",
    ).double()
    n_windows = draw(st.integers(1 if n_channels > 1 else 2, 7))
    return network, torch.randn(n_windows, n_channels, n_times).double()


def evaluate(network, windows, *, fast_cpu):
    """Return embeddings, gradients and running moments."""
    network = copy.deepcopy(network)
    network.fast_cpu = fast_cpu
    windows = windows.clone().requires_grad_()
    embeddings = network(windows)
    weights = torch.linspace(-1, 2, embeddings.numel()).view_as(embeddings)
    (embeddings * weights).sum().backward()
    gradients = [parameter.grad for parameter in network.parameters()]
    return [embeddings.detach(), windows.grad, *gradients, *network.buffers()]


@settings(max_examples=150, deadline=None)
@given(networks(), st.booleans(), st.integers(1, 12), st.booleans())
def test_same_results_as_plain_layers_for_all_sizes(
    given, training, n_columns, in_two_steps
):
    network, windows = given
    network.train(training)
    with (
        patch.object(_cpu_stages, "_N_COLUMNS", n_columns),
        patch.object(_block_operators, "two_steps_pay", lambda: in_two_steps),
        patch.object(_block_operators, "_COST_OF_PASS", 0),  # or they are too small
    ):
        _block_operators.choose_sizes.cache_clear()
        fast = evaluate(network, windows, fast_cpu=True)
    _block_operators.choose_sizes.cache_clear()
    plain = evaluate(network, windows, fast_cpu=False)
    for ours, expected in zip(fast, plain, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("in_two_steps", [True, False])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("n_windows", "n_times"), [(1, 750), (40, 750), (3, 3000)])
def test_same_results_as_plain_layers_in_single_precision(
    monkeypatch, n_windows, n_times, training, in_two_steps
):
    monkeypatch.setattr(_block_operators, "two_steps_pay", lambda: in_two_steps)
    torch.manual_seed(0)
    network = StagerNet(11, n_times, dropout=0.0, spatial_init="random").train(training)
    windows = torch.randn(n_windows, 11, n_times)
    fast = evaluate(network, windows, fast_cpu=True)
    plain = evaluate(network, windows, fast_cpu=False)
    for ours, expected in zip(fast, plain, strict=True):
        scale = float(expected.abs().max())
        torch.testing.assert_close(ours, expected, rtol=0, atol=2e-4 * scale)


@pytest.mark.parametrize("in_two_steps", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_is_as_close_to_double_precision_as_plain_layers(
    monkeypatch, training, in_two_steps
):
    monkeypatch.setattr(_block_operators, "two_steps_pay", lambda: in_two_steps)
    torch.manual_seed(0)
    network = StagerNet(3, 750, dropout=0.0, spatial_init="random").train(training)
    windows = torch.randn(8, 3, 750)
    exact = evaluate(copy.deepcopy(network).double(), windows.double(), fast_cpu=False)
    errors = [
        float((evaluate(network, windows, fast_cpu=fast)[0] - exact[0]).norm())
        for fast in (True, False)
    ]
    assert errors[0] < 3 * errors[1]


@pytest.mark.parametrize("training", [True, False])
def test_gradcheck(training):
    torch.manual_seed(0)
    sizes = {"n_filters": 2, "kernel_sizes": (3, 3), "pool_sizes": (2, 2)}
    network = StagerNet(2, 16, 2, **sizes, spatial_init="random", dropout=0.0)
    network.double().train(training)
    names = [name for name, _ in network.named_parameters()]

    def embed(windows, *values):
        parameters = dict(zip(names, values, strict=True))
        return torch.func.functional_call(network, parameters, windows)

    windows = torch.randn(3, 2, 16, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(embed, (windows, *network.parameters()))


@pytest.mark.parametrize("frozen", ["spatial", "temporal1", "norm1", "temporal2"])
def test_frozen_layers_leave_the_other_gradients(frozen):
    torch.manual_seed(0)
    network = StagerNet(2, 750, 3, dropout=0.0, spatial_init="random")
    network.get_submodule(frozen).requires_grad_(False)
    windows = torch.randn(3, 2, 750)
    fast = evaluate(network, windows, fast_cpu=True)
    plain = evaluate(network, windows, fast_cpu=False)
    for ours, expected in zip(fast, plain, strict=True):
        assert (ours is None) == (expected is None)
        if ours is not None:
            torch.testing.assert_close(ours, expected, rtol=1e-3, atol=2e-3)


@pytest.mark.usefixtures("processor")
@pytest.mark.parametrize("autocast", [True, False])
def test_keeps_less_for_the_gradient_than_plain_layers(autocast, monkeypatch):
    # In bfloat16 a batch of one part keeps what it pooled, larger ones compute it anew.
    monkeypatch.setattr(_joined_pooling, "_N_OUTPUTS", 2**20)
    network = StagerNet(4, 750)
    windows = torch.randn(64, 4, 750)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        n_fast = _n_saved(network, windows)
        network.fast_cpu = False
        n_plain = _n_saved(network, windows)
    # Where bfloat16 does not pay, the fast path keeps float32, plain layers bfloat16.
    in_float32 = autocast and not _stager_net.bfloat16_pays(750)
    assert n_fast < n_plain / (1 if in_float32 else 2)


@given(st.integers(1, 700), st.integers(1, 300))
def test_parts_are_of_all_windows_and_none_is_small(n_windows, n_channels):
    *firsts, last = part_sizes(n_windows, n_channels)
    assert sum(firsts) + last == n_windows
    assert len(set(firsts)) <= 1
    for size in firsts:
        assert size / 2 <= last <= 1.5 * size


@pytest.mark.parametrize("n_channels", [1, 2, 3, 11, 12, 19])
def test_parts_begin_at_lines_of_the_cache(n_channels):
    assert part_sizes(3000, n_channels)[0] * n_channels % 16 == 0


def test_a_strided_batch_is_read_right():
    network = StagerNet(3, 60, kernel_sizes=(5, 4), pool_sizes=(3, 2)).eval()
    windows = torch.randn(60, 3, 5).permute(2, 1, 0)
    torch.testing.assert_close(network(windows), network(windows.contiguous()))


def test_second_derivatives_are_refused():
    network = StagerNet(1, 750, 2)
    windows = torch.randn(2, 1, 750, requires_grad=True)
    (gradient,) = torch.autograd.grad(
        network(windows).sum(), windows, create_graph=True
    )
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


def _n_saved(network, windows):
    """Return how many bytes the forward pass keeps for the gradient."""
    saved = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        embeddings = network(windows)
    assert embeddings.requires_grad
    nodes = {embeddings.grad_fn}
    while nodes:
        node = nodes.pop()
        for kept in filter(torch.is_tensor, getattr(node, "kept", ())):
            pack(kept)
        nodes |= {other for other, _ in node.next_functions if other is not None}
    return sum(saved.values())


def test_moments_that_are_not_tracked_do_not_move():
    network = StagerNet(2, 375, 4).train()
    for norm in (network.norm1, network.norm2):
        norm.track_running_stats = False
    network(torch.randn(4, 2, 375))
    assert network.norm1.num_batches_tracked == 0
    assert not network.norm1.running_mean.any()
