import sys
import tracemalloc
from datetime import UTC, datetime

import edfio
import mne
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sksleep.datasets import _mne_signal, from_mne, parts_from_mne
from sksleep.preprocessing import Windower

SFREQ = 100
MEAS_DATE = datetime(2011, 1, 1, 22, 15, tzinfo=UTC)
meas_dates = pytest.mark.parametrize("meas_date", [None, MEAS_DATE])


def make_raw(seconds=20, meas_date=None, annotations=(), first_samp=0):
    ch_types = {"Fpz": "eeg", "Cz": "eeg", "EOG": "eog", "Oz": "eeg", "STI": "stim"}
    info = mne.create_info(list(ch_types), SFREQ, list(ch_types.values()))
    data = np.random.default_rng(0).normal(0, 1e-5, (5, int(seconds * SFREQ)))
    raw = mne.io.RawArray(data, info, first_samp=first_samp, verbose="error")
    raw.set_meas_date(meas_date)
    onsets, durations, labels = (
        zip(*annotations, strict=True) if annotations else [[]] * 3
    )
    # Without a date, MNE takes onsets to count from the first sample.
    return raw.set_annotations(mne.Annotations(onsets, durations, labels))


def annotations_of(raw):
    return [
        (round(a.onset, 6), round(a.duration, 6), a.label)
        for a in from_mne(raw, subject="S").annotations
    ]


def test_takes_signal_names_rate_and_subject():
    raw = make_raw()
    recording = from_mne(raw, subject="S01", session="night")
    assert recording.name == "S01_night"
    assert recording.ch_names == ("Fpz", "Cz", "Oz")
    assert recording.sfreq == SFREQ
    assert recording.data.dtype == np.float32
    expected = raw.get_data(["Fpz", "Cz", "Oz"]).astype(np.float32)
    assert_array_equal(recording.data, expected)


@pytest.mark.parametrize(
    ("picks", "expected"),
    [
        ("data", ("Fpz", "Oz")),
        ("eeg", ("Fpz", "Oz")),
        ("all", ("Fpz", "EOG", "Oz", "STI")),
        (["eeg", "eog"], ("Fpz", "EOG", "Oz")),
        (["Oz", "Cz"], ("Oz", "Cz")),
        ([2, 0], ("EOG", "Fpz")),
    ],
)
def test_picks_as_mne_does_and_leaves_unnamed_bad_channels_out(picks, expected):
    raw = make_raw()
    raw.info["bads"] = ["Cz"]
    recording = from_mne(raw, subject="S01", picks=picks)
    assert recording.ch_names == expected
    assert_array_equal(recording.data, raw.get_data(list(expected)).astype(np.float32))


@pytest.mark.parametrize("n_numbers", [1, 7, 3 * 100, 10**6])
def test_signal_does_not_depend_on_blocks(monkeypatch, n_numbers):
    monkeypatch.setattr(_mne_signal, "_BLOCK", n_numbers)
    raw = make_raw(seconds=3.21)
    data = from_mne(raw, subject="S01").data
    assert_array_equal(data, raw.get_data("eeg").astype(np.float32))


@meas_dates
@pytest.mark.parametrize("first_samp", [0, 350])
def test_onsets_count_from_the_first_sample(meas_date, first_samp):
    raw = make_raw(first_samp=first_samp)
    stretch = mne.Annotations(2, 3, "W", orig_time=None)
    raw.set_annotations(stretch)
    raw.set_meas_date(meas_date)
    assert annotations_of(raw) == [(2, 3, "W")]


@meas_dates
@pytest.mark.parametrize("folder", [None, "."])
def test_onsets_follow_a_crop(meas_date, folder, tmp_path):
    stages = [(0, 4, "W"), (4, 8, "N1"), (12, 8, "N2")]
    raw = make_raw(meas_date=meas_date, annotations=stages).crop(6, 15)
    if folder:
        raw.save(tmp_path / "cropped_raw.fif", verbose="error")
        raw = mne.io.read_raw_fif(tmp_path / "cropped_raw.fif", verbose="error")
    assert annotations_of(raw) == [(0, 6, "N1"), (6, 3.01, "N2")]
    assert annotations_of(raw.crop(2, 7)) == [(0, 4, "N1"), (4, 1.01, "N2")]


@meas_dates
def test_marks_the_same_samples_after_a_crop(meas_date):
    raw = make_raw(meas_date=meas_date, annotations=[(7, 2, "N1")])
    marked = raw.get_data("Cz")[0, 700:900].astype(np.float32)
    recording = from_mne(raw.crop(3.5, 15), subject="S01", picks=["Cz"])
    begin = round(recording.annotations[0].onset * SFREQ)
    assert_array_equal(recording.data[0, begin : begin + 200], marked)


