import pytest
import torch
from torch import nn

from sksleep.embedding._inference import _n_at_once
from sksleep.nn import StagerNet

GPU = torch.device("cuda", 0)


@pytest.mark.parametrize(
    ("device", "n_times", "expected"),
    [
        (torch.device("cpu"), 375, 64),
        (torch.device("cpu"), 500_000, 3),  # 64 MB
        (GPU, 375, 2033),  # 32 MB of 11 channels
        (GPU, 100, 2048),
        (GPU, 10_000_000, 1),
    ],
)
def test_a_device_gets_so_many_windows_at_once_as_fit(device, n_times, expected):
    network = nn.Sequential(StagerNet(2, 300), nn.Linear(100, 3))
    assert _n_at_once(network, device, (11, n_times)) == expected


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_modules_of_users_get_fewer_at_once(device):
    assert _n_at_once(nn.Flatten(), torch.device(device), (2, 100)) == 512
