"""Volts beside microvolts are told."""

import warnings

import numpy as np
import pytest

from sksleep import Recording
from sksleep.preprocessing import Windower


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


def test_what_does_not_move_where_it_is_looked_at_has_no_scale():
    resting = np.zeros((1, 5000))
    resting[0, 400] = 1
    recordings = [Recording(resting, 100, ["a"], "S1"), make("S2", 1e3).pick(["a"])]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Windower(1.0).fit_transform([recordings[0]])
        Windower(1.0).fit_transform(recordings)
