import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
import torch
from torch import nn
from torch.nn.utils import prune
from torch.nn.utils.parametrizations import weight_norm
from torch.optim.swa_utils import update_bn

from sksleep.nn import StagerNet, _cpu_stages, _stager_net

# On the identity, errors in mixing channels would not show.
MIXED = {"spatial_init": "random"}
SMALL = {"n_filters": 4, "kernel_sizes": (5, 4), "pool_sizes": (3, 2)} | MIXED


@pytest.fixture
def network():
    torch.manual_seed(0)
    return StagerNet(3, 60, 8, **SMALL)


@pytest.fixture
def windows():
    return torch.randn(5, 3, 60, generator=torch.Generator().manual_seed(1))


def test_fast_and_plain_networks_share_weights_and_random_state():
    torch.manual_seed(0)
    fast = StagerNet(3, 60, 8, **SMALL).state_dict()
    torch.manual_seed(0)
    plain = StagerNet(3, 60, 8, **SMALL, fast_cpu=False).state_dict()
    assert list(fast) == list(plain)
    assert all(torch.equal(fast[name], plain[name]) for name in fast)


def test_devices_that_autocast_does_not_know_take_plain_layers(network, windows):
    """As Apple's, which torch 2.4 can compute on."""
    assert network.to("meta")(windows.to("meta")).shape == (5, 8)


# torch 2.4 and 2.5 warn of how they read their own pickles.
@pytest.mark.filterwarnings("ignore:.*`weights_only=False`:FutureWarning")
@pytest.mark.parametrize("training", [True, False])
def test_copies_and_pickles_compute_the_same(network, windows, training):
    network.train(training)
    network(windows).sum().backward()
    copies = copy.deepcopy(network), pickle.loads(pickle.dumps(network))
    expected = _seeded(network, windows)
    for other in copies:
        assert torch.equal(_seeded(other, windows), expected)


def test_pickle_holds_the_weights_alone(network, windows):
    size = len(pickle.dumps(network))
    network(windows.repeat(20, 1, 1)).sum().backward()
    network.zero_grad()
    assert len(pickle.dumps(network)) < size + 1000


def test_gradient_modes_give_the_same_embeddings(network, windows):
    network.eval()
    expected = network(windows).detach()
    with torch.no_grad():
        assert torch.equal(network(windows), expected)
    with torch.inference_mode():
        assert torch.equal(network(windows), expected)
    # What inference has computed, training must be able to use.
    network.train()(windows).sum().backward()


def test_dropout_acts_in_training_alone(network, windows):
    assert not torch.equal(network(windows), network(windows))
    network.eval()
    assert torch.equal(network(windows), network(windows))


def test_same_seed_same_gradients(network, windows):
    gradients = []
    for _ in range(2):
        network.zero_grad()
        _seeded(network, windows).square().sum().backward()
        gradients.append([p.grad.clone() for p in network.parameters()])
    assert all(torch.equal(*pair) for pair in zip(*gradients, strict=True))


@pytest.mark.parametrize("fast_cpu", [True, False])
def test_an_empty_batch_gives_no_embeddings(network, fast_cpu):
    network.fast_cpu = fast_cpu
    assert network.eval()(torch.empty(0, 3, 60)).shape == (0, 8)


@pytest.mark.usefixtures("processor")
@pytest.mark.parametrize("autocast", [True, False])
@pytest.mark.parametrize("fast_cpu", [True, False])
def test_training_refuses_a_single_value_per_filter(fast_cpu, autocast):
    network = StagerNet(1, 20, 2, kernel_sizes=(10, 1), pool_sizes=(11, 1))
    network.fast_cpu = fast_cpu
    with (
        torch.autocast("cpu", torch.bfloat16, enabled=autocast),
        pytest.raises(ValueError, match="more than"),
    ):
        network(torch.randn(1, 1, 20))


@pytest.mark.usefixtures("bfloat16_units")
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("n_times", [250, 375, 750, 3000])
def test_autocast_errs_at_most_twice_as_much_as_with_plain_layers(n_times, training):
    torch.manual_seed(0)
    network = StagerNet(3, n_times, 8, dropout=0.0, **MIXED).train(training)
    windows = torch.randn(20, 3, n_times)
    exact = _with_gradients(network, windows)
    fast = _with_gradients(network, windows, autocast=True)
    network.fast_cpu = False
    plain = _with_gradients(network, windows, autocast=True)
    for name, expected in exact.items():
        error = (fast[name] - expected).norm() / expected.norm()
        assert 1e-4 < error < 0.15, name
        assert error < 2 * (plain[name] - expected).norm() / expected.norm(), name


