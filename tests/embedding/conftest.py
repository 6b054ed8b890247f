import numpy as np
import pytest

from sksleep import Recording, Windows
from sksleep.embedding import StagerNetEmbedder
from sksleep.pretext import RelativePositioning

SFREQ, N_TIMES, N_WINDOWS = 25.0, 75, 60  # windows of 3 s


def recording_of_two_states(subject):
    """Return a recording whose rhythm changes every 15 windows, 45 s."""
    rng = np.random.default_rng(list(subject.encode()))
    times = np.arange(N_WINDOWS * N_TIMES) / SFREQ
    frequency = np.where(times // 45 % 2, 6.0, 2.0)
    rhythm = np.sin(2 * np.pi * np.cumsum(frequency) / SFREQ)
    data = rhythm + 0.5 * rng.normal(size=(2, len(times)))
    return Recording(data, SFREQ, ["Fpz", "Cz"], subject)


@pytest.fixture(scope="session")
def windows():
    """Windows of 5 subjects in two alternating states, all labelled."""
    recordings = [recording_of_two_states(f"S{i}") for i in range(5)]
    starts = np.tile(np.arange(N_WINDOWS) * N_TIMES, 5)
    y = (starts / SFREQ // 45).astype(int) % 2
    index = np.repeat(np.arange(5), N_WINDOWS)
    return Windows(
        recordings, index, starts, N_TIMES, y=y, class_names=["slow", "fast"]
    )


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
            "random_state": 0,
        }
        task = pretext or RelativePositioning(12, 30, windows_per_recording=16)
        return StagerNetEmbedder(task, **(defaults | params))

    return make


@pytest.fixture(scope="session")
def weights():
    """Return a function from an embedder to the bytes of its encoder's weights."""

    def get(embedder):
        state = embedder.net_.module_.state_dict()
        return {name: value.numpy().tobytes() for name, value in state.items()}

    return get
