import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sksleep.datasets import load_tst
from sksleep.datasets._tst_layout import split_stem, to_annotations

STEM = "MouseCKA1_030515_HCOFTS"
N_TIMES = 330_000
INT_TIME = [305, 10, 320, 8]
versions = pytest.mark.parametrize("version", ["5", "7.3"])


@versions
def test_reads_electrodes_by_name_and_the_three_stretches(tmp_path, version, write_tst):
    signals = write_tst(tmp_path, version=version)
    (recording,) = load_tst(str(tmp_path))
    assert recording.name == STEM
    assert recording.subject == "MouseCKA1"
    assert recording.session == "030515_HCOFTS"
    assert recording.sfreq == 1000
    assert recording.ch_names == ("Acb_Core_01", "BLA_01", "VTA_02")
    expected = np.concatenate([signals[name] for name in recording.ch_names])
    assert recording.data.dtype == np.float32
    assert_array_equal(recording.data, expected.astype(np.float32))
    assert recording.annotations == (
        (0, 300, "home cage"),
        (305, 10, "open field"),
        (320, 8, "tail suspension"),
    )


@pytest.mark.parametrize(
    "folders", [("LFP_recordings", "Behavioral_Times"), ("Data", "Data")]
)
def test_reads_the_other_folder_names(tmp_path, folders, write_tst):
    write_tst(tmp_path)
    for old, new in zip(("LFP_Data", "INT_TIME"), folders, strict=True):
        (tmp_path / new).mkdir(exist_ok=True)
        for file in (tmp_path / old).iterdir():
            file.rename(tmp_path / new / file.name)
    assert [recording.name for recording in load_tst(tmp_path)] == [STEM]


@versions
@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.uint8])
def test_reads_any_real_type_along_either_axis(tmp_path, version, dtype, write_tst):
    signals = {"BLA_01": np.arange(N_TIMES).astype(dtype)[:, None]}
    write_tst(tmp_path, signals=signals, version=version)
    (recording,) = load_tst(tmp_path)
    assert_array_equal(recording.data, signals["BLA_01"].T)


@versions
@pytest.mark.parametrize("int_time", [INT_TIME, np.transpose([INT_TIME])])
@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.int32])
def test_times_may_have_any_type_and_axis(
    tmp_path, version, int_time, dtype, write_tst
):
    write_tst(tmp_path, int_time=np.array(int_time, dtype), version=version)
    (recording,) = load_tst(tmp_path)
    assert recording.annotations[1:] == (
        (305, 10, "open field"),
        (320, 8, "tail suspension"),
    )


def test_small_integer_times_do_not_overflow():
    int_time = np.array([300, 100, 60_000, 5_900], dtype=np.uint16)
    assert to_annotations(int_time, 66_000_000, "file")[2] == (
        60_000,
        5_900,
        "tail suspension",
    )
    with pytest.raises(ValueError, match="ends at 65900 s"):
        to_annotations(int_time, 65_000_000, "file")


def test_reads_compressed_files(tmp_path, write_tst, write_mat):
    signals = write_tst(tmp_path)
    file = tmp_path / "LFP_Data" / f"{STEM}_LFP.mat"
    write_mat(file, signals, compress=True)
    (recording,) = load_tst(tmp_path)
    assert_array_equal(recording.data[1], signals["BLA_01"][0].astype(np.float32))


@versions
def test_drops_electrodes_marked_as_inactive(tmp_path, version, write_tst):
    chans = {
        "CHANNAMES": np.array(["BLA_01", "Acb_Core_01"], dtype=object)[:, None],
        "CHANACTIVE": np.array([[0], [1]], dtype=np.uint8),
    }
    signals = write_tst(tmp_path, chans=chans, version=version)
    (recording,) = load_tst(tmp_path)
    assert recording.ch_names == ("Acb_Core_01", "VTA_02")
    assert_array_equal(recording.data[1:], signals["VTA_02"].astype(np.float32))


@versions
def test_reads_channel_names_kept_as_characters(tmp_path, version, write_tst):
    names = np.array(["Acb_Core_01", "BLA_01     ", "VTA_02     "])
    chans = {"CHANNAMES": names, "CHANACTIVE": np.array([[0, 0, 1]])}
    write_tst(tmp_path, chans=chans, version=version)
    assert load_tst(tmp_path)[0].ch_names == ("VTA_02",)


def test_sessions_of_a_mouse_share_the_subject(tmp_path, write_tst):
    stems = ["MouseB_010203_TST_late", "MouseA_040506_TST", "MouseA_010203_TST"]
    for stem in stems:
        write_tst(tmp_path, stem)
    recordings = load_tst(tmp_path)
    assert [recording.name for recording in recordings] == sorted(stems)
    assert [r.subject for r in recordings] == ["MouseA", "MouseA", "MouseB"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["MouseA"], ["MouseA_010203_TST", "MouseA_040506_TST"]),
        (["MouseB_010203_TST", "MouseA_040506_TST"], None),
        ([], []),
    ],
)
def test_reads_only_what_is_named(tmp_path, names, expected, write_tst):
    for mouse in ("MouseA_010203", "MouseA_040506", "MouseB_010203", "MouseAB_010203"):
        write_tst(tmp_path, f"{mouse}_TST")
    broken = tmp_path / "LFP_Data" / "MouseC_010203_TST_LFP.mat"
    broken.touch()
    recordings = load_tst(tmp_path, names=names)
    assert [r.name for r in recordings] == (
        sorted(names) if expected is None else expected
    )


