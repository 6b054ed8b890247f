import os
import warnings

import mne
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sksleep.datasets import from_mne, parts_from_mne
from sksleep.preprocessing import BandpassFilter, Resampler, Windower

SFREQ = 100
CH_NAMES = ["Fpz", "Cz", "EMG"]


def make_raw(seconds=30, annotations=(), seed=0, offset=0.0):
    info = mne.create_info(CH_NAMES, SFREQ, ["eeg", "eeg", "emg"])
    data = np.random.default_rng(seed).normal(offset, 1, (3, int(seconds * SFREQ)))
    raw = mne.io.RawArray(data, info, verbose="error")
    columns = zip(*annotations, strict=True) if annotations else [[]] * 3
    return raw.set_annotations(mne.Annotations(*columns))


def join(*raws):
    return mne.concatenate_raws([raw.copy() for raw in raws], verbose="error")


def test_parts_are_the_raws_that_were_joined():
    raws = [
        make_raw(20, [(0, 8, "W"), (15, 5, "N1")], seed=1),
        make_raw(12.34, [(2, 3, "N2")], seed=2),
        make_raw(30, seed=3),
    ]
    parts = parts_from_mne(join(*raws), subject="S01", session="night")
    assert [part.session for part in parts] == [f"night_part{k}" for k in (1, 2, 3)]
    assert {part.subject for part in parts} == {"S01"}
    for part, raw in zip(parts, raws, strict=True):
        alone = from_mne(raw, subject="S01")
        assert_array_equal(part.data, alone.data)
        for ours, expected in zip(part.annotations, alone.annotations, strict=True):
            assert ours.label == expected.label
            assert_allclose(ours[:2], expected[:2], atol=1e-6)


@pytest.mark.parametrize("method", ["fir", "iir"])
def test_parts_are_filtered_as_mne_filters_what_is_joined(method):
    raw = join(make_raw(60, seed=1), make_raw(60, seed=2, offset=200.0))
    parts = parts_from_mne(raw, subject="S01")
    ours = BandpassFilter(1.0, 30.0, method=method).fit_transform(parts)
    raw.filter(1.0, 30.0, method=method, verbose="error")
    joined = np.hstack([part.data for part in ours])
    assert_allclose(joined, raw.get_data("eeg"), atol=2e-4)


def test_parts_are_resampled_without_a_jump():
    raw = join(make_raw(60, seed=1), make_raw(60, seed=2, offset=200.0))
    for part, offset in zip(parts_from_mne(raw, subject="S"), (0, 200), strict=True):
        [resampled] = Resampler(50).fit_transform([part])
        assert np.abs(resampled.data[:, 25:-25] - offset).max() < 6


def test_windows_of_parts_are_those_that_mne_cuts():
    raw = join(make_raw(20.5, seed=1), make_raw(31, seed=2))
    windows = Windower(3.0).fit_transform(parts_from_mne(raw, subject="S01"))
    begins = np.array([0, 2050])[windows.recording_index] + windows.starts
    epochs = mne.Epochs(
        raw,
        np.column_stack([begins, 0 * begins, 0 * begins]),
        tmin=0,
        tmax=3 - 1 / SFREQ,
        picks="eeg",
        baseline=None,
        preload=True,
        verbose="error",
    )
    assert len(epochs) == 6 + 10  # none is dropped
    assert_allclose(windows, epochs.get_data(), rtol=1e-6)


@pytest.mark.parametrize(
    ("label", "duration", "expected"),
    [
        ("EDGE boundary", 0, [(0, 1000), (1000, 3000)]),
        ("BAD_ACQ_SKIP", 5, [(0, 1000), (1500, 3000)]),
        ("bad_acq_skip", 5, [(0, 1000), (1500, 3000)]),
        ("boundary", 5, [(0, 1000), (1000, 3000)]),  # EEGLAB: what is missing, 5 s
        ("New Segment/", 0.01, [(0, 1000), (1000, 3000)]),
        ("BAD boundary", 0, [(0, 3000)]),
        ("BAD boundary", 5, [(0, 3000)]),
        ("BAD_movement", 5, [(0, 3000)]),
        ("W", 5, [(0, 3000)]),
    ],
)
def test_what_divides_a_raw(label, duration, expected):
    raw = make_raw(annotations=[(10, duration, label)])
    data = raw.get_data("eeg").astype(np.float32)
    parts = parts_from_mne(raw, subject="S01")
    assert len(parts) == len(expected)
    for part, (begin, end) in zip(parts, expected, strict=True):
        assert_array_equal(part.data, data[:, begin:end])
        assert all(a.label[0] in "BW" for a in part.annotations)
    if len(parts) == 1:  # what does not divide is an annotation like any other
        assert parts[0].annotations == ((10, duration, label),)


