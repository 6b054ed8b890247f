"""Volts beside microvolts are told."""

import warnings

import numpy as np
import pytest

from sksleep import Recording
from sksleep.preprocessing import BandpassFilter, Windower


def make(subject, scale, quiet=()):
    data = np.random.default_rng(list(subject.encode())).normal(50, 1, (3, 5000))
    data[list(quiet)] *= 1e-6
    return Recording(scale * data, 100, ["a", "b", "c"], subject)


def test_warns_of_volts_beside_microvolts():
    recordings = [make("S1", 1.0), make("S2", 2e-5), make("S3", 20.0)]
    message = r"several units: .* of 'S2' is about 2e-05, that of 'S3' 20\."
    with pytest.warns(UserWarning, match=message):
        Windower(1.0).fit_transform(recordings)


def test_amplifiers_and_broken_channels_are_left_alone():
    recordings = [make("S1", 1.0), make("S2", 100.0), make("S3", 1.0, quiet=[1])]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Windower(1.0).fit_transform(recordings)


def test_the_recordings_of_fit_count():
    scales = {"S1": 1.0, "S2": 3.0, "S3": 200.0}
    windower = Windower(1.0).fit([make(name, scales[name]) for name in scales])
    with pytest.warns(UserWarning, match=r"of 'S9' is about 1e-06, that of 'S2' 3\."):
        windower.transform([make("S9", 1e-6)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
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
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Windower(1.0).fit_transform(recordings)
        Windower(1.0).fit_transform(BandpassFilter(1, 30).fit_transform(recordings))


def test_what_hardly_moves_has_no_scale():
    resting = np.zeros((1, 5000))
    resting[0, 400] = 1e-6
    recordings = [Recording(resting, 100, ["a"], "S1"), make("S2", 1e3).pick(["a"])]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Windower(1.0).fit_transform(recordings)
