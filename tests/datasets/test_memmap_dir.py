"""Signals read into memory-mapped files."""

import pickle
import shutil
import tracemalloc
from collections import namedtuple
from pathlib import Path

import edfio
import mne
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sksleep.datasets import from_mne, load_eegmat, load_sleep_edf, load_tst
from sksleep.datasets._eegmat import _CH_NAMES as SCALP

N_TIMES = 330_000


@pytest.fixture
def write_eegmat(tmp_path):
    """Return a function that writes one subject and returns the folder."""

    def write():
        folder = tmp_path / "eegmat"
        folder.mkdir()
        rng = np.random.default_rng(0)
        for session in "12":
            signals = [
                edfio.EdfSignal(rng.normal(size=1000), 500, label=f"EEG {name}")
                for name in SCALP
            ]
            edfio.Edf(signals).write(folder / f"Subject00_{session}.edf")
        return folder

    return write


@pytest.fixture(params=["tst 5", "tst 7.3", "eegmat", "sleep-edf", "mne"])
def read(request, tmp_path, write_tst, write_eegmat, write_night):
    """A function that reads recordings; it takes memmap_dir."""
    if request.param == "mne":
        signal = np.random.default_rng(0).normal(size=(3, 2000))
        raw = mne.io.RawArray(signal, mne.create_info(3, 100, "eeg"), verbose="error")
        return lambda **dir: [from_mne(raw, subject="S01", session="night", **dir)]
    if request.param == "eegmat":
        folder = write_eegmat()
        return lambda **dir: load_eegmat(folder, **dir)
    if request.param == "sleep-edf":
        (tmp_path / "nights").mkdir()
        for seed, name in enumerate(["SC4001EC", "SC4012EH"]):
            write_night(tmp_path / "nights", name, seed)
        return lambda **dir: load_sleep_edf(tmp_path / "nights", **dir)
    for stem in ("MouseA_010203_TST", "MouseB_010203_TST"):
        write_tst(tmp_path / "tst", stem, version=request.param.split()[1])
    return lambda **dir: load_tst(tmp_path / "tst", **dir)


def test_signals_in_files_are_those_in_memory(read, tmp_path):
    folder = tmp_path / "new" / "signals"
    for recording, expected in zip(read(memmap_dir=folder), read(), strict=True):
        file = Path(recording.data.filename)
        assert file.parent == folder
        assert file.name.startswith(f"{recording.name}-")
        assert isinstance(recording.data, np.memmap)
        assert not recording.data.flags.writeable
        assert len(pickle.dumps(recording)) < 2000
        assert_array_equal(recording.data, expected.data)
        assert (recording.ch_names, recording.name, recording.annotations) == (
            (expected.ch_names, expected.name, expected.annotations)
        )


@pytest.mark.usefixtures("mapped_files_stay")
def test_reading_again_makes_no_other_files(read, tmp_path):
    first = read(memmap_dir=tmp_path / "signals")
    second = read(memmap_dir=str(tmp_path / "signals"))
    for one, other in zip(first, second, strict=True):
        assert one.data.filename == other.data.filename
        assert_array_equal(one.data, other.data)
    files = {Path(recording.data.filename) for recording in first}
    assert set((tmp_path / "signals").iterdir()) == files


@pytest.mark.usefixtures("mapped_files_stay")
def test_a_broken_signal_is_told_where_its_file_cannot_go(
    tmp_path, write_tst, make_signals
):
    signals = make_signals()
    signals["VTA_02"][0, 5] = np.nan
    write_tst(tmp_path, signals=signals)
    with pytest.raises(ValueError, match=r"VTA_02 is nan at 0.005 s"):
        load_tst(tmp_path, memmap_dir=tmp_path / "signals")


def test_too_small_a_disk_is_told_before_files_are_made(read, tmp_path, monkeypatch):
    needed = sum(recording.data.nbytes for recording in read())
    usage = namedtuple("usage", "free")(needed - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(OSError, match=rf"need {needed:,} bytes .* {needed - 1:,} are"):
        read(memmap_dir=tmp_path / "signals")
    assert not list((tmp_path / "signals").iterdir())


def test_refuses_a_folder_that_cannot_be(read, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"memmap_dir='.*file' cannot be written to"):
        read(memmap_dir=tmp_path / "file")


@pytest.mark.parametrize("version", ["5", "7.3"])
def test_memory_holds_one_electrode(tmp_path, version, write_tst):
    rng = np.random.default_rng(0)
    signals = {f"BLA_{n:02}": rng.normal(size=(1, N_TIMES)) for n in range(16)}
    write_tst(tmp_path, signals=signals, version=version)
    load_tst(tmp_path)  # imports what it needs
    tracemalloc.start()
    load_tst(tmp_path, memmap_dir=tmp_path / "signals")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 8 * N_TIMES  # of 16 float64 electrodes


def test_a_broken_signal_leaves_no_file(tmp_path, write_tst, make_signals):
    signals = make_signals()
    signals["VTA_02"][0, 5] = np.nan
    write_tst(tmp_path, signals=signals)
    with pytest.raises(ValueError, match=r"VTA_02 is nan at 0.005 s"):
        load_tst(tmp_path, memmap_dir=tmp_path / "signals")
    assert not list((tmp_path / "signals").iterdir())


def test_a_long_raw_is_never_in_memory_as_a_whole(tmp_path, most_pages_of_files):
    signal = np.random.default_rng(0).normal(size=(2, 6_000_000))  # 48 MB of float32
    raw = mne.io.RawArray(signal, mne.create_info(2, 100, "eeg"), verbose="error")
    from_mne(raw.copy().crop(0, 60), subject="S01", memmap_dir=tmp_path)
    with most_pages_of_files() as seen:
        from_mne(raw, subject="S01", memmap_dir=tmp_path)
    assert len(seen) > 5
    assert max(seen) - seen[0] < 32e6
