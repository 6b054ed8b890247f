"""Volts beside microvolts are told."""

import numpy as np
import pytest

from sksleep import Recording
from sksleep.preprocessing import BandpassFilter, Windower


def make(subject, scale):
    data = np.random.default_rng(list(subject.encode())).normal(50, 1, (3, 5000))
    return Recording(scale * data, 100, ["a", "b", "c"], subject)


def test_warns_of_volts_beside_microvolts():
    recordings = [make("S1", 1.0), make("S2", 2e-5), make("S3", 20.0)]
    message = r"units: 'a', 'b', 'c'\. .* 'a' is about 2e-05 in 'S2', 20 in 'S3'\."
    with pytest.warns(UserWarning, match=message):
        Windower(1.0).fit_transform(recordings)


def test_amplifiers_are_left_alone():
    recordings = [make("S1", 1.0), make("S2", 100.0)]
    Windower(1.0).fit_transform(recordings)


@pytest.mark.parametrize("times", [1e-6, 1e-3, 1e3, 1e6])
def test_warns_of_one_channel_in_another_unit(times):
    windower = Windower(1.0).fit([make("S1", 1.0), make("S2", 1.0)])
    other = make("S3", 1.0)
    other = other.replace(data=other.data * [[1], [times], [1]])
    with pytest.warns(UserWarning, match=r"units: 'b'\. .* of 'b' is about .* in 'S3'"):
        windower.transform([other])


@pytest.mark.parametrize("reject", [200, {"b": 200}])
def test_warns_of_microvolts_that_limit_volts(reject):
    recordings = [make("S1", 2e-5), make("S2", 2e-5)]
    message = "reject=200 seems .* unit .* of '[ab]' in recording 'S.' is about 2e-05"
    with pytest.warns(UserWarning, match=message):
        Windower(1.0, reject=reject).fit(recordings)
    Windower(1.0, reject=0.1).fit(recordings)  # 5000 standard deviations


def test_channels_may_be_of_several_scales():
    """Each is compared with itself, also where they come in another order."""
    one, other = make("S1", 1.0), make("S2", 1.0)
    scale = np.array([[1], [1e4], [1e-4]])
    one, other = (r.replace(data=r.data * scale) for r in (one, other))
    turned = other.replace(data=other.data[::-1], ch_names=other.ch_names[::-1])
    windower = Windower(1.0).fit([one])
    windower.transform([other])
    with pytest.raises(ValueError, match="has the channels c, b, a"):
        windower.transform([turned])


def test_the_recordings_of_fit_count():
    scales = {"S1": 1.0, "S2": 3.0, "S3": 200.0}
    windower = Windower(1.0).fit([make(name, scales[name]) for name in scales])
    with pytest.warns(UserWarning, match=r"of 'a' is about 1e-06 in 'S9', 3 in 'S2'\."):
        windower.transform([make("S9", 1e-6)])
    windower.transform([make("S9", 2.0)])
    windower.fit_transform([make("S9", 1e-6)])


@pytest.mark.parametrize("rest", [0.0, 0.1])
def test_rests_are_left_alone(rest):
    """With what a filter makes of them, and with rounding."""
    padded = np.random.default_rng(0).normal(size=(1, 20_000))
    padded[:, 7000:] = rest
    recordings = [
        Recording(padded, 100, ["a"], "S1"),
        Recording(np.random.default_rng(1).normal(size=(1, 20_000)), 100, ["a"], "S2"),
    ]
    Windower(1.0).fit(recordings)
    Windower(1.0).fit(BandpassFilter(1, 30).fit_transform(recordings))


def test_what_hardly_moves_has_no_scale():
    resting = np.zeros((1, 5000))
    resting[0, 400] = 1e-6
    recordings = [Recording(resting, 100, ["a"], "S1"), make("S2", 1e3).pick(["a"])]
    Windower(1.0).fit(recordings)
