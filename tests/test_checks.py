"""Checks that read a recording in stretches."""

from pathlib import Path

import mne
import numpy as np
import pytest

from sksleep import Recording, Windows, _checks
from sksleep._check_windows import check_finite_windows
from sksleep._checks import (
    check_finite,
    check_finite_array,
    check_not_flat,
    refuse_what_is_no_array,
)
from sksleep.embedding import StagerNetEmbedder
from sksleep.features import BandPower
from sksleep.preprocessing import RegionAverager, Resampler, Windower

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
def test_looks_at_what_lies_from_the_first_window_to_the_last(time):
    data = np.zeros((2, N_TIMES))
    data[0, time] = np.nan
    recordings = [recording(np.zeros((2, N_TIMES))), recording(data)]
    windows = Windows(recordings, [0, 1, 1, 0], [0, 11, 4, 20], n_times=3)
    if 4 <= time < 14:
        with pytest.raises(ValueError, match=f"'a' is nan at {time} s"):
            check_finite_windows(windows)
    else:
        check_finite_windows(windows)


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


@pytest.mark.parametrize("shape", [(7, 3), (7, 2, 3), (7, 4, 10)])
def test_finds_a_broken_number_in_any_window_of_an_array(shape):
    array = np.zeros(shape)
    check_finite_array(array)
    for place in np.ndindex(shape):
        broken = array.copy()
        broken[place] = np.nan
        where = f"row {place[0]}, .*sample {place[-1]};"
        with pytest.raises(ValueError, match=f"contains NaN, in {where}"):
            check_finite_array(broken)


def test_leaves_arrays_of_other_shapes_to_those_who_refuse_them():
    for estimator in (BandPower(sfreq=10), StagerNetEmbedder(), Windower(1.0, sfreq=9)):
        with pytest.raises(ValueError, match=r"Expected (windows|an array) of shape"):
            estimator.fit(np.full((2, 2, 2, 100), np.nan))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (["a.edf"], "got 'a.edf'; read files first"),
        (Path("b.edf"), "got 'b.edf'"),
        ([recording(np.zeros((2, 5)))], "got recordings; cut them with"),
    ],
)
def test_refuses_what_is_no_array(X, message):
    with pytest.raises(ValueError, match=message):
        refuse_what_is_no_array(X, "windows")


@pytest.mark.parametrize(
    "estimator",
    [
        RegionAverager({"all": "?"}),
        BandPower({"low": (1, 4)}, sfreq=20.0),
        StagerNetEmbedder("random", device="cpu"),
    ],
)
def test_refuses_an_array_whose_mask_would_be_forgotten(estimator):
    noise = np.random.default_rng(0).normal(size=(4, 2, 100))
    with pytest.raises(ValueError, match="got a masked array; leave out the rows"):
        estimator.fit(np.ma.masked_greater(noise, 1.5))


def test_a_raw_of_mne_is_told_from_recordings():
    raw = mne.io.RawArray(np.zeros((1, 9)), mne.create_info(1, 3.0), verbose="error")
    for transformer in (Windower(1.0), Resampler(1.0), RegionAverager({"a": "0"})):
        with pytest.raises(ValueError, match=r"got RawArray of MNE; .*from_mne"):
            transformer.fit([raw])