@pytest.mark.usefixtures("processor")
@pytest.mark.parametrize("sizes", [(5, 4, 3, 2), (1, 1, 1, 1), (9, 2, 1, 4)])
def test_autocast_trains_the_running_moments_of_plain_layers(sizes):
    torch.manual_seed(0)
    networks = [
        StagerNet(3, 101, 8, kernel_sizes=sizes[:2], pool_sizes=sizes[2:], **MIXED)
        for _ in range(2)
    ]
    networks[1].load_state_dict(networks[0].state_dict())
    networks[1].fast_cpu = False
    windows = torch.randn(20, 3, 101)
    with torch.autocast("cpu", torch.bfloat16):
        for network in networks:
            network(windows)
    buffers = [dict(network.named_buffers()) for network in networks]
    for name, ours in buffers[0].items():
        torch.testing.assert_close(ours, buffers[1][name], rtol=0.02, atol=4e-3)


def test_update_bn_finds_the_moments_of_plain_layers(network, windows):
    plain = copy.deepcopy(network)
    plain.fast_cpu = False
    for each in (network, plain):
        update_bn(windows.split(2), each)
    for fast, expected in zip(network.buffers(), plain.buffers(), strict=True):
        torch.testing.assert_close(fast, expected)


NORMALISATIONS = {
    "no running moments": lambda: nn.BatchNorm1d(4, track_running_stats=False),
    "no weights": lambda: nn.BatchNorm1d(4, affine=False),
    "groups": lambda: nn.GroupNorm(2, 4),
    "none": nn.Identity,
}
CONVOLUTIONS = {
    "wider": ("spatial", lambda: nn.Conv1d(3, 3, 3, padding=1)),
    "channel by channel": ("spatial", lambda: nn.Conv1d(3, 3, 1, groups=3)),
    "none": ("spatial", nn.Identity),
    "no bias": ("temporal1", lambda: nn.Conv1d(1, 4, 5, bias=False)),
    "dilated": ("temporal1", lambda: nn.Conv1d(1, 4, 3, dilation=2)),
    "in groups": ("temporal2", lambda: nn.Conv1d(4, 4, 4, groups=2)),
    "of normed weights": ("temporal2", lambda: weight_norm(nn.Conv1d(4, 4, 4))),
}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("place", ["norm1", "norm2"])
@pytest.mark.parametrize("make", NORMALISATIONS.values(), ids=NORMALISATIONS)
def test_other_normalisations_can_take_the_place(
    network, windows, make, place, training
):
    setattr(network, place, make())
    assert_computes_plain_layers(network.train(training), windows)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("place", "make"), CONVOLUTIONS.values(), ids=CONVOLUTIONS)
def test_other_convolutions_can_take_the_place(network, windows, place, make, training):
    setattr(network, place, make())
    assert_computes_plain_layers(network.train(training), windows)


@pytest.mark.parametrize("place", ["spatial", "temporal1", "norm1", "temporal2"])
def test_weights_may_come_from_a_hook(network, windows, place):
    layer = network.get_submodule(place)
    prune.random_unstructured(layer, "weight", amount=0.5)
    for _ in range(2):  # the hook makes the weights anew each time
        network.fast_cpu = True
        network(windows).sum().backward()
        assert_computes_plain_layers(network, windows)
        with torch.no_grad():
            layer.weight_orig.add_(1.0)


@pytest.mark.filterwarnings("ignore:`torch.jit")
def test_can_be_traced(network, windows):
    network.eval()
    traced = torch.jit.trace(network, windows)
    torch.testing.assert_close(traced(windows[:2]), network(windows[:2]))


@pytest.mark.parametrize("training", [True, False])
def test_another_head_can_take_the_place(network, windows, training):
    network.linear = nn.Sequential(nn.Linear(network.linear.in_features, 6), nn.Tanh())
    assert_computes_plain_layers(network.train(training), windows)


def assert_computes_plain_layers(network, windows):
    torch.manual_seed(0)
    found = network(windows)
    network.fast_cpu = False
    torch.manual_seed(0)
    torch.testing.assert_close(found, network(windows))


def test_is_computed_in_float32_where_bfloat16_does_not_pay(
    network, windows, monkeypatch
):
    monkeypatch.setattr(_stager_net, "bfloat16_pays", lambda n_times: False)
    network.eval()
    with torch.autocast("cpu", torch.bfloat16):
        asked_for_less = network(windows)
    assert asked_for_less.dtype == torch.float32
    torch.testing.assert_close(asked_for_less, network(windows), rtol=0, atol=0)


