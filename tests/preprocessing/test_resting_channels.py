"""Electrodes that are off in some windows are told."""

import numpy as np
import pytest

from sksleep import Recording
from sksleep.preprocessing import BandpassFilter, Resampler, Windower


def make(*stretches, subject="S1"):
    """Return 400 s, of which EMG has one value in stretches, in seconds."""
    data = np.random.default_rng(0).normal(size=(2, 40_000))
    for begin, end in stretches:
        data[1, begin * 100 : end * 100] = 7
    return Recording(data, 100, ["Cz", "EMG"], subject)


def cut_quietly(recordings, **params):
    return Windower(4.0, **params).fit_transform(recordings)


def test_warns_of_an_electrode_that_comes_off():
    recordings = [make(), make((200, 400), subject="S2")]
    message = "S2', 'EMG', in 8 of 16 windows looked at. Windows .* dropped by flat"
    with pytest.warns(UserWarning, match=message) as told:
        windows = Windower(4.0).fit_transform(recordings)
    assert "S1" not in str(told[0].message)
    assert len(windows) == 200


@pytest.mark.parametrize(("hours", "minutes"), [(1, 6), (3, 10), (24, 12), (24, 30)])
def test_an_electrode_may_come_off_for_minutes_of_hours(hours, minutes):
    data = np.random.default_rng(0).normal(size=(1, hours * 3600 * 16))
    data[:, data.size // 2 :][:, : minutes * 60 * 16] = 0
    n_windows = hours * 30 + 1
    with pytest.warns(UserWarning, match=rf"in {minutes // 2} of {n_windows} windows"):
        Windower(4.0).fit_transform([Recording(data, 16, ["EMG"], "S1")])


def test_events_of_a_day_are_no_rest():
    rng = np.random.default_rng(0)
    data = np.zeros((1, 24 * 3600 * 16))
    data[:, rng.integers(data.shape[1], size=2000)] = 1
    cut_quietly([Recording(data, 16, ["trigger"], "S1")])


def test_filters_leave_something_of_a_rest():
    recordings = Resampler(50).fit_transform([make((100, 200))])
    filtered = BandpassFilter(0.5, 20).fit_transform(recordings)
    assert np.ptp(filtered[0].data[1, 6000:9000]) > 0
    with pytest.warns(UserWarning, match="'EMG', in 4 of 16 windows"):
        Windower(4.0).fit_transform(filtered)
    assert len(cut_quietly(filtered, flat={"EMG": 1e-3})) < 80


def test_windows_that_are_dropped_do_not_count():
    off = make((200, 400))
    assert len(cut_quietly([off], flat=1e-3)) == 50
    assert len(cut_quietly([off.replace(annotations=[(200, 200, "BAD_off")])])) == 50
    cut_quietly([make(*[(k, k + 3) for k in range(0, 400, 4)])])


@pytest.mark.parametrize(
    ("stretches", "n_resting"),
    [
        ([(80, 160), (240, 360)], 8),
        ([(0, 40), (320, 400)], 4),
        ([(0, 400)], 16),
    ],
)
def test_an_electrode_may_be_off_several_times(stretches, n_resting):
    data = np.random.default_rng(0).normal(size=(2, 40_000))
    data[1] += 1e4  # of which a standard deviation takes digits
    for begin, end in stretches:
        data[1, begin * 100 + 50 : end * 100 - 50] = 1e4
    off = Recording(data, 100, ["Cz", "EMG"], "S1")
    with pytest.warns(UserWarning, match=r"'EMG', in \d+ of 16 windows") as told:
        Windower(4.0).fit_transform([off])
    assert abs(int(str(told[0].message).split(" in ")[1].split()[0]) - n_resting) <= 2


def test_a_channel_of_an_array_may_rest_throughout():
    X = np.random.default_rng(0).normal(size=(1, 2, 400))
    X[:, 1] = 0
    with pytest.warns(UserWarning, match="'ch1', in 1 of 1 windows"):
        Windower(4.0, sfreq=100).fit_transform(X)


@pytest.mark.parametrize("every", [5, 7, 9, 16, 25])
def test_what_is_sparse_is_left_alone(every):
    """As triggers are, or a temperature."""
    steps = (np.arange(40_000) % (every * 100) < 10).astype(float)
    cut_quietly([Recording(steps[None], 100, ["trigger"], "S1")])


def test_a_few_samples_may_be_of_one_value():
    steps = np.repeat(np.random.default_rng(0).normal(size=(1, 400)), 10, axis=1)
    Windower(0.1).fit_transform([Recording(steps, 100, ["Cz"], "S1")])