def test_clips_what_sticks_out_and_drops_what_is_outside(monkeypatch):
    raw = make_raw(seconds=10, first_samp=500)  # sample 0 was 5 s earlier
    stretches = {
        "before": (0, 2),
        "ends at the first sample": (3, 2),
        "begins before": (4, 2),
        "inside": (7, 1),
        "ends after": (13, 5),
        "after": (15, 1),
        "instant before": (4, 0),
        "first instant": (5, 0),
        "last instant": (14.99, 0),
        "instant after": (15, 0),
    }
    onsets, durations = zip(*stretches.values(), strict=True)
    outside_too = mne.Annotations(onsets, durations, list(stretches))
    monkeypatch.setattr(raw, "_annotations", outside_too)
    assert annotations_of(raw) == [
        (0, 1, "begins before"),
        (0, 0, "first instant"),
        (2, 1, "inside"),
        (8, 2, "ends after"),
        (9.99, 0, "last instant"),
    ]


@given(
    onset=st.floats(0, 19),
    duration=st.floats(0, 30),
    crop=st.tuples(st.integers(0, 900), st.integers(1000, 1999)),
    dated=st.booleans(),
)
def test_annotations_lie_inside_whatever_the_crop(onset, duration, crop, dated):
    with mne.utils.use_log_level("error"):
        raw = make_raw(meas_date=MEAS_DATE if dated else None)
        first, last = crop[0] / SFREQ, crop[1] / SFREQ
        origin = raw.info["meas_date"]
        raw.set_annotations(mne.Annotations(onset, duration, "W", origin))
        recording = from_mne(raw.crop(first, last), subject="S01")
    begin = max(onset - first, 0)
    end = min(onset + duration - first, recording.duration)
    for stretch in recording.annotations:
        assert_allclose(stretch[:2], (begin, end - begin), atol=1e-5)
    if end - begin > 1e-5:
        assert len(recording.annotations) == 1


def test_reads_fif_like_the_array_it_holds(tmp_path):
    raw = make_raw(annotations=[(3, 4, "N2")], meas_date=MEAS_DATE)
    raw.save(tmp_path / "night_raw.fif", fmt="single", verbose="error")
    on_disk = mne.io.read_raw_fif(tmp_path / "night_raw.fif", verbose="error")
    recording = from_mne(on_disk, subject="S01")
    assert not on_disk.preload
    assert_array_equal(recording.data, raw.get_data("eeg").astype(np.float32))
    assert recording.annotations == ((3, 4, "N2"),)


def test_reads_edf_like_the_array_it_holds(tmp_path):
    raw = make_raw(annotations=[(3, 4, "N2")], meas_date=MEAS_DATE).pick("eeg")
    mne.export.export_raw(tmp_path / "night.edf", raw, verbose="error")
    on_disk = mne.io.read_raw_edf(tmp_path / "night.edf", verbose="error")
    recording = from_mne(on_disk, subject="S01")
    assert_allclose(recording.data, raw.get_data(), atol=2e-9)  # 16 bits
    assert recording.ch_names == tuple(raw.ch_names)
    assert recording.annotations == ((3, 4, "N2"),)


def test_needs_little_more_memory_than_the_recording(tmp_path, monkeypatch):
    monkeypatch.setattr(_mne_signal, "_BLOCK", 1 << 14)
    make_raw(seconds=2000).save(tmp_path / "long_raw.fif", verbose="error")
    on_disk = mne.io.read_raw_fif(tmp_path / "long_raw.fif", verbose="error")
    from_mne(make_raw(), subject="S01")  # imports what it needs
    tracemalloc.start()
    recording = from_mne(on_disk, subject="S01")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.5 * recording.data.nbytes


def test_leaves_the_raw_as_it_was():
    raw = make_raw(annotations=[(3, 4, "N2")])
    before = raw.copy()
    from_mne(raw, subject="S01", picks=["Cz"])
    assert raw.ch_names == before.ch_names
    assert raw.annotations == before.annotations
    assert_array_equal(raw.get_data(), before.get_data())


def read_edf_of_two_rates(folder, seconds):
    rng = np.random.default_rng(0)
    signals = [
        edfio.EdfSignal(rng.normal(size=rate * seconds), rate, label=name)
        for name, rate in (("Fpz", 100), ("EMG", 50), ("Cz", 100))
    ]
    edfio.Edf(signals, data_record_duration=10).write(folder / "night.edf")
    return mne.io.read_raw_edf(folder / "night.edf", verbose="error")