def test_what_ends_with_a_part_is_not_in_the_next():
    # As times are rounded to microseconds.
    raw = join(make_raw(20, seed=1), make_raw(20, [(0, 20, "N1")], seed=2))
    raw.set_annotations(raw.annotations + mne.Annotations([0], [20.000001], ["W"]))
    _, second = parts_from_mne(raw, subject="S01")
    assert {a.label for a in second.annotations} == {"N1"}


@pytest.mark.parametrize("duration", [0.0005, 0.001, 0.005, 0.01])
def test_annotations_shorter_than_a_sample_are_kept(duration):
    onsets = np.sort(np.random.default_rng(0).integers(0, 29_000, 200)) / 1000
    raw = make_raw(annotations=[(onset, duration, "BAD_spike") for onset in onsets])
    kept = from_mne(raw, subject="S01").annotations
    assert_allclose([a.onset for a in kept], onsets, atol=1e-6)
    assert_allclose([a.duration for a in kept], duration)


def test_a_short_annotation_at_the_first_sample_of_a_part_is_kept():
    # MNE rounds its onset to a microsecond, maybe before the begin.
    edge = (12.7, 0, "EDGE boundary")
    raw = make_raw(annotations=[edge, (12.7 - 1e-6, 0.001, "BAD_spike")])
    first, second = parts_from_mne(raw, subject="S01")
    assert not first.annotations
    assert [a.label for a in second.annotations] == ["BAD_spike"]


@pytest.mark.parametrize("sfreq", [128, 256, 100])
def test_no_window_is_lost_beside_a_join(sfreq, tmp_path):
    """MNE rounds the time of a join to microseconds, before it or behind."""
    raws = []
    for n in (60 * sfreq + 1, 60 * sfreq + 5, 60 * sfreq + 2, 60 * sfreq):
        info = mne.create_info(["Cz"], sfreq, "eeg")
        data = np.random.default_rng(n).normal(size=(1, n))
        raws.append(mne.io.RawArray(data, info, verbose="error"))
    join(*raws).save(tmp_path / "joined_raw.fif", verbose="error")
    raw = mne.io.read_raw_fif(tmp_path / "joined_raw.fif", verbose="error")
    windows = Windower(1.0).fit_transform(parts_from_mne(raw, subject="S01"))
    assert len(windows) == 240


def test_a_cut_between_two_samples_comes_before_the_later_one():
    # EEGLAB puts it half a sample before.
    for sample in (1000, 1001):
        raw = make_raw(annotations=[((sample - 0.5) / SFREQ, 0, "boundary")])
        assert parts_from_mne(raw, subject="S01")[0].n_times == sample


