"""Electrodes that stop midway are averaged with a warning."""

import numpy as np
import pytest
from scipy.signal import lfilter

from sksleep import Recording
from sksleep.preprocessing import (
    BandpassFilter,
    RegionAverager,
    Resampler,
    _flat_stretches,
)
from sksleep.preprocessing._flat_stretches import warn_of_flat_stretches

SFREQ = 20.0
REGIONS = {"BLA": "BLA_*", "VTA": "VTA_*"}


def stop(*stretches, subject="M1"):
    """Return a recording whose BLA_02 has one value in stretches, in seconds."""
    data = np.random.default_rng(0).normal(size=(4, int(100 * SFREQ)))
    for begin, end in stretches:
        data[1, int(begin * SFREQ) : int(end * SFREQ)] = 7
    return Recording(data, SFREQ, ["BLA_01", "BLA_02", "VTA_01", "IL_01"], subject)


def refuse_warnings(recordings):
    RegionAverager(REGIONS).fit_transform(recordings)


@pytest.mark.parametrize("begin", np.arange(0, 90, 3.7))
def test_warns_of_an_electrode_that_does_not_move_for_ten_seconds(begin):
    with pytest.warns(UserWarning, match="M1.*BLA_02.*for some (5|10) s") as told:
        RegionAverager(REGIONS).fit_transform([stop((begin, begin + 10))])
    [warning] = told
    first = float(str(warning.message).split("at about ")[1].split(" s")[0])
    assert begin <= first <= begin + 5


def noise(n_times):
    """Return noise that is alike from sample to sample, as EEG is."""
    return lfilter([1], [1, -0.95], np.random.default_rng(0).normal(size=n_times))


def test_what_lies_far_off_makes_the_rest_no_constant():
    """An amplifier at its rail, and an electrode that settles."""
    signal, seconds = noise(12_000), np.arange(12_000) / SFREQ
    railed = np.where((seconds >= 100) & (seconds < 160), 4e4, signal)
    recording = Recording([railed], SFREQ, ["BLA_01"], "M1")
    with pytest.warns(UserWarning, match="for some 55 s, first at about 100 s"):
        warn_of_flat_stretches([recording])
    settling = signal + 3e4 * np.exp(-seconds / 60)
    warn_of_flat_stretches([recording.replace(data=settling[np.newaxis])])


def test_looks_at_a_few_stretches_at_a_time(monkeypatch):
    recording = stop((30, 62)).pick(["BLA_02"])
    monkeypatch.setattr(_flat_stretches, "_N_CELLS", 3)
    with pytest.warns(UserWarning, match="for some 30 s, first at about 30 s"):
        warn_of_flat_stretches([recording])


@pytest.mark.parametrize("value", [0.0, 3.3, -327.6])
@pytest.mark.parametrize(
    "step", [Resampler(15.0), BandpassFilter(0.5, 8.0), BandpassFilter(None, 8.0)]
)
def test_warns_of_what_resampler_and_filter_make_of_one_value(value, step):
    recording = stop()
    data = np.array(recording.data)
    data[1, 600:1600] = value
    changed = step.fit_transform([recording.replace(data=data)])
    with pytest.warns(UserWarning, match=r"'BLA_02', for some [234]\d s, first at abo"):
        RegionAverager(REGIONS).fit_transform(changed)


def test_tells_how_long_and_where_in_each_recording():
    recordings = [stop((30, 100), subject=f"M{k}") for k in range(7)]
    message = (
        "recording 'M0', 'BLA_02', for some 65 s, first at about 30 s; .*'M4'.* s and "
        "2 more. They are averaged"
    )
    with pytest.warns(UserWarning, match=message):
        RegionAverager(REGIONS).fit(recordings)


def test_short_rests_and_unused_electrodes_are_left_alone():
    rests = [(k, k + 4.5) for k in range(0, 95, 5)]
    refuse_warnings([stop(*rests)])
    unused = stop((0, 90)).replace(ch_names=["BLA_01", "IL_02", "VTA_01", "BLA_03"])
    refuse_warnings([unused])


def test_a_recording_shorter_than_a_rest_is_left_alone():
    short = Recording([[0, 1, 1, 1]], SFREQ, ["BLA_01"], "M1")
    warn_of_flat_stretches([short])


def test_a_sample_may_be_longer_than_a_rest():
    slow = Recording([[0.0, 1, 1, 1]], 0.1, ["BLA_01"], "M1")
    with pytest.warns(UserWarning, match="'BLA_01', for some 10 s, first at about 5 s"):
        warn_of_flat_stretches([slow])
