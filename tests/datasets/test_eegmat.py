import sys
import warnings
from pathlib import Path

import edfio
import numpy as np
import pytest
from numpy.testing import assert_allclose

from sksleep.datasets import load_eegmat

SCALP = [
    *("Fp1", "Fp2", "F3", "F4", "F7", "F8", "T3", "T4", "C3", "C4"),
    *("T5", "T6", "P3", "P4", "O1", "O2", "Fz", "Cz", "Pz"),
]
REAL = Path(__file__).parents[2].parent / "shared" / "data" / "eegmat"


def write_edf(file, names=SCALP, seconds=4):
    """Write sines of 10, 11, ... uV; return them in V."""
    times = np.arange(500 * seconds) / 500
    microvolts = [(10 + row) * np.sin(2 * np.pi * times) for row in range(len(names))]
    labels = [*(f"EEG {name}" for name in names), "EEG A2-A1", "ECG ECG"]
    extra = [50 * np.cos(times), 90 * np.cos(times)]
    signals = [
        edfio.EdfSignal(signal, 500, label=label, physical_dimension="uV")
        for signal, label in zip([*microvolts, *extra], labels, strict=True)
    ]
    edfio.Edf(signals).write(file)
    return np.array(microvolts) * 1e-6


@pytest.fixture
def folder(tmp_path):
    for subject in ("Subject00", "Subject01"):
        write_edf(tmp_path / f"{subject}_1.edf", seconds=6)
        write_edf(tmp_path / f"{subject}_2.edf")
    (tmp_path / "subject-info.csv").write_text("Subject,Age\n")
    return tmp_path


def test_reads_two_annotated_sessions_of_every_subject(folder):
    recordings = load_eegmat(folder)
    assert [(r.subject, r.session, r.annotations) for r in recordings] == [
        ("Subject00", "1", ((0, 6, "rest"),)),
        ("Subject00", "2", ((0, 4, "arithmetic"),)),
        ("Subject01", "1", ((0, 6, "rest"),)),
        ("Subject01", "2", ((0, 4, "arithmetic"),)),
    ]


def test_reads_the_scalp_in_volts_whatever_the_order_in_the_file(folder):
    expected = write_edf(folder / "Subject00_1.edf", SCALP[::-1])
    recording = load_eegmat(str(folder))[0]
    assert recording.ch_names == tuple(SCALP)
    assert recording.sfreq == 500
    assert recording.data.dtype == np.float32
    assert_allclose(recording.data, expected[::-1], atol=2e-9)  # 16 bits


def test_refuses_a_missing_folder(tmp_path):
    with pytest.raises(ValueError, match="nowhere is not a folder"):
        load_eegmat(tmp_path / "nowhere")


def test_refuses_a_folder_without_pairs(tmp_path):
    (tmp_path / "other.edf").touch()
    with pytest.raises(ValueError, match=f"{tmp_path.name} holds no pair"):
        load_eegmat(tmp_path)


@pytest.mark.parametrize("session", "12")
def test_refuses_a_file_without_its_partner(folder, session):
    (folder / f"Subject01_{session}.edf").unlink()
    other = "2" if session == "1" else "1"
    expected = rf"Subject01_{other}\.edf has no partner: Subject01_{session}\.edf"
    with pytest.raises(ValueError, match=expected):
        load_eegmat(folder)


def test_refuses_a_file_without_a_channel(folder):
    write_edf(folder / "Subject01_2.edf", [*SCALP[:-2], "Pz"])
    with pytest.raises(ValueError, match=r"Subject01_2\.edf has no channel 'EEG Cz'"):
        load_eegmat(folder)


@pytest.mark.parametrize("n_bytes", [0, 100, 1000, 4800, 20_000, -1])
def test_refuses_a_file_cut_short(folder, n_bytes):
    file = folder / "Subject01_1.edf"
    file.write_bytes(file.read_bytes()[:n_bytes])
    # MNE only warns of some, and not every user takes warnings for errors.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match=r"Subject01_1\.edf cannot be read as EDF"):
            load_eegmat(folder)


def test_refuses_a_file_that_is_no_edf(folder):
    (folder / "Subject00_2.edf").write_text("<html>Not found</html>" * 100)
    with pytest.raises(ValueError, match=r"Subject00_2\.edf cannot be read as EDF"):
        load_eegmat(folder)


def test_says_which_extra_brings_mne(monkeypatch, folder):
    monkeypatch.setitem(sys.modules, "mne", None)
    with pytest.raises(ImportError, match=r"sksleep\[mne\]"):
        load_eegmat(folder)


@pytest.mark.skipif(not REAL.is_dir(), reason="needs the real recordings")
def test_reads_the_real_recordings():
    recordings = load_eegmat(REAL)
    assert len(recordings) == 2 * len({r.subject for r in recordings})
    for recording in recordings:
        assert recording.ch_names == tuple(SCALP)
        assert recording.sfreq == 500
        spread = 1e6 * recording.data.std(axis=1)
        assert ((spread > 1) & (spread < 100)).all()  # microvolts
    edf = edfio.read_edf(REAL / "Subject03_2.edf")
    microvolts = [signal.data for signal in edf.signals[:19]]
    recording = next(r for r in recordings if r.name == "Subject03_2")
    assert_allclose(recording.data, 1e-6 * np.array(microvolts), atol=1e-11)
