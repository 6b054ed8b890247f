"""Small windows with labels that can be learnt."""

import numpy as np
import pytest

from sksleep import Recording, Windows

N_SUBJECTS, N_WINDOWS, N_TIMES = 6, 30, 20


@pytest.fixture(scope="session")
def windows():
    """180 windows of 6 subjects; three classes and, of every fifth window, no label."""
    rng = np.random.default_rng(0)
    states = np.arange(N_SUBJECTS * N_WINDOWS) // 3 % 3
    shapes = rng.normal(size=(3, 2, N_TIMES))
    signal = shapes[states] + 2 * rng.normal(size=(len(states), 2, N_TIMES))
    recordings = [
        Recording(np.hstack(part), sfreq=10, ch_names=["a", "b"], subject=f"S{number}")
        for number, part in enumerate(np.split(signal, N_SUBJECTS))
    ]
    return Windows(
        recordings,
        np.repeat(np.arange(N_SUBJECTS), N_WINDOWS),
        np.tile(np.arange(N_WINDOWS) * N_TIMES, N_SUBJECTS),
        N_TIMES,
        y=np.where(np.arange(len(states)) % 5 == 4, -1, states),
        class_names=("wake", "NREM", "REM"),
    )
