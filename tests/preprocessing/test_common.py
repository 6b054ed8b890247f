"""scikit-learn's own checks, and what all transformers promise."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from sksleep import Recording, Windows
from sksleep.preprocessing import BandpassFilter, RegionAverager, Resampler, Windower

TRANSFORMERS = [
    RegionAverager({"all": "*"}),
    BandpassFilter(h_freq=0.2, sfreq=1.0),
    BandpassFilter(l_freq=0.1, h_freq=None, method="iir", sfreq=1.0),
    Resampler(2.0, sfreq_in=3.0),
    Windower(duration=1.0, sfreq=1.0),
]
every_transformer = pytest.mark.parametrize("transformer", TRANSFORMERS, ids=repr)


def expected_failures(estimator):
    if not isinstance(estimator, Windower):
        return {}
    return dict.fromkeys(
        [
            "check_methods_sample_order_invariance",
            "check_transformer_data_not_an_array",
            "check_transformer_general",
        ],
        "a row of the array is cut into several windows, each a row of the output",
    )


@pytest.mark.filterwarnings("ignore:the array has .* fewer than the filter")
@parametrize_with_checks(TRANSFORMERS, expected_failed_checks=expected_failures)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def make_whole_pipeline():
    regions = {"left": ["EEG0", "EEG1"], "right": "EEG2"}
    return make_pipeline(
        RegionAverager(regions), BandpassFilter(), Resampler(100.0), Windower(2.0)
    )


def test_pipeline_from_recordings_to_windows(make_noise):
    recordings = [
        make_noise(n_channels=3, annotations=[(0, 20, "wake")]),
        make_noise(n_channels=4, sfreq=1000.0, subject="S02"),
    ]
    windows = make_whole_pipeline().fit_transform(recordings)
    assert isinstance(windows, Windows)
    assert windows.shape == (20, 2, 200)
    assert windows.ch_names == ("left", "right")
    assert_array_equal(windows.y, [0] * 10 + [-1] * 10)


def test_pandas_output_leaves_recordings_and_windows_alone(make_noise):
    recordings = [make_noise(n_channels=3)]
    pipeline = make_whole_pipeline().set_output(transform="pandas")
    windows = pipeline.fit_transform(recordings)
    expected = make_whole_pipeline().fit_transform(recordings)
    assert_array_equal(np.asarray(windows), np.asarray(expected))
    [resampled] = pipeline[:-1].transform(recordings)
    assert isinstance(resampled, Recording)
    pipeline.set_output(transform="default").transform(recordings)


@every_transformer
def test_fit_transform_reads_signals_once_for_their_check(
    transformer, make_noise, monkeypatch
):
    recordings = [make_noise(n_channels=1), make_noise(n_channels=1, subject="S02")]
    transformer = clone(transformer)
    expected = transformer.fit(recordings).transform(recordings)
    checked = []
    monkeypatch.setattr(transformer, "_check_signal", checked.append)
    transformed = transformer.fit_transform(recordings)
    assert checked == recordings
    if isinstance(transformer, Windower):
        assert_array_equal(transformed, expected)
    else:
        for one, other in zip(transformed, expected, strict=True):
            assert_array_equal(one.data, other.data)


@every_transformer
def test_n_features_in_counts_the_channels_where_all_agree(transformer, make_noise):
    transformer = clone(transformer).fit([make_noise(n_channels=3)])
    assert transformer.n_features_in_ == 3
    if not isinstance(transformer, Windower):
        transformer.fit([make_noise(n_channels=3), make_noise()])
        assert not hasattr(transformer, "n_features_in_")
        transformer.transform([make_noise()])


@every_transformer
@pytest.mark.parametrize("method", ["fit", "transform"])
@pytest.mark.parametrize(("value", "message"), [(np.nan, "nan at 4 s"), (2.0, "flat")])
def test_refuses_broken_channels(transformer, method, value, message, make_noise):
    good = make_noise(sfreq=1.0)
    data = good.data.copy()
    data[1, 4 if np.isnan(value) else slice(None)] = value
    transformer = clone(transformer).fit([good])
    with pytest.raises(ValueError, match=f"'S01': channel 'EEG1' is {message}"):
        getattr(transformer, method)([good, good.replace(data=data)])


@every_transformer
@pytest.mark.parametrize("X", [[], np.zeros((2, 2, 2, 2)), np.zeros(3)])
def test_refuses_what_is_neither_recordings_nor_windows(transformer, X, make_noise):
    with pytest.raises(ValueError, match="Expected"):
        clone(transformer).fit(X)
    with pytest.raises(ValueError, match="list of recordings, got one"):
        clone(transformer).fit(make_noise(sfreq=1.0))


@every_transformer
def test_refuses_windows_as_they_come_last(transformer, make_noise):
    windows = Windower(5.0).fit_transform([make_noise(sfreq=1.0)])
    transformer = clone(transformer)
    with pytest.raises(
        ValueError, match=r"got Windows\. Put Windower last.*pipeline\[1:\]"
    ):
        transformer.fit(windows)
    transformer.fit([make_noise(sfreq=1.0)])
    with pytest.raises(ValueError, match="got Windows"):
        transformer.transform(windows)


@every_transformer
def test_a_fit_that_failed_is_none(transformer, make_noise):
    transformer = clone(transformer)
    with pytest.raises(ValueError, match="Expected"):
        transformer.fit([])
    with pytest.raises(NotFittedError):
        transformer.transform([make_noise(sfreq=1.0)])


def test_a_fit_that_failed_on_an_array_is_none():
    windower = Windower(1.0)
    with pytest.raises(ValueError, match="needs sfreq"):
        windower.fit(np.zeros((2, 20)))
    with pytest.raises(NotFittedError):
        windower.set_params(sfreq=10.0).transform(np.zeros((2, 20)))


@every_transformer
@pytest.mark.parametrize("shape", [(2, 3, 0), (2, 0, 20)])
def test_refuses_windows_of_nothing(transformer, shape):
    with pytest.raises(
        ValueError, match=rf"at least one channel.*{shape[1]}, {shape[2]}"
    ):
        clone(transformer).fit(np.zeros(shape))


@every_transformer
def test_refuses_another_kind_than_in_fit(transformer, make_noise):
    X = np.random.default_rng(0).normal(size=(2, 2, 20))
    on_recordings = clone(transformer).fit([make_noise(sfreq=1.0)])
    with pytest.raises(ValueError, match=r"fitted on recordings, but .* an array"):
        on_recordings.transform(X)
    on_array = clone(transformer).fit(X)
    with pytest.raises(ValueError, match=r"fitted on an array, but .* recordings"):
        on_array.transform([make_noise(sfreq=1.0)])
    with pytest.raises(ValueError, match="fit had 3 dimensions"):
        on_array.transform(X[:, :, 0])
    with pytest.raises(NotFittedError):
        clone(transformer).transform([make_noise(sfreq=1.0)])
