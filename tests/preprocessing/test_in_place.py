"""Signals filtered where they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline

from sksleep import Recording
from sksleep.preprocessing import BandpassFilter, Resampler
from sksleep.preprocessing._in_place import places_to_overwrite


@pytest.fixture(params=["fir", "iir"])
def filters(request):
    """Return a filter that copies, and one that does not."""
    band = {"l_freq": 1.0, "h_freq": 40.0, "method": request.param, "n_jobs": 2}
    return BandpassFilter(**band), BandpassFilter(**band, copy=False)


def make_recordings(signals):
    return [
        Recording(signal, 250.0, [f"EEG{k}" for k in range(len(signal))], f"S{number}")
        for number, signal in enumerate(signals)
    ]


def make_noise(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


@pytest.mark.parametrize("order", ["C", "F"])
def test_recordings_are_filtered_where_they_are(filters, order):
    copying, overwriting = filters
    # A million samples are one piece of work, and there are three channels.
    signals = [make_noise(3, 400_000), make_noise(2, 5000, seed=1)]
    recordings = make_recordings([np.array(s, order=order) for s in signals])
    expected = copying.fit_transform(recordings)
    filtered = overwriting.fit_transform(recordings)
    for recording, found, other in zip(recordings, filtered, expected, strict=True):
        assert np.shares_memory(found.data, recording.data)
        assert_array_equal(found.data, other.data)
        assert not found.data.flags.writeable
        assert (found.subject, found.sfreq) == (recording.subject, recording.sfreq)


def test_copies_unless_told_otherwise(filters, make_noise):
    recording = make_noise()
    before = recording.data.copy()
    filters[0].fit_transform([recording])
    assert_array_equal(recording.data, before)


def test_takes_the_memory_of_the_step_before(monkeypatch):
    recordings = make_recordings([make_noise(2, 5000)])
    before = recordings[0].data.copy()
    resampler, filter_ = Resampler(100.0), BandpassFilter(h_freq=40.0, copy=False)
    [resampled] = resampler.fit_transform(recordings)
    expected = BandpassFilter(h_freq=40.0).fit_transform([resampled])[0].data
    given_to_filter = []
    transform = resampler.fit_transform
    monkeypatch.setattr(
        resampler,
        "fit_transform",
        lambda *args: given_to_filter.extend(transform(*args)) or given_to_filter,
    )
    [filtered] = make_pipeline(resampler, filter_).fit_transform(recordings)
    assert np.shares_memory(filtered.data, given_to_filter[0].data)
    assert_array_equal(filtered.data, expected)
    assert_array_equal(recordings[0].data, before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays_are_filtered_where_they_are(filters, dtype):
    for shape in (4, 3, 1000), (4, 1000):
        X = make_noise(*shape).astype(dtype)
        expected, found = (f.set_params(sfreq=250.0).fit_transform(X) for f in filters)
        assert np.shares_memory(found, X)
        assert_array_equal(X, expected)
        assert_array_equal(found, expected)


def test_what_must_not_be_overwritten_is_copied(filters, tmp_path):
    """Files, locked memory, memory of two recordings, and parts of arrays."""
    copying, overwriting = filters
    np.save(tmp_path / "signal.npy", make_noise(2, 5000))
    locked, whole = make_noise(2, 5000), make_noise(4, 5000)
    locked.flags.writeable = False
    signals = [
        np.load(tmp_path / "signal.npy", mmap_mode="r+"),
        np.asarray(np.load(tmp_path / "signal.npy", mmap_mode="r+")),
        locked,
        whole[:3],
        whole[1:],
        whole[2:],
        make_noise(2, 6000)[:, :5000],
    ]
    recordings = make_recordings(signals)
    before = [signal.copy() for signal in signals]
    expected = copying.fit_transform(recordings)
    filtered = overwriting.fit_transform(recordings)
    for found, other, signal, same in zip(
        filtered, expected, signals, before, strict=True
    ):
        assert_array_equal(found.data, other.data)
        assert_array_equal(signal, same)


def test_signals_for_files_are_copied(filters, make_noise, tmp_path):
    recording = make_noise()
    before = recording.data.copy()
    [filtered] = filters[1].set_params(memmap_dir=tmp_path).fit_transform([recording])
    assert isinstance(filtered.data, np.memmap)
    assert_array_equal(recording.data, before)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 10)), max_size=8))
def test_finds_what_overlaps(places):
    """Compared with every pair of stretches of an array."""
    memory = np.zeros(40, dtype=np.float32)
    signals = [memory[None, begin : begin + n] for begin, n in places]
    found = places_to_overwrite(signals)
    for number, signal in enumerate(signals):
        others = signals[:number] + signals[number + 1 :]
        overlaps = any(np.shares_memory(signal, other) for other in others)
        assert (found[number] is None) == overlaps
