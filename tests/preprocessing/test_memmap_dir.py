"""Transformed signals in memory-mapped files."""

import shutil
import tracemalloc
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sksleep import Recording, _signal_store
from sksleep._signal_store import SignalStore
from sksleep.preprocessing import BandpassFilter, RegionAverager, Resampler, Windower

FILES = Path("/proc/self/fd")  # those that this process has open
WINDOWERS = [
    Windower(3.0, step=30.0),
    Windower(3.0, reject=100.0, flat={"EEG0": 1e-3}),
]
TRANSFORMERS = [
    RegionAverager({"first": "EEG[01]", "second": "EEG2"}),
    BandpassFilter(0.5, 40.0, n_jobs=2),
    BandpassFilter(0.5, 40.0, method="iir"),
    Resampler(100.0),
]
every_transformer = pytest.mark.parametrize("transformer", TRANSFORMERS, ids=repr)


def map_noise(folder, shape, name="S01"):
    """Make a memory-mapped recording of noise at 250 Hz."""
    with SignalStore(folder) as store:
        signals = [store.empty(name, shape)]
        for row in range(shape[0]):
            rng = np.random.default_rng(row)
            rng.standard_normal(out=signals[0][row], dtype=np.float32)
        ch_names = [f"EEG{k}" for k in range(shape[0])]
        return Recording(store.keep(signals)[0], 250.0, ch_names, name)


@every_transformer
def test_signals_in_files_are_those_in_memory(transformer, make_noise, tmp_path):
    long = make_noise(1200.0, n_channels=3, annotations=[(0, 20, "wake")])
    recordings = [long, make_noise(sfreq=500.0, n_channels=4, subject="S02")]
    expected = clone(transformer).fit_transform(recordings)
    in_files = clone(transformer).set_params(memmap_dir=tmp_path / "new")
    for recording, other in zip(
        in_files.fit_transform(recordings), expected, strict=True
    ):
        assert isinstance(recording.data, np.memmap)
        assert Path(recording.data.filename).parent == tmp_path / "new"
        assert not recording.data.flags.writeable
        assert_array_equal(recording.data, other.data)
        for field in ("sfreq", "ch_names", "subject", "annotations"):
            assert getattr(recording, field) == getattr(other, field)
    assert len(list((tmp_path / "new").iterdir())) == 2
    in_files.transform(recordings)
    assert len(list((tmp_path / "new").iterdir())) == 2


@pytest.mark.usefixtures("mapped_files_stay")
@every_transformer
def test_files_that_are_mapped_are_not_moved(transformer, make_noise, tmp_path):
    recordings = [make_noise(1200.0, n_channels=3), make_noise(n_channels=3)]
    transformer = clone(transformer).set_params(memmap_dir=tmp_path)
    first = transformer.fit_transform(recordings)
    again = transformer.fit_transform(recordings)
    for recording, other in zip(first, again, strict=True):
        assert recording.data.filename == other.data.filename
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.skipif(not FILES.is_dir(), reason="here the system does not list them")
def test_files_are_open_once(make_noise, tmp_path, monkeypatch):
    recordings = [make_noise(subject=f"S{k:02}") for k in range(20)]
    n_open, move = [], SignalStore._move

    def count(store, part):
        kept = move(store, part)
        n_open.append(len(list(FILES.iterdir())))
        return kept

    monkeypatch.setattr(SignalStore, "_move", count)
    before = len(list(FILES.iterdir()))
    Resampler(100.0, memmap_dir=tmp_path).fit_transform(recordings)
    assert len(n_open) == 20
    assert max(n_open) <= before + 20 + 3


@every_transformer
def test_memory_holds_a_few_channels(transformer, tmp_path):
    recording = map_noise(tmp_path, (40, 400_000))
    transformer = clone(transformer).set_params(memmap_dir=tmp_path)
    if hasattr(transformer, "n_jobs"):
        transformer.set_params(n_jobs=1)  # a few channels per thread
    else:
        transformer.set_params(regions={f"EEG{k}": f"EEG{k}" for k in range(40)})
    transformer.fit([recording])
    tracemalloc.start()
    transformer.transform([recording])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    one_channel = recording.data[0].nbytes
    assert peak < 15 * one_channel  # of 40


@every_transformer
def test_arrays_stay_in_memory(transformer, tmp_path):
    X = np.random.default_rng(0).normal(size=(2, 3, 2000))
    parameters = {"memmap_dir": tmp_path} | {
        name: value
        for name, value in {
            "sfreq_in": 250.0,
            "ch_names": ["EEG0", "EEG1", "EEG2"],
        }.items()
        if name in transformer.get_params()
    }
    transformer = clone(transformer).set_params(**parameters)
    if isinstance(transformer, BandpassFilter):
        transformer.set_params(sfreq=250.0)
    assert not isinstance(transformer.fit_transform(X), np.memmap)
    assert not list(tmp_path.iterdir())