def test_a_slower_channel_of_a_file_is_as_if_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(_mne_signal, "_BLOCK", 1000)
    raw = read_edf_of_two_rates(tmp_path, 120)
    expected = raw.copy().load_data(verbose="error").get_data()
    recording = from_mne(raw, subject="S01", memmap_dir=tmp_path)
    assert_allclose(recording.data, expected, rtol=1e-6, atol=1e-6)
    for picks, rows in ((["EMG"], [1]), (["EMG", "Cz"], [1, 2])):
        some = from_mne(raw, subject="S01", picks=picks)
        assert_array_equal(some.data, recording.data[rows])
    twice = mne.concatenate_raws([raw.copy(), raw.copy()], verbose="error")
    for part in parts_from_mne(twice, subject="S01"):
        assert_array_equal(part.data, recording.data)


@pytest.mark.parametrize(("tmin", "tmax"), [(12.3, 59.0), (0, 4.99), (7, 9)])
def test_refuses_a_slower_channel_cropped_before_it_was_loaded(tmp_path, tmin, tmax):
    raw = read_edf_of_two_rates(tmp_path, 60).crop(tmin, tmax)
    with pytest.raises(ValueError, match=r"night\.edf: channels of several sampl"):
        from_mne(raw, subject="S01")
    from_mne(raw, subject="S01", picks=["Fpz", "Cz"])


@pytest.mark.parametrize("picks", [["Fpz", "C9"], ["eeg", "C9"], "C9"])
def test_refuses_a_channel_that_is_not_there(picks):
    with pytest.raises(ValueError, match=r"finds no channel 'C9' among Fpz, Cz"):
        from_mne(make_raw(), subject="S01", picks=picks)


def test_refuses_a_type_of_which_there_is_no_good_channel():
    raw = make_raw()
    with pytest.raises(ValueError, match="finds no channel 'emg' among Fpz, Cz"):
        from_mne(raw, subject="S01", picks=["eeg", "emg"])
    raw.info["bads"] = ["EOG"]
    with pytest.raises(ValueError, match=r"finds no channel 'eog' .*\(bad: EOG\)"):
        from_mne(raw, subject="S01", picks=["eeg", "eog"])
    assert from_mne(raw, subject="S01", picks=["data"]).ch_names
    for picks in (np.array(["eeg", "eog"]), ["eeg", "meg"], ["eeg", "fnirs"], "meg"):
        name = picks if isinstance(picks, str) else picks[1]
        with pytest.raises(ValueError, match=f"no channel '{name}'"):
            from_mne(raw, subject="S01", picks=picks)
    with pytest.raises(ValueError, match="finds no channel 'data'"):
        from_mne(raw, subject="S01", picks=["data", "eeg"])


@pytest.mark.parametrize("picks", ["data", "eeg", [99], []])
def test_refuses_picks_without_a_channel(picks):
    raw = make_raw()
    raw.info["bads"] = ["Fpz", "Cz", "Oz"]
    with pytest.raises(ValueError, match=r"no good channel.*Fpz, Cz.*bad: Fpz"):
        from_mne(raw, subject="S01", picks=picks)


def test_error_names_the_file(tmp_path):
    make_raw().pick(["EOG"]).save(tmp_path / "eog_raw.fif", verbose="error")
    raw = mne.io.read_raw_fif(tmp_path / "eog_raw.fif", verbose="error")
    with pytest.raises(ValueError, match=r"eog_raw\.fif: picks='data'"):
        from_mne(raw, subject="S01")


def test_refuses_what_is_no_raw():
    with pytest.raises(TypeError, match="Expected a Raw of MNE, got ndarray"):
        from_mne(np.zeros((2, 100)), subject="S01")


def test_refuses_a_complex_signal():
    raw = make_raw().apply_hilbert(verbose="error")
    with pytest.raises(ValueError, match="complex"):
        from_mne(raw, subject="S01")


def test_says_which_extra_brings_mne(monkeypatch):
    raw = make_raw()
    monkeypatch.setitem(sys.modules, "mne", None)
    with pytest.raises(ImportError, match=r"sksleep\[mne\]"):
        from_mne(raw, subject="S01")


@pytest.mark.filterwarnings("ignore:No window has the label")
@pytest.mark.filterwarnings("ignore:Recordings have annotations, but no label")
@pytest.mark.filterwarnings("ignore:.* annotations about as long as a window")
@pytest.mark.parametrize("seed", range(20))
def test_windower_keeps_the_windows_that_mne_keeps(seed):
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 8)
    # Not what overlaps by less than half a sample: MNE does not round here, we do.
    onsets = rng.integers(0, 280, n) / 10 + rng.choice([0, 0.006], n)
    durations = rng.choice([0, 0.01, 0.5, 1.5], n)
    labels = rng.choice(["BAD_x", "bad", "W"], n)
    raw = make_raw(30, annotations=list(zip(onsets, durations, labels, strict=True)))
    epochs = mne.make_fixed_length_epochs(raw, 1.5, preload=True, verbose="error")
    windows = Windower(1.5).fit_transform([from_mne(raw, subject="S01")])
    assert_allclose(windows.onsets, epochs.events[:, 0] / SFREQ)
