"""What StagerNet's spatial layer begins with."""

import pytest
import torch
from torch import nn

from sksleep.nn import StagerNet

SIZES = {"n_filters": 4, "kernel_sizes": (5, 4), "pool_sizes": (3, 2)}


@pytest.mark.parametrize("fast_cpu", [True, False])
def test_channels_begin_apart(fast_cpu):
    torch.manual_seed(0)
    network = StagerNet(3, 60, 8, **SIZES)
    network.fast_cpu = fast_cpu
    windows = torch.randn(5, 3, 60)
    assert torch.equal(network.spatial(windows), windows)
    # Their order is then one of the features that the linear layer reads.
    features = []
    network.linear.register_forward_pre_hook(lambda _, args: features.append(args[0]))
    network.eval()(windows)
    network(windows[:, [2, 0, 1]])
    first, other = (each.reshape(5, 4, -1, 3) for each in features)
    torch.testing.assert_close(other, first[..., [2, 0, 1]])


def test_channels_may_begin_mixed_as_published():
    torch.manual_seed(0)
    published = nn.Conv1d(3, 3, 1)
    torch.manual_seed(0)
    spatial = StagerNet(3, 60, spatial_init="random", **SIZES).spatial
    assert torch.equal(spatial.weight, published.weight)
    assert torch.equal(spatial.bias, published.bias)


def test_only_the_spatial_layer_begins_otherwise():
    weights = []
    for spatial_init in ("identity", "random"):
        torch.manual_seed(0)
        network = StagerNet(3, 60, spatial_init=spatial_init, **SIZES)
        weights.append(network.state_dict())
    differ = {key for key in weights[0] if not torch.equal(*(w[key] for w in weights))}
    assert differ == {"spatial.weight", "spatial.bias"}


def test_refuses_unknown_initial_weights():
    with pytest.raises(ValueError, match="or \"random\", got 'zeros'"):
        StagerNet(3, 60, spatial_init="zeros", **SIZES)
