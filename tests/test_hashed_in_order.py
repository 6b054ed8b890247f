"""A cache does not take transformers for each other whose output has another order."""

import copy
import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sksleep.features import BandPower
from sksleep.preprocessing import BandpassFilter, RegionAverager

X = np.random.default_rng(0).normal(size=(4, 2, 200))
BANDS = {"slow": (1, 4), "fast": (5, 9)}
REGIONS = {"left": "ch0", "right": "ch1"}


def turn(dictionary):
    return dict(reversed(dictionary.items()))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (BandPower(BANDS, sfreq=50), BandPower(turn(BANDS), sfreq=50)),
        (RegionAverager(REGIONS), RegionAverager(turn(REGIONS))),
    ],
    ids=["bands", "regions"],
)
def test_the_order_counts(one, other, tmp_path):
    assert joblib.hash(one) != joblib.hash(other)
    assert joblib.hash(one) == joblib.hash(clone(one))
    plain = other.fit_transform(X)
    for transformer in (one, other):
        pipeline = make_pipeline(
            clone(transformer), BandpassFilter(1, 20, sfreq=50), memory=str(tmp_path)
        )
        if isinstance(one, BandPower):
            pipeline.steps[1] = ("last", "passthrough")
        cached = pipeline.fit(X)[0].transform(X)
    np.testing.assert_array_equal(cached, plain)
    assert joblib.hash(one.fit(X)) != joblib.hash(other.fit(X))


def test_pickles_and_copies_have_no_more_than_the_original():
    fitted = BandPower(BANDS, sfreq=50).fit(X)
    for again in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        assert vars(again).keys() == vars(fitted).keys()
        np.testing.assert_array_equal(again.transform(X), fitted.transform(X))
