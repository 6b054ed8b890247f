import pickle

import numpy as np
import pytest
import torch

from sksleep.nn import StagerNet, load_stager_net

PUBLISHED = {
    "spatial": "conv1",
    "temporal1": "conv2",
    "norm1": "batchnorm1",
    "temporal2": "conv3",
    "norm2": "batchnorm2",
    "linear": "dense1",
}


@pytest.fixture
def state_dict():
    torch.manual_seed(0)
    return StagerNet(3, 400, 8, n_filters=4, spatial_init="random").state_dict()


def published(state_dict):
    """Name and shape weights as the published files do."""
    weights = {}
    for name, value in state_dict.items():
        layer, kind = name.split(".")
        if name == "spatial.weight":
            value = value.permute(0, 2, 1)[:, :, None]
        elif layer.startswith("temporal") and kind == "weight":
            value = value[..., None]
        weights[f"{PUBLISHED[layer]}.{kind}"] = value
    return weights


@pytest.mark.parametrize("stem", ["RP_stagernet", "TS_stagernet", "CPC_stagernet_16"])
def test_published_weights_give_the_published_embeddings(reference, stem):
    expected = np.load(reference / "expected_embeddings.npz")
    network, params = load_stager_net(reference / f"{stem}.pth")
    with torch.inference_mode():
        embeddings = network(torch.from_numpy(expected["windows"])).numpy()
    error = np.linalg.norm(embeddings - expected[stem], axis=1)
    assert np.all(error < 1e-4 * np.linalg.norm(expected[stem], axis=1))
    assert params["n_channels"] == 11


@pytest.mark.parametrize("rename", [dict, published])
def test_weights_and_sizes_come_back(state_dict, rename, tmp_path):
    torch.save(rename(state_dict), tmp_path / "weights.pth")
    network, params = load_stager_net(tmp_path / "weights.pth", n_times=400)
    assert not network.training
    assert params == {
        "n_channels": 3,
        "n_times": 400,
        "n_features": 8,
        "n_filters": 4,
        "kernel_sizes": (7, 50),
        "pool_sizes": None,
    }
    for name, value in StagerNet(**params).state_dict().items():
        assert value.shape == state_dict[name].shape
        assert torch.equal(network.state_dict()[name], state_dict[name])


class Malicious:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.mark.parametrize("save", [torch.save, lambda o, f: f.write(pickle.dumps(o, 2))])
def test_executes_nothing_in_the_file(tmp_path, save):
    trace = tmp_path / "trace"
    with open(tmp_path / "weights.pth", "wb") as file:
        save({"conv1.weight": Malicious(str(trace))}, file)
    with pytest.raises(ValueError, match=r"weights\.pth does not hold a state dict"):
        load_stager_net(tmp_path / "weights.pth")
    assert not trace.exists()


@pytest.mark.parametrize(
    "content", [b"", b"text", b"\x93NUMPY", b"PK\x03\x04", b"\x80\x02.", bytes(100)]
)
def test_refuses_a_file_that_is_no_state_dict(tmp_path, content):
    (tmp_path / "weights.pth").write_bytes(content)
    with pytest.raises(ValueError, match=r"weights\.pth does not hold a state dict"):
        load_stager_net(tmp_path / "weights.pth")


def test_refuses_a_truncated_file(tmp_path, state_dict):
    torch.save(state_dict, tmp_path / "weights.pth")
    content = (tmp_path / "weights.pth").read_bytes()
    (tmp_path / "weights.pth").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="does not hold a state dict"):
        load_stager_net(tmp_path / "weights.pth")


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        load_stager_net(tmp_path / "absent.pth")


def test_refuses_a_file_of_something_else(tmp_path):
    torch.save([1, 2], tmp_path / "weights.pth")
    with pytest.raises(ValueError, match="not the weights of a StagerNet: missing"):
        load_stager_net(tmp_path / "weights.pth")


def test_names_what_is_missing_and_unknown(state_dict):
    state_dict["other.weight"] = state_dict.pop("linear.bias")
    message = r"missing \['linear.bias'\], unknown \['other.weight'\]"
    with pytest.raises(ValueError, match=message):
        load_stager_net(state_dict)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("norm1.weight", [1.0], "norm1.weight is of type list"),
        ("spatial.weight", torch.zeros(3), r"spatial.weight has shape \(3,\)"),
        ("temporal2.weight", torch.zeros(()), r"temporal2.weight has shape \(\)"),
        ("temporal2.weight", torch.zeros(4, 5, 50), r"has shape \(4, 5, 50\)"),
        ("norm2.bias", torch.zeros(5), r"norm2.bias has shape \(5,\) where"),
    ],
)
def test_refuses_layers_that_do_not_fit(state_dict, name, value, message):
    with pytest.raises(ValueError, match=message):
        load_stager_net({**state_dict, name: value}, n_times=400)


def test_refuses_weights_for_another_window(state_dict):
    message = r"linear layer reads \d+ features, but windows of n_times=1000"
    with pytest.raises(ValueError, match=message):
        load_stager_net(state_dict, n_times=1000)
    with pytest.raises(ValueError, match="too short"):
        load_stager_net(state_dict, n_times=30)


def test_takes_pools_that_are_not_the_default(state_dict):
    network = StagerNet(3, 400, 8, pool_sizes=(4, 2))
    loaded, _ = load_stager_net(network.state_dict(), n_times=400, pool_sizes=(4, 2))
    windows = torch.randn(2, 3, 400)
    assert torch.equal(loaded(windows), network.eval()(windows))


def test_leaves_the_random_state_alone(state_dict):
    before = torch.get_rng_state()
    load_stager_net(state_dict, n_times=400)
    assert torch.equal(torch.get_rng_state(), before)