@given(
    gaps=st.lists(st.tuples(st.integers(-20, 320), st.integers(0, 60)), max_size=6),
    crop=st.tuples(st.integers(0, 100), st.integers(150, 299)),
)
def test_parts_are_what_no_gap_covers(gaps, crop):
    n = 300
    covered, joins = np.zeros(n, bool), np.zeros(n + 1, bool)
    for begin, length in gaps:
        covered[max(begin, 0) : max(begin + length, 0)] = True
        joins[[min(max(begin, 0), n), min(max(begin + length, 0), n)]] = True
    covered[: crop[0]] = covered[crop[1] + 1 :] = True
    expected, open_part = [], []
    for sample in range(n):
        if open_part and (covered[sample] or joins[sample]):
            expected.append(open_part)
            open_part = []
        if not covered[sample]:
            open_part.append(sample)
    expected += [open_part] if open_part else []
    with mne.utils.use_log_level("error"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # annotations outside
        raw = make_raw(n / SFREQ).pick(["Cz"])
        raw._data[0] = np.arange(n)
        skips = [(b / SFREQ, d / SFREQ, "BAD_ACQ_SKIP") for b, d in gaps]
        raw.set_annotations(
            mne.Annotations(*zip(*skips, strict=True)) if gaps else None
        )
        raw.crop(crop[0] / SFREQ, crop[1] / SFREQ)
        if not expected:
            with pytest.raises(ValueError, match="a gap from end to end"):
                parts_from_mne(raw, subject="S01")
            return
        parts = parts_from_mne(raw, subject="S01")
    assert [part.data[0].astype(int).tolist() for part in parts] == expected


def test_a_recording_is_continuous():
    raw = join(make_raw(20, seed=1), make_raw(20, seed=2))
    with pytest.raises(ValueError, match=r"a join or a gap at 20 s.*parts_from_mne"):
        from_mne(raw, subject="S01")
    assert from_mne(raw.copy().crop(20, 35), subject="S01").duration == 15.01
    assert from_mne(raw.copy().crop(0, 19.99), subject="S01").duration == 20


def test_a_gap_at_the_end_is_left_out():
    # EDF files are filled up to whole records.
    raw = make_raw(annotations=[(29.5, 0.5, "BAD_ACQ_SKIP"), (20, 10, "W")])
    recording = from_mne(raw, subject="S01")
    assert recording.duration == 29.5
    assert recording.annotations == ((20, 9.5, "W"),)


def test_parts_need_an_open_file_each(tmp_path):
    resource = pytest.importorskip("resource")
    joins = [(k / 10, 0, "EDGE boundary") for k in range(1, 300)]
    raw = make_raw(annotations=joins)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/dev/fd")) + 310, hard))
    try:
        parts = parts_from_mne(raw, subject="S01", memmap_dir=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(parts) == 300


def test_parts_lie_in_files_of_their_own(tmp_path):
    raw = join(make_raw(20, seed=1), make_raw(20, seed=2))
    parts = parts_from_mne(raw, subject="S01", memmap_dir=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    for part, expected in zip(parts, parts_from_mne(raw, subject="S01"), strict=True):
        assert isinstance(part.data, np.memmap)
        assert_array_equal(part.data, expected.data)


@pytest.mark.parametrize(
    ("picks", "expected"),
    [
        ("eeg", ["BAD_Cz", "BAD_two", "BAD_all"]),
        (["Fpz"], ["BAD_two", "BAD_all"]),
        ("emg", ["BAD_EMG", "BAD_two", "BAD_all"]),
    ],
)
def test_annotations_of_channels_that_are_not_picked_are_left_out(picks, expected):
    raw = make_raw()
    raw.set_annotations(
        mne.Annotations(
            [3, 9, 12, 15],
            1,
            ["BAD_EMG", "BAD_Cz", "BAD_two", "BAD_all"],
            ch_names=[["EMG"], ["Cz"], ["EMG", "Fpz"], []],
        )
    )
    recording = from_mne(raw, subject="S01", picks=picks)
    assert [a.label for a in recording.annotations] == expected
    kept = [a["description"] for a in raw.pick(picks).annotations]
    assert kept == expected


def test_warns_of_projectors_that_mne_would_apply():
    raw = make_raw()
    raw.set_eeg_reference(projection=True, verbose="error")
    with pytest.warns(UserWarning, match=r"not applied: Average EEG reference"):
        recording = from_mne(raw, subject="S01")
    assert_array_equal(recording.data, raw.get_data("eeg").astype(np.float32))
    from_mne(raw, subject="S01", picks=["EMG"])  # which it leaves alone
    raw.apply_proj(verbose="error")
    referenced = from_mne(raw, subject="S01")
    assert_allclose(referenced.data.mean(axis=0), 0, atol=1e-6)


def test_joins_are_found_without_their_annotation():
    raws = [make_raw(20, seed=1), make_raw(12.34, seed=2), make_raw(5, seed=3)]
    raw = join(*raws).set_annotations(mne.Annotations([0], [8], ["W"]))
    parts = parts_from_mne(raw, subject="S01")
    assert [part.n_times for part in parts] == [2000, 1234, 500]
    with pytest.warns(UserWarning, match="raw was joined at 20 s, .* parts_from_mne"):
        assert from_mne(raw, subject="S01").n_times == 3734
    cropped = parts_from_mne(raw.copy().crop(15, 34), subject="S01")
    assert [part.n_times for part in cropped] == [500, 1234, 167]
    resampled = parts_from_mne(raw.copy().resample(50, verbose="error"), subject="S01")
    assert [part.n_times for part in resampled] == [1000, 617, 250]


def test_a_fif_of_several_files_goes_on(tmp_path):
    info = mne.create_info(64, 1000.0, "eeg")
    data = np.random.default_rng(0).normal(size=(64, 20_000))
    whole = mne.io.RawArray(data, info, first_samp=300, verbose="error")
    whole.save(tmp_path / "night_raw.fif", split_size="2MB", verbose="error")
    raw = mne.io.read_raw_fif(tmp_path / "night_raw.fif", verbose="error")
    assert len(raw.filenames) > 2
    assert from_mne(raw, subject="S01").n_times == 20_000
    resampled = raw.copy().crop(3.3, 17.1).resample(97, verbose="error")
    assert len(parts_from_mne(resampled, subject="S01")) == 1
    assert from_mne(raw.crop(3, 18), subject="S01").n_times == 15_001
