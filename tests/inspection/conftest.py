"""Pictures are drawn to memory."""

import matplotlib
import numpy as np
import pytest

from sksleep import Recording, Windows

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    matplotlib.pyplot.close("all")


@pytest.fixture(scope="session")
def windows():
    """40 windows of 2 s of each of three recordings, of two subjects."""
    rng = np.random.default_rng(0)
    names = (("S1", "a"), ("S1", "b"), ("S2", "a"))
    recordings = [
        Recording(rng.normal(size=(2, 800)), 10, ["a", "b"], subject, session)
        for subject, session in names
    ]
    return Windows(
        recordings,
        np.repeat(np.arange(3), 40),
        np.tile(np.arange(40) * 20, 3),
        n_times=20,
        y=np.tile(np.r_[np.arange(30) // 5 % 3, np.full(10, -1)], 3),
        class_names=("wake", "NREM", "REM"),
    )