@every_transformer
@pytest.mark.parametrize("method", ["fit", "transform"])
def test_too_small_a_disk_is_told_before_the_signal_is_read(
    transformer, method, make_noise, tmp_path, monkeypatch
):
    broken = make_noise(n_channels=3)
    broken = broken.replace(data=np.full_like(broken.data, np.nan))
    transformer = clone(transformer).fit([make_noise(n_channels=3)])
    transformer.set_params(memmap_dir=tmp_path)
    usage = namedtuple("usage", "free")(10)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(OSError, match=r"1 recordings need .* 10 are free"):
        getattr(transformer, method)([broken])


def test_leaves_no_unfinished_files(make_noise, tmp_path, monkeypatch):
    def fail(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("sksleep.preprocessing._resampler._resample", fail)
    with pytest.raises(KeyboardInterrupt):
        Resampler(100.0, memmap_dir=tmp_path).fit_transform([make_noise()])
    assert not list(tmp_path.iterdir())


def test_recordings_of_the_rate_already_need_no_space(
    make_noise, tmp_path, monkeypatch
):
    recording = make_noise()
    usage = namedtuple("usage", "free")(10)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    resampler = Resampler(250.0, memmap_dir=tmp_path)
    assert resampler.fit_transform([recording]) == [recording]
    assert not list(tmp_path.iterdir())


def test_files_of_others_that_cannot_be_read_are_left(
    make_noise, tmp_path, monkeypatch
):
    recording = make_noise()
    bandpass = BandpassFilter(h_freq=40, memmap_dir=tmp_path)
    [first] = bandpass.fit_transform([recording])
    theirs = Path(first.data.filename)
    hash_file = _signal_store._hash_file

    def refuse(file):
        if file == theirs:
            raise PermissionError(file)
        return hash_file(file)

    monkeypatch.setattr(_signal_store, "_hash_file", refuse)
    for _ in range(2):
        [second] = bandpass.fit_transform([recording])
        assert_array_equal(second.data, first.data)
        assert Path(second.data.filename) != theirs
    assert len(list(tmp_path.iterdir())) == 2


def test_refuses_what_is_no_folder(make_noise):
    with pytest.raises(ValueError, match="'memmap_dir' parameter"):
        Resampler(memmap_dir=3).fit([make_noise()])


def test_a_cached_pipeline_makes_signals_again_whose_files_are_gone(tmp_path, caplog):
    signals = tmp_path / "signals"
    recording = map_noise(tmp_path, (2, 5000))
    pipeline = make_pipeline(
        BandpassFilter(memmap_dir=signals), Windower(), memory=str(tmp_path / "cache")
    )
    expected = np.asarray(pipeline.fit_transform([recording]))
    [file] = signals.iterdir()
    made = file.stat().st_mtime_ns
    assert_array_equal(np.asarray(pipeline.fit_transform([recording])), expected)
    assert file.stat().st_mtime_ns == made
    cached = list((tmp_path / "cache").rglob("*.pkl"))
    assert sum(f.stat().st_size for f in cached) < recording.data.nbytes / 5
    file.unlink()
    again = pipeline.fit_transform([recording])
    assert "'S01': the file of its signal is gone" in caplog.text
    assert_array_equal(np.asarray(again), expected)


@every_transformer
def test_no_pages_of_files_stay_behind(transformer, tmp_path, resident_pages_of_files):
    recording = map_noise(tmp_path, (3, 2_000_000))  # 24 MB
    short = recording.replace(data=np.array(recording.data[:, :20_000]))
    clone(transformer).fit_transform([short])  # loads libraries
    before = resident_pages_of_files()
    result = clone(transformer).set_params(memmap_dir=tmp_path / "new")
    transformed = result.fit_transform([recording])
    assert resident_pages_of_files() - before < 8e6
    assert len(transformed) == 1  # both are still there


@pytest.mark.parametrize("transformer", [*TRANSFORMERS[:1], *WINDOWERS], ids=repr)
def test_a_long_recording_is_never_in_memory_as_a_whole(
    transformer, tmp_path, most_pages_of_files
):
    recording = map_noise(tmp_path, (3, 12_000_000))  # 144 MB
    short = recording.replace(data=np.array(recording.data[:, :20_000]))
    clone(transformer).fit_transform([short])  # loads libraries
    with most_pages_of_files() as seen:
        clone(transformer).fit_transform([recording])
    assert len(seen) > 5
    assert max(seen) - seen[0] < 72e6
