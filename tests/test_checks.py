"""Checks that read a recording in stretches."""

import numpy as np
import pytest

from sksleep import Recording, _checks
from sksleep._checks import check_finite, check_not_flat

N_TIMES = 23


@pytest.fixture(autouse=True)
def _short_stretches(monkeypatch):
    monkeypatch.setattr(_checks, "_BLOCK", 10)  # 5 samples of 2 channels


def recording(data):
    return Recording(data, 1.0, ["a", "b"], "S01")


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("time", range(N_TIMES))
def test_finds_a_broken_sample_in_any_stretch(time, value):
    data = np.zeros((2, N_TIMES))
    check_finite(recording(data))
    data[1, time] = value
    with pytest.raises(ValueError, match=f"'b' is {value} at {time} s"):
        check_finite(recording(data))


@pytest.mark.parametrize("time", range(N_TIMES))
def test_one_other_sample_in_any_stretch_makes_a_channel_not_flat(time):
    data = np.zeros((2, N_TIMES))
    data[0, time] = 1
    with pytest.raises(ValueError, match="'b' is flat"):
        check_not_flat(recording(data))
    data[1, N_TIMES - 1 - time] = 1
    check_not_flat(recording(data))


def test_more_channels_than_numbers_in_a_stretch():
    data = np.zeros((30, 2))
    data[:, 1] = 1
    many = Recording(data, 1.0, [f"ch{k}" for k in range(30)], "S01")
    check_not_flat(many)
    check_finite(many)


def test_checks_that_have_seen_enough_release_what_they_read(
    make_recording, monkeypatch
):
    released = []
    monkeypatch.setattr("sksleep._checks.release", released.append)
    check_not_flat(make_recording())
    assert len(released) == 1
