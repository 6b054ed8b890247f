import numpy as np
import pytest

from sksleep import Recording


@pytest.fixture
def make_noise():
    """Make a recording of white noise with an offset."""

    def make(seconds=20.0, sfreq=250.0, n_channels=2, subject="S01", annotations=()):
        rng = np.random.default_rng(list(subject.encode()))
        data = 3 + rng.normal(size=(n_channels, round(seconds * sfreq)))
        ch_names = [f"EEG{k}" for k in range(n_channels)]
        return Recording(data, sfreq, ch_names, subject, annotations=annotations)

    return make
