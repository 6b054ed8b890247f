import pytest

from sksleep.embedding import StagerNetEmbedder
from sksleep.pretext import RelativePositioning


@pytest.fixture(scope="session")
def windows(state_windows):
    return state_windows


@pytest.fixture(scope="session")
def make_embedder():
    """Return a function that makes an embedder that trains in a second."""

    def make(pretext=None, **params):
        sizes = {"n_filters": 4, "kernel_sizes": (9, 5), "pool_sizes": (3, 4)}
        defaults = {
            "n_features": 6,
            "module_params": sizes,
            "max_epochs": 3,
            "batch_size": 64,
            "lr": 5e-3,
            "validation_fraction": 0.2,
            "random_state": 0,
            "device": "cpu",  # what GPUs do is tested in test_gpu.py
        }
        task = pretext or RelativePositioning(12, 30, windows_per_recording=16)
        return StagerNetEmbedder(task, **(defaults | params))

    return make


@pytest.fixture(scope="session")
def fitted(windows, make_embedder):
    """An embedder that tests do not change."""
    return make_embedder(max_epochs=15).fit(windows)