def test_autocast_of_one_thread_stays_there(network, windows, monkeypatch):
    """The first thread, without it, comes in before the second and goes out before."""
    monkeypatch.setattr(_stager_net, "bfloat16_pays", lambda n_times: False)
    first_is_in, second_is_in, first_is_out = (Event() for _ in range(3))
    mix = _cpu_stages.mix_time_first

    def take_turns(signal, spatial):
        if first_is_in.is_set():
            second_is_in.set()
            assert first_is_out.wait(timeout=60)
        else:
            first_is_in.set()
            assert second_is_in.wait(timeout=60)
        return mix(signal, spatial)

    def compute_without():
        network(windows)
        first_is_out.set()
        return torch.is_autocast_enabled("cpu")

    def compute_with():
        assert first_is_in.wait(timeout=60)
        with torch.autocast("cpu", torch.bfloat16):
            network(windows)

    monkeypatch.setattr(_cpu_stages, "mix_time_first", take_turns)
    with ThreadPoolExecutor(2) as pool:
        has_autocast = pool.submit(compute_without)
        pool.submit(compute_with).result()
        assert not has_autocast.result()


@pytest.mark.usefixtures("bfloat16_units")
def test_autocast_gives_embeddings_in_bfloat16_where_that_pays(network, windows):
    with torch.autocast("cpu", torch.bfloat16):
        assert network(windows).dtype == torch.bfloat16


def test_other_dtypes_use_plain_layers(network, windows):
    network.eval()
    expected = network(windows)
    lower = copy.deepcopy(network).bfloat16()(windows.bfloat16())
    torch.testing.assert_close(lower.float(), expected, rtol=0.1, atol=0.1)


def test_trains(network, windows):
    targets = torch.randn(5, 8)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = (network(windows) - targets).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 3


def _seeded(network, windows):
    torch.manual_seed(3)
    return network(windows)


def _with_gradients(network, windows, *, autocast=False):
    network.zero_grad()
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        embeddings = network(windows).float()
    embeddings.square().mean().backward()
    # The other gradients are nearly zero: normalisation takes out what they change.
    names = ["spatial.weight", "temporal2.weight", "linear.weight"]
    gradients = {name: network.get_parameter(name).grad for name in names}
    return gradients | {"embeddings": embeddings.detach()}


@pytest.fixture
def on_a_gpu(monkeypatch):
    """Return a function that tells whether a network has its kernels take windows.

    They are on torch's device that computes nothing, taken for a GPU.
    """
    monkeypatch.setattr(_stager_net, "has_triton", lambda device: True)

    def takes(shape, *, training=True, is_repeated=False, replaced=(), **params):
        _, n_channels, n_times = shape
        with torch.device("meta"):
            network = StagerNet(n_channels, n_times, **params).train(training)
            network.is_repeated = is_repeated
            for name, make in replaced:
                setattr(network, name, make())
            return network._has_fast_path(torch.empty(shape))

    return takes


def test_a_gpus_kernels_take_what_pays(on_a_gpu):
    small, large = (32, 11, 375), (2048, 11, 375)
    assert not on_a_gpu(small)
    assert on_a_gpu(small, training=False)
    assert on_a_gpu(small, is_repeated=True)
    assert on_a_gpu(large)
    with torch.no_grad():
        assert on_a_gpu(small)


def test_a_gpus_kernels_leave_what_they_cannot_hold(on_a_gpu):
    shape = (2048, 11, 9000)
    assert on_a_gpu(shape, n_filters=64, pool_sizes=(32, 2))
    assert not on_a_gpu(shape, fast_gpu=False)
    assert not on_a_gpu(shape, n_filters=65)
    assert not on_a_gpu(shape, pool_sizes=(33, 2))


@pytest.mark.parametrize(
    ("place", "make"),
    [
        ("temporal2", lambda: nn.Conv1d(16, 65, 50)),
        ("temporal1", lambda: nn.Sequential(nn.Conv1d(1, 16, 50))),
        ("norm2", nn.Identity),
    ],
)
def test_a_gpus_kernels_leave_layers_of_others(on_a_gpu, place, make):
    shape = (2048, 11, 375)
    assert on_a_gpu(shape)
    assert not on_a_gpu(shape, replaced=[(place, make)])


def test_compiling_asks_nothing_of_a_gpu(monkeypatch):
    def fail(device):
        raise AssertionError

    monkeypatch.setattr(_stager_net, "has_triton", fail)
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    with torch.device("meta"):
        network = StagerNet(3, 60, 8, **SMALL).eval()
        assert network(torch.empty(5, 3, 60)).shape == (5, 8)
