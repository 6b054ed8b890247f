"""Discontinuous EDF+ files, which MNE reads as if they were continuous."""

import io
from itertools import islice

import edfio
import mne
import numpy as np
import pytest

from sksleep.datasets import from_mne, parts_from_mne
from sksleep.datasets._edf_header import EdfHeader
from sksleep.datasets._edf_pauses import _read_onsets

SFREQ, N_RECORDS = 50, 20  # records of a second


def write(file, kind, pauses):
    """Write noise with an annotation; pauses are by the record after which they are."""
    noise = np.random.default_rng(0).normal(size=(2, SFREQ * N_RECORDS))
    classes = {"EDF": (edfio.Edf, edfio.EdfSignal), "BDF": (edfio.Bdf, edfio.BdfSignal)}
    whole, signal = classes[kind[:3]]
    signals = [
        signal(row, SFREQ, label=label)
        for row, label in zip(noise, ["Fpz", "Cz"], strict=True)
    ]
    annotations = [edfio.EdfAnnotation(3, 4, "N2")]
    whole(signals, annotations=annotations, data_record_duration=1).write(file)
    content = bytearray(file.read_bytes())
    assert content[192:197] == kind[:3].encode() + b"+C"
    content[192:197] = kind.encode()
    for record in range(N_RECORDS):
        old = b"+%d\x14\x14" % record
        onset = record + sum(s for after, s in pauses.items() if record >= after)
        place = find_onset(content, kind, record)
        new = b"+%g\x14\x14" % onset
        assert content[place : place + len(old)] == old
        rest = content[place + len(old) : place + 40]
        content[place : place + 40] = (new + rest)[:40]
    file.write_bytes(content)
    return file


def find_onset(content, kind, record):
    """Return where the annotations of a record begin."""
    header, size = int(content[184:192]), {"EDF": 2, "BDF": 3}[kind[:3]]
    record_bytes = (len(content) - header) // N_RECORDS
    return header + record * record_bytes + 2 * SFREQ * size


def read(file):
    reader = {".edf": mne.io.read_raw_edf, ".bdf": mne.io.read_raw_bdf}[file.suffix]
    return reader(file, verbose="error")


@pytest.fixture(params=["EDF+D", "BDF+D"])
def make_raw(request, tmp_path):
    """Return a function that reads a discontinuous file with such pauses."""

    def make(pauses):
        file = tmp_path / f"night.{request.param[:3].lower()}"
        return read(write(file, request.param, pauses))

    return make


@pytest.mark.parametrize("function", [from_mne, parts_from_mne])
def test_refuses_what_goes_on_after_a_pause(make_raw, function):
    raw = make_raw({5: 2.5, 12: 60})
    message = (
        r"night.* is a discontinuous file. After 5 s of signal its records are "
        r"2.5 s late.*crop raw to what is before 5 s"
    )
    with pytest.raises(ValueError, match=message):
        function(raw, subject="S01")
    with pytest.raises(ValueError, match=message):
        function(raw.copy().load_data(verbose="error").crop(tmin=15), subject="S01")


def test_takes_what_is_before_a_pause(make_raw):
    raw = make_raw({12: 60})
    recording = from_mne(raw.crop(tmax=12, include_tmax=False), subject="S01")
    assert recording.duration == 12
    assert recording.annotations == ((3, 4, "N2"),)


def test_a_file_may_be_continuous_that_says_it_is_not(make_raw):
    raw = make_raw({})
    recording = from_mne(raw, subject="S01")
    assert recording.duration == N_RECORDS
    np.testing.assert_array_equal(recording.data, raw.get_data().astype(np.float32))


def test_names_the_file_of_several_that_pauses(tmp_path):
    whole = read(write(tmp_path / "first.edf", "EDF+D", {}))
    paused = read(write(tmp_path / "second.edf", "EDF+D", {19: -1}))
    raw = mne.concatenate_raws([whole, paused], verbose="error")
    with pytest.raises(
        ValueError, match=r"second.edf is a disc.* After 19 s .* -1 s late"
    ):
        parts_from_mne(raw, subject="S01")


def test_a_file_that_is_gone_is_not_looked_into(tmp_path):
    file = write(tmp_path / "night.edf", "EDF+D", {5: 60})
    raw = read(file).load_data(verbose="error")
    file.unlink()
    assert from_mne(raw, subject="S01").duration == N_RECORDS


def test_delays_below_a_sample_add_up(make_raw):
    raw = make_raw(dict.fromkeys(range(1, 20), 0.06))
    with pytest.raises(ValueError, match=r"After 9 s of signal .* 0\.54 s late"):
        from_mne(raw, subject="S01")
    assert from_mne(raw.crop(tmax=8), subject="S01").duration == 8.02


@pytest.mark.parametrize("seconds", [0.3, -0.3])
def test_a_short_jump_is_one(make_raw, seconds):
    raw = make_raw({7: seconds})
    with pytest.raises(ValueError, match=rf"After 7 s of signal .* {seconds} s late"):
        from_mne(raw, subject="S01")


def test_records_may_come_too_early(make_raw):
    raw = make_raw(dict.fromkeys(range(1, 20), -0.06))
    with pytest.raises(ValueError, match=r"After 9 s of signal .* -0\.54 s late"):
        from_mne(raw, subject="S01")


def test_clocks_need_not_be_exact(make_raw):
    raw = make_raw({3: 0.05, 5: -0.04, 10: 0.02})
    assert from_mne(raw, subject="S01").duration == N_RECORDS


@pytest.mark.parametrize("erased", ["every record", "the last", "the first"])
def test_a_file_that_does_not_say_when_records_begin_is_taken(tmp_path, erased):
    file = write(tmp_path / "night.edf", "EDF+D", {})
    content = bytearray(file.read_bytes())
    records = {"every record": range(20), "the last": [19], "the first": [0]}[erased]
    for record in records:
        place = find_onset(content, "EDF", record)
        content[place : place + 20] = bytes(20)
    file.write_bytes(content)
    assert from_mne(read(file), subject="S01").duration == N_RECORDS


def test_a_file_without_annotations_is_taken(tmp_path):
    file = write(tmp_path / "night.edf", "EDF+D", {})
    content = bytearray(file.read_bytes())
    content[256 + 2 * 16 : 256 + 3 * 16] = b"EMG".ljust(16)
    file.write_bytes(content)
    assert from_mne(read(file), subject="S01", picks=["Fpz"]).duration == N_RECORDS


def test_annotations_without_a_sample_tell_nothing():
    header = EdfHeader(b"", 1.0, [b"EDF Annotations "], [0], 512, 2, 512)
    assert list(islice(_read_onsets(io.BytesIO(bytes(600)), header), 3)) == []
