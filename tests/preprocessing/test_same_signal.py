"""Recordings that are given twice are told."""

import numpy as np
import pytest

from sksleep import Recording
from sksleep.preprocessing import Windower


@pytest.fixture(params=["in memory", "mapped"])
def make(request, tmp_path):
    """Return a function that makes a recording of noise, in memory or mapped."""

    def make_recording(subject, seed=0, **fields):
        data = np.random.default_rng(seed).normal(size=(2, 1000)).astype(np.float32)
        if request.param == "mapped":
            path = tmp_path / f"{subject}.npy"
            np.save(path, data)
            data = np.load(path, mmap_mode="r")
        return Recording(data, 100, ["a", "b"], subject, **fields)

    return make_recording


def test_warns_of_the_same_signal_under_two_names(make):
    recordings = [make("S1"), make("S2", 1), make("S3"), make("S4", 1)]
    message = "hold the same signal: 'S1' and 'S3'; 'S2' and 'S4'. Leave one"
    with pytest.warns(UserWarning, match=message):
        Windower(1.0).fit_transform(recordings)


def test_warns_of_a_recording_given_many_times(make):
    recording = make("S1", session="night")
    pair = "'S1_night' and 'S1_night'"
    message = f"signal: {'; '.join([pair] * 5)} and 2 more"
    with pytest.warns(UserWarning, match=message):
        Windower(1.0).fit([recording] * 8)


@pytest.mark.parametrize("sample", [0, 500, 999])
def test_signals_that_differ_in_a_sample_are_two(make, monkeypatch, sample):
    monkeypatch.setattr("sksleep.preprocessing._same_signal._BLOCK", 64)
    first, other = make("S1"), make("S2")
    data = np.array(other.data)
    data[1, sample] += 1
    Windower(1.0).fit([first, other.replace(data=data)])
    Windower(1.0).fit([first, other.replace(data=other.data[:, :999])])
    with pytest.warns(UserWarning, match="'S1' and 'S2'"):
        Windower(1.0).fit([first, other])
