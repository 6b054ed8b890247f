"""The names of channels and columns, and the tables that bear them."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.pipeline import FeatureUnion, make_pipeline

from sksleep import Recording
from sksleep.features import BandPower
from sksleep.preprocessing import BandpassFilter, RegionAverager, Resampler, Windower

OF_TABLES = [
    RegionAverager({"all": "*"}),
    BandpassFilter(h_freq=55.0, sfreq=250.0),
    Resampler(100.0, sfreq_in=250.0),
]
of_tables = pytest.mark.parametrize("transformer", OF_TABLES, ids=repr)


def make_windows_pipeline():
    regions = {"left": ["EEG0", "EEG1"], "right": "EEG2"}
    return make_pipeline(
        BandpassFilter(), RegionAverager(regions), Resampler(100.0), Windower(2.0)
    )


@pytest.fixture
def recordings(make_noise):
    """Make two recordings that have not the same channels."""
    first, second = make_noise(n_channels=4), make_noise(n_channels=4, subject="S02")
    return [first.pick(["EEG0", "EEG2"]), second.pick(["EEG2", "EEG1"])]


def test_channels_are_named_from_step_to_step(recordings):
    pipeline = make_windows_pipeline().fit(recordings)
    assert_array_equal(pipeline[:1].get_feature_names_out(), ["EEG0", "EEG2", "EEG1"])
    for n_steps in (2, 3, 4):
        assert_array_equal(
            pipeline[:n_steps].get_feature_names_out(), ["left", "right"]
        )


@of_tables
def test_channels_of_arrays_are_numbered(transformer):
    X = np.random.default_rng(0).normal(size=(3, 2, 500))
    transformer = clone(transformer).fit(X)
    named = ["all"] if isinstance(transformer, RegionAverager) else ["ch0", "ch1"]
    assert_array_equal(transformer.get_feature_names_out(), named)
    assert_array_equal(transformer.get_feature_names_out(["Fpz", "Cz"]), named)
    with pytest.raises(ValueError, match="length equal to number of features"):
        transformer.get_feature_names_out(["Fpz"])


@pytest.mark.parametrize("transformer", [*OF_TABLES, Windower(2.0)], ids=repr)
def test_refuses_the_names_of_other_channels(transformer, make_noise):
    transformer = clone(transformer).fit([make_noise()])
    transformer.get_feature_names_out(["EEG0", "EEG1"])
    with pytest.raises(ValueError, match=r"are Fpz, EEG1, but .* EEG0, EEG1"):
        transformer.get_feature_names_out(["Fpz", "EEG1"])


def test_a_union_of_pipelines_names_the_columns_of_its_table(recordings):
    pytest.importorskip("pandas")
    bands = {"delta": (1, 4), "alpha": (8, 13)}
    union = FeatureUnion(
        [
            ("absolute", make_pipeline(make_windows_pipeline(), BandPower(bands))),
            (
                "relative",
                make_pipeline(make_windows_pipeline(), BandPower(bands, relative=True)),
            ),
        ]
    ).set_output(transform="pandas")
    table = union.fit_transform(recordings)
    expected = [
        f"{name}__{region} {band}"
        for name in ("absolute", "relative")
        for region in ("left", "right")
        for band in bands
    ]
    assert list(table.columns) == expected
    assert_array_equal(union.get_feature_names_out(), expected)


@of_tables
def test_pandas_output_of_arrays(transformer):
    pandas = pytest.importorskip("pandas")
    X = np.random.default_rng(0).normal(size=(3, 1, 500))
    transformer = clone(transformer).set_output(transform="pandas")
    assert transformer.fit(X).transform(X).shape[:2] == (3, 1)
    table = transformer.fit_transform(X[:, 0])
    assert isinstance(table, pandas.DataFrame)
    assert list(table.columns) == list(transformer.get_feature_names_out())


@of_tables
def test_recordings_are_made_no_table_whenever_one_is_asked_for(
    transformer, make_noise
):
    pandas = pytest.importorskip("pandas")
    recordings = [make_noise(), make_noise(subject="S02")]
    transformer = clone(transformer).fit(recordings).set_output(transform="pandas")
    assert isinstance(transformer.transform(recordings)[0], Recording)
    assert isinstance(transformer.fit_transform(recordings)[0], Recording)
    X = recordings[0].data
    assert isinstance(transformer.fit(X).transform(X), pandas.DataFrame)
