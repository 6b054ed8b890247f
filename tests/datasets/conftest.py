"""Folders of recordings as labs and databases keep them."""

import datetime

import edfio
import h5py
import numpy as np
import pytest
import scipy.io

STEM = "MouseCKA1_030515_HCOFTS"
# Of a night: channels by sampling rate, and stages, each for some epochs of 30 s. The
# last goes on behind the 34 epochs of the signal, as in the Sleep-EDF database.
CHANNELS = {
    100: ("EEG Fpz-Cz", "EEG Pz-Oz", "EOG horizontal"),
    1: ("Resp oro-nasal", "EMG submental", "Temp rectal", "Event marker"),
}
BOUTS = [("Sleep stage W", 10), ("Sleep stage 1", 2), ("Sleep stage 2", 3)]
BOUTS += [("Sleep stage 3", 2), ("Sleep stage 4", 1), ("Movement time", 1)]
BOUTS += [("Sleep stage R", 2), ("Sleep stage W", 12), ("Sleep stage ?", 100)]
N_EPOCHS = 34
BEGIN = datetime.time(16, 13)


def _write_mat(file, variables, version="5", compress=False):
    """Write variables as MATLAB does, in a folder that may be missing."""
    file.parent.mkdir(exist_ok=True, parents=True)
    if version == "5":
        scipy.io.savemat(file, variables, do_compression=compress)
        return
    with h5py.File(file, "w", userblock_size=512) as stream:
        for name, value in variables.items():
            _write_hdf5(stream, name, np.atleast_2d(value))


def _write_hdf5(stream, name, value):
    if value.dtype == object:
        strings = stream.require_group("#refs#")
        references = np.empty(value.shape, dtype=h5py.ref_dtype)
        for position, text in np.ndenumerate(value):
            codes = np.array([[ord(letter)] for letter in text], dtype=np.uint16)
            item = strings.create_dataset(f"{name}{len(strings)}", data=codes)
            references[position] = item.ref
        value = references
    elif value.dtype.kind == "U":
        value = np.array([[ord(c) for c in text] for text in value.ravel()], np.uint16)
    stream[name] = value.T


def _make_signals(n_times=330_000, seed=0):
    rng = np.random.default_rng(seed)
    names = ["VTA_02", "BLA_01", "Acb_Core_01"]
    return {name: rng.normal(size=(1, n_times)) for name in names}


def _write_tst(
    folder, stem=STEM, signals=None, int_time=(305, 10, 320, 8), chans=None, version="5"
):
    signals = _make_signals() if signals is None else signals
    other = {"TailSuspension": np.ones((1, 7)), "fs": 1000.0}
    _write_mat(folder / "LFP_Data" / f"{stem}_LFP.mat", signals | other, version)
    times = {"INT_TIME": np.atleast_2d(int_time)}
    _write_mat(folder / "INT_TIME" / f"{stem}_TIME.mat", times, version)
    if chans is not None:
        _write_mat(folder / "CHANS" / f"{stem}_CHANS.mat", chans, version)
    return signals


def _write_night(folder, name, seed):
    rng = np.random.default_rng(seed)
    signals = [
        edfio.EdfSignal(rng.normal(size=30 * N_EPOCHS * sfreq), sfreq, label=label)
        for sfreq, labels in CHANNELS.items()
        for label in labels
    ]
    edf = edfio.Edf(signals, data_record_duration=30, starttime=BEGIN)
    edf.write(folder / f"{name[:-1]}0-PSG.edf")
    _write_hypnogram(folder / f"{name}-Hypnogram.edf")


def _write_hypnogram(file, bouts=BOUTS):
    onsets = np.cumsum([0, *(n for _, n in bouts)])
    annotations = [
        edfio.EdfAnnotation(30 * onset, 30 * n, stage)
        for onset, (stage, n) in zip(onsets, bouts, strict=False)
    ]
    edfio.Edf([], annotations=annotations, starttime=BEGIN).write(file)


@pytest.fixture
def make_signals():
    """Return a function that makes the signal of every electrode."""
    return _make_signals


@pytest.fixture
def write_mat():
    """Return a function that writes a MATLAB file."""
    return _write_mat


@pytest.fixture
def write_tst():
    """Return a function that writes a recording and returns its signals."""
    return _write_tst


@pytest.fixture
def write_night():
    """Return a function that writes noise as a scored night of Sleep-EDF."""
    return _write_night


@pytest.fixture
def write_hypnogram():
    """Return a function that writes the stages of such a night."""
    return _write_hypnogram
