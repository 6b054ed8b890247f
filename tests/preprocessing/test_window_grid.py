"""How far the signal of windows swings."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sksleep.preprocessing import _window_grid
from sksleep.preprocessing._window_grid import peak_to_peak


@given(
    starts=st.sets(st.integers(0, 90), max_size=30),
    window=st.integers(1, 10),
    block=st.sampled_from([1, 7, 40, 1000]),
)
def test_swings_are_those_of_each_window(starts, window, block):
    data = np.random.default_rng(0).normal(size=(2, 100))
    starts = np.array(sorted(starts), dtype=int)
    usual, _window_grid._BLOCK = _window_grid._BLOCK, block
    try:
        swings = peak_to_peak(data, starts, window)
    finally:
        _window_grid._BLOCK = usual
    expected = [np.ptp(data[:, s : s + window], axis=1) for s in starts]
    assert swings.shape == (2, len(starts))
    np.testing.assert_array_equal(swings.T, np.reshape(expected, (-1, 2)))
