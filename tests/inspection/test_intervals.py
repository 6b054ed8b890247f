"""Which stretch of time each window stands for."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sksleep.inspection._intervals import Intervals


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 2)), min_size=1))
def test_each_moment_is_that_of_the_nearest_window(windows):
    """Steps below 4 overlap, 4 touch, 5 and 6 leave gaps, for windows of 4 s."""
    steps, values = np.array(windows).T
    onsets = np.cumsum(steps)
    intervals, states = Intervals.of_windows(onsets, 4).runs(values)
    times = np.arange(0, onsets[-1] + 6, 0.5) + 0.25
    distances = np.abs(times - (onsets[:, np.newaxis] + 2))
    nearest = distances.argmin(axis=0)
    expected = np.where(distances.min(axis=0) < 2, values[nearest], -1)
    drawn = np.full(len(times), -1)
    for start, stop, state in zip(
        intervals.starts, intervals.stops, states, strict=True
    ):
        drawn[(times > start) & (times < stop)] = state
    np.testing.assert_array_equal(drawn, expected)
    assert (intervals.stops[:-1] <= intervals.starts[1:]).all()


def test_states_change_when_they_do_however_much_windows_overlap():
    onsets = np.arange(0, 211, 5)
    states = np.minimum((onsets + 15) // 60, 3)  # in the middle of windows of 30 s
    intervals, values = Intervals.of_windows(onsets, 30).runs(states)
    assert values.tolist() == [0, 1, 2, 3]
    assert np.abs(intervals.starts[1:] - [60, 120, 180]).max() <= 2.5  # half a step
    assert intervals.starts[0] == 0
    assert intervals.stops[-1] == 240


def test_less_than_a_sample_is_no_gap():
    onsets = np.arange(100) * 101 / 100.3  # windows of a second have 100 samples
    assert not Intervals.of_windows(onsets, 100 / 100.3).gap_follows.any()
    assert Intervals.of_windows(onsets, 0.9).gap_follows.all()
