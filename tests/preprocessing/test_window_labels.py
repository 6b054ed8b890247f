import math

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sksleep import Recording
from sksleep.preprocessing._window_labels import is_touched

SFREQ = 10.0
in_hundredths = st.integers(0, 400).map(lambda number: number / 100)


@example(stretches=[(1.06, 0.0)], starts=[5], window=6)
@given(
    stretches=st.lists(st.tuples(in_hundredths, in_hundredths), max_size=8),
    starts=st.lists(st.integers(0, 60), max_size=20).map(sorted),
    window=st.integers(1, 30),
)
def test_touched_windows_are_those_of_a_loop(stretches, starts, window):
    annotations = [(onset, duration, "BAD") for onset, duration in stretches]
    recording = Recording(np.ones((1, 100)), SFREQ, ["Cz"], "S01", "", annotations)
    bounds = [
        [math.floor(round(time * SFREQ, 3) + 0.5) for time in (onset, onset + duration)]
        for onset, duration in stretches
    ]
    for bound, (onset, duration) in zip(bounds, stretches, strict=True):
        if bound[0] == bound[1]:  # between two samples
            bound[:] = onset * SFREQ, (onset + duration) * SFREQ
    expected = [
        any(
            begin < start + window - 1e-6 and end > start + 1e-6
            for begin, end in bounds
        )
        for start in starts
    ]
    touched = is_touched(
        recording, recording.annotations, np.array(starts, dtype=int), window
    )
    assert_array_equal(touched, expected)
