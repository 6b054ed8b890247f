"""Kernels and pools that a StagerNet takes, and windows that are long enough."""

import numpy as np
import pytest
import torch

from sksleep.nn import StagerNet

SMALL = {"n_filters": 4, "kernel_sizes": (5, 4), "pool_sizes": (3, 2)}


def test_published_sizes():
    network = StagerNet(11, 3000)
    assert network.temporal1.kernel_size == network.temporal2.kernel_size == (50,)
    assert network.pool_sizes == (13, 13)
    assert network.linear.in_features == 2288
    assert sum(parameter.numel() for parameter in network.parameters()) == 242_728


@pytest.mark.parametrize(
    ("n_times", "kernels", "pools"),
    [(750, (12, 50), (3, 13)), (300, (5, 50), (1, 13)), (6000, (100, 50), (26, 13))],
)
def test_first_stage_scales_with_the_window(n_times, kernels, pools):
    network = StagerNet(2, n_times)
    assert network.temporal1.kernel_size + network.temporal2.kernel_size == kernels
    assert network.pool_sizes == pools


@pytest.mark.parametrize(
    "sizes",
    [
        {},
        SMALL,
        {"kernel_sizes": (10, 10)},
        {"kernel_sizes": (1, 1), "pool_sizes": (7, 3)},
    ],
)
def test_error_gives_the_shortest_window_that_works(sizes):
    with pytest.raises(ValueError, match="A window of 1 samples is too short") as error:
        StagerNet(2, 1, **sizes)
    shortest = int(str(error.value).split()[-2])
    with pytest.raises(ValueError, match=f"has {shortest} samples"):
        StagerNet(2, shortest - 1, **sizes)
    network = StagerNet(2, shortest, 6, **sizes).eval()
    assert network(torch.randn(3, 2, shortest)).shape == (3, 6)


def test_error_says_where_no_longer_window_works():
    with pytest.raises(ValueError, match="no longer one of up to 1,048,576 samples"):
        StagerNet(1, 3000, kernel_sizes=(50, 300))


@pytest.mark.parametrize(
    "sizes",
    [
        {"n_channels": np.int8(11)},
        {"n_filters": np.int8(16)},
        {"kernel_sizes": (np.int8(50), np.int8(50))},
        {"pool_sizes": (np.int8(13), np.int8(13))},
    ],
)
def test_takes_numpys_smallest_integers(sizes):
    network = StagerNet(**{"n_channels": 11, "n_times": 3000} | sizes)
    assert network.linear.in_features == 2288


@pytest.mark.parametrize("dropout", [None, "x", float("nan"), -0.1, 1.5])
def test_refuses_a_dropout_that_is_none(dropout):
    with pytest.raises(ValueError, match="dropout must lie between 0 and 1, got "):
        StagerNet(3, 300, dropout=dropout)


@pytest.mark.parametrize("name", ["n_channels", "n_times", "n_features", "n_filters"])
@pytest.mark.parametrize("size", [0, 2.5, True])
def test_refuses_sizes_that_are_none(name, size):
    sizes = {"n_channels": 2, "n_times": 3000, name: size}
    with pytest.raises(ValueError, match=f"{name} must be an integer of at least 1"):
        StagerNet(**sizes)


@pytest.mark.parametrize("sizes", [(5, 5, 5), 5, (5, 0), (5, 2.5), (5, True), "ab"])
@pytest.mark.parametrize("name", ["kernel_sizes", "pool_sizes"])
def test_refuses_sizes_that_are_no_pair(name, sizes):
    with pytest.raises(ValueError, match=f"{name} must be two integers of at least 1"):
        StagerNet(2, 750, **{name: sizes})


@pytest.mark.parametrize("fast_cpu", [True, False])
def test_windows_of_other_channels_are_refused_as_plain_layers_do(fast_cpu):
    network = StagerNet(5, 750, fast_cpu=fast_cpu)
    with pytest.raises(RuntimeError, match="have 5 channels, but got 3"):
        network(torch.zeros(4, 3, 750))


@pytest.mark.parametrize("fast_cpu", [True, False])
@pytest.mark.parametrize("n_times", [3, 40, 59])
def test_windows_that_leave_no_step_are_refused_as_plain_layers_do(n_times, fast_cpu):
    network = StagerNet(2, 750, 6, fast_cpu=fast_cpu).eval()
    with pytest.raises(RuntimeError, match="size"):
        network(torch.zeros(4, 2, n_times))
