"""Signals filtered where they are."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline

from sksleep import Recording
from sksleep.preprocessing import (
    BandpassFilter,
    RegionAverager,
    Resampler,
    Windower,
)


@pytest.fixture(params=["fir", "iir"])
def filters(request):
    """Return a filter that copies, and one that does not."""
    band = {"l_freq": 1.0, "h_freq": 40.0, "method": request.param, "n_jobs": 2}
    return BandpassFilter(**band), BandpassFilter(**band, copy=False)


def draw_noise(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def make_recordings(signals, sfreq=500.0):
    return [
        Recording(signal, sfreq, [f"EEG{k}" for k in range(len(signal))], f"S{number}")
        for number, signal in enumerate(signals)
    ]


def assert_same(found, expected):
    for recording, other in zip(found, expected, strict=True):
        assert_array_equal(recording.data, other.data)


@pytest.mark.parametrize("maker", [Resampler(250.0), RegionAverager({"all": "*"})])
def test_what_a_transformer_has_made_is_filtered_where_it_is(filters, maker):
    copying, overwriting = filters
    # A million samples are one piece of work, and there are three channels.
    signals = draw_noise(3, 800_000), draw_noise(2, 10_000, seed=1)
    made = maker.fit_transform(make_recordings(signals))
    expected = copying.fit_transform(made)
    filtered = overwriting.fit_transform(made)
    assert_same(filtered, expected)
    for recording, before in zip(filtered, made, strict=True):
        assert np.shares_memory(recording.data, before.data)
        assert not recording.data.flags.writeable
        assert (recording.subject, recording.sfreq) == (before.subject, before.sfreq)


def test_copies_unless_told_otherwise(filters):
    [made] = Resampler(250.0).fit_transform(make_recordings([draw_noise(2, 10_000)]))
    before = made.data.copy()
    filters[0].fit_transform([made])
    assert_array_equal(made.data, before)


def test_filters_what_was_filtered_in_place(filters):
    """But not the recording that lay in the same memory before."""
    recordings = make_recordings([draw_noise(2, 10_000)])
    made = Resampler(250.0).fit_transform(recordings)
    once = filters[1].fit_transform(made)
    before = once[0].data.copy()
    message = "'S0' was overwritten: .* FeatureUnion, filters need copy=True"
    for transformer in (*filters, Resampler(100.0), Windower(1.0)):
        with pytest.raises(ValueError, match=message):
            transformer.fit_transform(made)
    assert_array_equal(once[0].data, before)
    assert np.shares_memory(filters[1].fit_transform(once)[0].data, once[0].data)


@pytest.mark.parametrize(
    "derive",
    [
        lambda recording: pickle.loads(pickle.dumps(recording)),
        copy.copy,
        copy.deepcopy,
        lambda recording: recording.replace(subject="other"),
        lambda recording: recording.pick(["EEG1"]),
        lambda recording: copy.copy(recording).pick(["EEG1"]).replace(session="other"),
    ],
)
def test_knows_what_was_overwritten_in_whatever_came_of_it(filters, derive):
    [made] = Resampler(250.0).fit_transform(make_recordings([draw_noise(2, 10_000)]))
    [filtered] = filters[1].fit_transform([made])
    with pytest.raises(ValueError, match="was overwritten"):
        Windower(1.0).fit_transform([derive(made)])
    Windower(1.0).fit_transform([derive(filtered)])
    Windower(1.0).fit_transform([made.replace(data=filtered.data)])


def test_a_pipeline_leaves_what_it_is_given(filters):
    """Also what the resampler passes on, as it has the rate already."""
    recordings = make_recordings([draw_noise(2, 10_000)])
    recordings += make_recordings([draw_noise(2, 5000, seed=1)], sfreq=250.0)
    # One that a transformer has made before, but not of this pipeline.
    recordings += Resampler(250.0).fit_transform(make_recordings([draw_noise(2, 9000)]))
    before = [recording.data.copy() for recording in recordings]
    copying, overwriting = (make_pipeline(Resampler(250.0), f) for f in filters)
    for _ in range(2):
        expected = copying.fit_transform(recordings)
        assert_same(overwriting.fit_transform(recordings), expected)
    for recording, signal in zip(recordings, before, strict=True):
        assert_array_equal(recording.data, signal)


def test_nothing_else_is_overwritten(filters, tmp_path):
    """Of users' arrays, files, changed recordings and those that are given twice."""
    resampler = Resampler(250.0, memmap_dir=tmp_path)
    recordings = make_recordings([draw_noise(2, 10_000)])
    [in_file] = resampler.fit_transform(recordings)
    [made] = resampler.set_params(memmap_dir=None).fit_transform(recordings)
    [twice] = resampler.fit_transform(recordings)
    given = [*recordings, in_file, made.replace(subject="other"), twice, twice]
    before = [recording.data.copy() for recording in given]
    expected = filters[0].fit_transform(given)
    assert_same(filters[1].fit_transform(given), expected)
    for recording, signal in zip(given, before, strict=True):
        assert_array_equal(recording.data, signal)


def test_signals_for_files_are_copied(filters, tmp_path):
    [made] = Resampler(250.0).fit_transform(make_recordings([draw_noise(2, 10_000)]))
    before = made.data.copy()
    [filtered] = filters[1].set_params(memmap_dir=tmp_path).fit_transform([made])
    assert isinstance(filtered.data, np.memmap)
    assert_array_equal(made.data, before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(4, 3, 1000), (4, 1000)])
def test_arrays_are_filtered_where_they_are(filters, dtype, shape):
    X = draw_noise(*shape).astype(dtype)
    expected, found = (f.set_params(sfreq=250.0).fit_transform(X) for f in filters)
    assert np.shares_memory(found, X)
    assert_array_equal(X, expected)
    assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "lock", [lambda X: X[:], lambda X: np.asarray(pd.DataFrame(X, copy=False))]
)
def test_locked_arrays_are_copied(filters, lock):
    X = draw_noise(4, 1000)
    before = X.copy()
    locked = lock(X)
    locked.flags.writeable = False
    filters[1].set_params(sfreq=250.0).fit_transform(locked)
    assert_array_equal(X, before)
