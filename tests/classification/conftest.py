import pytest

from sksleep.classification import StagerNetClassifier, _held_out


@pytest.fixture(scope="session")
def windows(state_windows):
    return state_windows


@pytest.fixture
def few_are_enough(monkeypatch):
    """Have five labels of each class be enough to tell when to stop."""
    monkeypatch.setattr(_held_out, "_MIN_PER_CLASS", 5)


@pytest.fixture(scope="session")
def make_classifier():
    """Return a function that makes a classifier that trains in a second."""

    def make(pretext=None, **params):
        sizes = {"n_filters": 4, "kernel_sizes": (9, 5), "pool_sizes": (3, 4)}
        defaults = {
            "n_features": 6,
            "module_params": sizes,
            "max_epochs": 8,
            "batch_size": 64,
            "lr": 5e-3,
            "validation_fraction": 0.2,
            "random_state": 0,
            "device": "cpu",  # what GPUs do is tested in test_gpu.py
        }
        return StagerNetClassifier(pretext, **(defaults | params))

    return make
