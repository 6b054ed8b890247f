import numpy as np
import pytest
from hypothesis import strategies as st

# Quarters of a second are exact in floating point, so that brute force may compare
# with the definition as it is written.
SECONDS = st.integers(0, 400).map(lambda quarters: quarters / 4)


def _joined(onsets, seed):
    """Return recording numbers and onsets of several recordings, in any order."""
    index = np.repeat(np.arange(len(onsets)), [len(times) for times in onsets])
    order = np.random.default_rng(seed).permutation(len(index))
    return index[order], np.concatenate(onsets)[order]


@pytest.fixture(scope="session")
def irregular_windows():
    """Draw windows with irregular onsets, of several recordings."""
    recording = st.sets(SECONDS, min_size=1, max_size=25).map(sorted)
    recordings = st.lists(recording, min_size=1, max_size=4)
    return st.builds(_joined, recordings, st.integers(0, 99))


@pytest.fixture(scope="session")
def windows_in_runs():
    """Draw windows mostly 3 s apart, with gaps, of several recordings."""
    steps = st.lists(st.sampled_from([3.0] * 9 + [1.0, 4.0, 30.0]), max_size=60)
    recording = steps.map(lambda steps: np.cumsum([0.0, *steps]))
    recordings = st.lists(recording, min_size=1, max_size=3)
    return st.builds(_joined, recordings, st.integers(0, 99))


@pytest.fixture(scope="session")
def taus():
    """Draw tau_pos and tau_neg."""
    both = st.tuples(SECONDS, SECONDS).map(sorted)
    return both.filter(lambda taus: taus[0] > 0)


@pytest.fixture(scope="session")
def serving():
    """Return a function that keeps the windows of recordings that serve a task."""

    def keep(task, windows):
        index, onsets = windows
        numbers = [i for i in set(index) if task.serves(np.sort(onsets[index == i]))]
        rows = np.isin(index, numbers)
        return index[rows], onsets[rows]

    return keep