def test_ignores_copies_that_macos_leaves(tmp_path, write_tst):
    write_tst(tmp_path)
    (tmp_path / "LFP_Data" / f"._{STEM}_LFP.mat").write_bytes(b"\0\5\x16\7")
    assert len(load_tst(tmp_path)) == 1


@versions
def test_needs_little_more_memory_than_the_recording(tmp_path, version, write_tst):
    rng = np.random.default_rng(0)
    signals = {f"BLA_{n:02}": rng.normal(size=(1, N_TIMES)) for n in range(16)}
    write_tst(tmp_path, signals=signals, version=version)
    load_tst(tmp_path)  # imports what it needs
    tracemalloc.start()
    (recording,) = load_tst(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    one_electrode = 8 * N_TIMES
    assert peak < recording.data.nbytes + 4 * one_electrode


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("MouseA_030515_HCOFTS", ("MouseA", "030515_HCOFTS")),
        ("CKA_104523_030515_HCOFTS", ("CKA_104523", "030515_HCOFTS")),
        ("CKA_010203_030515_HCOFTS", ("CKA_010203", "030515_HCOFTS")),
        ("Mouse_1_030515_HCOFTS_2", ("Mouse_1", "030515_HCOFTS_2")),
        ("MouseA_030515_HCOFTS_999999_b", ("MouseA", "030515_HCOFTS_999999_b")),
        ("MouseA_999999_HCOFTS", ("MouseA", "999999_HCOFTS")),
        ("123456_030515_HCOFTS", ("123456", "030515_HCOFTS")),
        ("MouseA_030515_", None),
        ("_030515_HCOFTS", None),
        (".MouseA_030515_HCOFTS", None),
        ("a/MouseA_030515_HCOFTS", None),
    ],
)
def test_the_mouse_is_what_comes_before_the_date(stem, expected):
    assert split_stem(stem) == expected


@pytest.mark.parametrize(
    ("folder", "end"),
    [("CHANS", "_CHANS.mat"), ("Chans", "_chans.mat"), ("LFP_Data", "_CHANS.mat")],
)
def test_broken_electrodes_are_dropped_wherever_they_are_told(
    tmp_path, write_tst, folder, end
):
    chans = {
        "CHANNAMES": np.array(["BLA_01", "VTA_02"], dtype=object),
        "CHANACTIVE": [1, 0],
    }
    write_tst(tmp_path, chans=chans)
    file = tmp_path / "CHANS" / f"{STEM}_CHANS.mat"
    content = file.read_bytes()
    file.unlink()
    (tmp_path / "CHANS").rmdir()
    (tmp_path / folder).mkdir(exist_ok=True)
    (tmp_path / folder / f"{STEM}{end}").write_bytes(content)
    (recording,) = load_tst(tmp_path)
    assert recording.ch_names == ("Acb_Core_01", "BLA_01")


def test_files_may_end_in_small_letters(tmp_path, write_tst):
    for stem in (STEM, "MouseX_010203_TST"):
        write_tst(tmp_path, stem)
    for folder, kind in (("LFP_Data", "LFP"), ("INT_TIME", "TIME")):
        file = tmp_path / folder / f"MouseX_010203_TST_{kind}.mat"
        file.rename(file.with_name(file.name.replace(f"_{kind}", f"_{kind.lower()}")))
    assert [r.subject for r in load_tst(tmp_path)] == ["MouseCKA1", "MouseX"]


@versions
@pytest.mark.parametrize("broken", [np.zeros((1, 7)), np.full((1, N_TIMES), np.nan)])
def test_what_a_broken_electrode_holds_is_of_no_account(
    tmp_path, write_tst, make_signals, version, broken
):
    chans = {
        "CHANNAMES": np.array(["VTA_02"], dtype=object),
        "CHANACTIVE": [0],
    }
    signals = make_signals() | {"VTA_02": broken}
    write_tst(tmp_path, signals=signals, chans=chans, version=version)
    (recording,) = load_tst(tmp_path)
    assert recording.ch_names == ("Acb_Core_01", "BLA_01")
    assert recording.n_times == N_TIMES


def test_stretches_may_follow_each_other_at_fractions_of_a_second():
    for onset in np.arange(3001, 4000, 7):
        for length in np.arange(1001, 3000, 13):
            times = [onset / 10, length / 10, (onset + length) / 10, 100]
            for dtype in (np.float64, np.float32):
                to_annotations(np.array(times, dtype), 10**7, "file")
    with pytest.raises(ValueError, match="before 'open field' ends"):
        to_annotations([310, 100, 409.999, 100], 10**7, "file")
