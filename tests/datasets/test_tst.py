import sys
import tracemalloc

import h5py
import numpy as np
import pytest
import scipy.io
from numpy.testing import assert_array_equal

from sksleep.datasets import load_tst
from sksleep.datasets._tst_layout import to_annotations

STEM = "MouseCKA1_030515_HCOFTS"
N_TIMES = 330_000
INT_TIME = [305, 10, 320, 8]
versions = pytest.mark.parametrize("version", ["5", "7.3"])


def cells(names):
    """A column of strings, as MATLAB keeps it in a cell array."""
    return np.array(names, dtype=object)[:, None]


def write_mat(file, variables, version="5", compress=False):
    """Write variables as MATLAB does, in a folder that may be missing."""
    file.parent.mkdir(exist_ok=True, parents=True)
    if version == "5":
        scipy.io.savemat(file, variables, do_compression=compress)
        return
    with h5py.File(file, "w", userblock_size=512) as stream:
        for name, value in variables.items():
            write_hdf5(stream, name, np.atleast_2d(value))


def write_hdf5(stream, name, value):
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


def make_signals(n_times=N_TIMES, seed=0):
    rng = np.random.default_rng(seed)
    names = ["VTA_02", "BLA_01", "Acb_Core_01"]
    return {name: rng.normal(size=(1, n_times)) for name in names}


def write_tst(
    folder, stem=STEM, signals=None, int_time=INT_TIME, chans=None, version="5"
):
    signals = make_signals() if signals is None else signals
    other = {"TailSuspension": np.ones((1, 7)), "fs": 1000.0}
    write_mat(folder / "LFP_Data" / f"{stem}_LFP.mat", signals | other, version)
    times = {"INT_TIME": np.atleast_2d(int_time)}
    write_mat(folder / "INT_TIME" / f"{stem}_TIME.mat", times, version)
    if chans is not None:
        write_mat(folder / "CHANS" / f"{stem}_CHANS.mat", chans, version)
    return signals


@versions
def test_reads_electrodes_by_name_and_the_three_stretches(tmp_path, version):
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
def test_reads_the_other_folder_names(tmp_path, folders):
    write_tst(tmp_path)
    for old, new in zip(("LFP_Data", "INT_TIME"), folders, strict=True):
        (tmp_path / new).mkdir(exist_ok=True)
        for file in (tmp_path / old).iterdir():
            file.rename(tmp_path / new / file.name)
    assert [recording.name for recording in load_tst(tmp_path)] == [STEM]


@versions
@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.uint8])
def test_reads_any_real_type_along_either_axis(tmp_path, version, dtype):
    signals = {"BLA_01": np.arange(N_TIMES).astype(dtype)[:, None]}
    write_tst(tmp_path, signals=signals, version=version)
    (recording,) = load_tst(tmp_path)
    assert_array_equal(recording.data, signals["BLA_01"].T)


@versions
@pytest.mark.parametrize("int_time", [INT_TIME, np.transpose([INT_TIME])])
@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.int32])
def test_times_may_have_any_type_and_axis(tmp_path, version, int_time, dtype):
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


def test_reads_compressed_files(tmp_path):
    signals = write_tst(tmp_path)
    file = tmp_path / "LFP_Data" / f"{STEM}_LFP.mat"
    write_mat(file, signals, compress=True)
    (recording,) = load_tst(tmp_path)
    assert_array_equal(recording.data[1], signals["BLA_01"][0].astype(np.float32))


@versions
def test_drops_electrodes_marked_as_inactive(tmp_path, version):
    chans = {
        "CHANNAMES": cells(["BLA_01", "Acb_Core_01"]),
        "CHANACTIVE": np.array([[0], [1]], dtype=np.uint8),
    }
    signals = write_tst(tmp_path, chans=chans, version=version)
    (recording,) = load_tst(tmp_path)
    assert recording.ch_names == ("Acb_Core_01", "VTA_02")
    assert_array_equal(recording.data[1:], signals["VTA_02"].astype(np.float32))


@versions
def test_reads_channel_names_kept_as_characters(tmp_path, version):
    names = np.array(["Acb_Core_01", "BLA_01     ", "VTA_02     "])
    chans = {"CHANNAMES": names, "CHANACTIVE": np.array([[0, 0, 1]])}
    write_tst(tmp_path, chans=chans, version=version)
    assert load_tst(tmp_path)[0].ch_names == ("VTA_02",)


def test_sessions_of_a_mouse_share_the_subject(tmp_path):
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
def test_reads_only_what_is_named(tmp_path, names, expected):
    for stem in ("MouseA_010203_TST", "MouseA_040506_TST", "MouseB_010203_TST"):
        write_tst(tmp_path, stem)
    broken = tmp_path / "LFP_Data" / "MouseC_010203_TST_LFP.mat"
    broken.touch()
    recordings = load_tst(tmp_path, names=names)
    assert [r.name for r in recordings] == (
        sorted(names) if expected is None else expected
    )


def test_ignores_copies_that_macos_leaves(tmp_path):
    write_tst(tmp_path)
    (tmp_path / "LFP_Data" / f"._{STEM}_LFP.mat").write_bytes(b"\0\5\x16\7")
    assert len(load_tst(tmp_path)) == 1


@versions
def test_needs_little_more_memory_than_the_recording(tmp_path, version):
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


def test_refuses_a_missing_folder(tmp_path):
    with pytest.raises(ValueError, match="nowhere is not a folder"):
        load_tst(tmp_path / "nowhere")


def test_says_where_it_looked_for_signals(tmp_path):
    with pytest.raises(ValueError, match=r"LFP_Data, LFP_recordings, Data\."):
        load_tst(tmp_path)


@pytest.mark.parametrize(
    ("folder", "kind", "message"),
    [
        ("LFP_Data", "LFP", "MouseX_010203_TST_TIME.mat has no partner"),
        ("INT_TIME", "TIME", "MouseX_010203_TST_LFP.mat has no partner"),
    ],
)
def test_refuses_a_file_without_partner_before_reading(
    tmp_path, monkeypatch, folder, kind, message
):
    for stem in (STEM, "MouseX_010203_TST"):
        write_tst(tmp_path, stem)
    (tmp_path / folder / f"MouseX_010203_TST_{kind}.mat").unlink()
    monkeypatch.setattr(scipy.io, "loadmat", None)
    with pytest.raises(ValueError, match=message):
        load_tst(tmp_path)


@pytest.mark.parametrize(
    "stem", ["MouseA", "MouseA_TST", "MouseA_0305_TST", "A_030515_"]
)
def test_refuses_another_form_of_name(tmp_path, stem):
    write_tst(tmp_path, stem)
    with pytest.raises(
        ValueError, match=f"{stem}_LFP.mat: '{stem}' is not of the form"
    ):
        load_tst(tmp_path)


def test_refuses_one_recording_in_two_folders(tmp_path):
    write_tst(tmp_path)
    write_mat(tmp_path / "Data" / f"{STEM}_LFP.mat", make_signals())
    with pytest.raises(ValueError, match=f"Data.*{STEM}_LFP.mat have the same name"):
        load_tst(tmp_path)


def test_refuses_names_that_are_not_there(tmp_path):
    write_tst(tmp_path)
    with pytest.raises(ValueError, match="no recording and no mouse 'MouseX'"):
        load_tst(tmp_path, names=["MouseCKA1", "MouseX"])
    with pytest.raises(ValueError, match=r"write \['MouseCKA1'\]"):
        load_tst(tmp_path, names="MouseCKA1")


@versions
@pytest.mark.parametrize(
    ("int_time", "message"),
    [
        ([305, 10, 320], "must hold 4 numbers.* holds 3"),
        ([305, 10, 320, 8, 0], "must hold 4 numbers.* holds 5"),
        ([305, 10, np.nan, 8], "INT_TIME is .*nan"),
        ([305, np.inf, 320, 8], "INT_TIME is .*inf"),
        ([-5, 10, 320, 8], "onsets must not be negative"),
        ([305, 0, 320, 8], "durations must be positive"),
        ([299, 10, 320, 8], "'open field' begins at 299 s, before 'home cage' ends"),
        ([305, 16, 320, 8], "'tail suspension' begins at 320 s, before 'open field'"),
        ([322, 8, 310, 15], "'open field' begins at 322 s, before 'tail suspension'"),
        ([305, 10, 320, 10.1], r"'tail suspension' ends at 330.1 s.*\(330 s\)"),
    ],
)
def test_refuses_impossible_times(tmp_path, version, int_time, message):
    write_tst(tmp_path, int_time=int_time, version=version)
    with pytest.raises(ValueError, match=f"{STEM}_TIME.mat: .*{message}"):
        load_tst(tmp_path)


@versions
def test_refuses_a_file_without_times(tmp_path, version):
    write_tst(tmp_path, version=version)
    file = tmp_path / "INT_TIME" / f"{STEM}_TIME.mat"
    write_mat(file, {"TIMES": np.array([INT_TIME])}, version)
    with pytest.raises(ValueError, match=f"{file.name} .*INT_TIME; it holds TIMES"):
        load_tst(tmp_path)


def test_refuses_a_signal_shorter_than_the_home_cage(tmp_path):
    write_tst(tmp_path, signals=make_signals(n_times=299_000))
    with pytest.raises(ValueError, match=r"'home cage' ends at 300 s.*\(299 s\)"):
        load_tst(tmp_path)


@versions
@pytest.mark.parametrize(
    ("signals", "message"),
    [
        ({}, "holds no electrode.*TailSuspension"),
        ({"BLA_01": np.zeros((2, N_TIMES))}, r"BLA_01 has shape \(.*expected"),
        ({"BLA_01": np.zeros((0, 0))}, r"BLA_01 has shape \(0, 0\)"),
        (
            {"BLA_01": np.zeros(N_TIMES), "VTA_01": np.zeros(N_TIMES - 1)},
            f"{N_TIMES - 1} samples, BLA_01 has {N_TIMES}",
        ),
        ({"BLA_01": np.full(N_TIMES, 1j)}, "BLA_01 is no array of real numbers"),
    ],
)
def test_refuses_impossible_electrodes(tmp_path, version, signals, message):
    write_tst(tmp_path, signals=signals, version=version)
    with pytest.raises(ValueError, match=f"{STEM}_LFP.mat.*{message}"):
        load_tst(tmp_path)


@versions
@pytest.mark.parametrize("value", [np.nan, np.inf, -1e300])
def test_refuses_samples_that_are_not_finite(tmp_path, version, value):
    signals = make_signals()
    signals["BLA_01"][0, 1500:1600] = value
    write_tst(tmp_path, signals=signals, version=version)
    with pytest.raises(ValueError, match=rf"{STEM}_LFP.mat: BLA_01 is .* at 1\.5 s"):
        load_tst(tmp_path)


@versions
@pytest.mark.parametrize(
    ("names", "active", "message"),
    [
        (["BLA_01", "VTA_02"], [1], "CHANNAMES has 2 entries, CHANACTIVE 1"),
        (["BLA_01", "VTA_09"], [1, 0], "names the electrode 'VTA_09'"),
        (["BLA_01", "VTA_02", "Acb_Core_01"], [0, 0, 0], "no electrode is active"),
    ],
)
def test_refuses_impossible_channel_lists(tmp_path, version, names, active, message):
    chans = {"CHANNAMES": cells(names), "CHANACTIVE": np.array(active)}
    write_tst(tmp_path, chans=chans, version=version)
    with pytest.raises(ValueError, match=f"{STEM}_CHANS.mat.*{message}"):
        load_tst(tmp_path)


def test_refuses_a_channel_list_without_flags(tmp_path):
    write_tst(tmp_path, chans={"CHANNAMES": cells(["BLA_01"])})
    with pytest.raises(ValueError, match=r"CHANS.mat holds no variable CHANACTIVE"):
        load_tst(tmp_path)


@versions
@pytest.mark.parametrize("n_bytes", [0, 100, 600, 3000, -1000])
def test_refuses_a_file_cut_short(tmp_path, version, n_bytes):
    write_tst(tmp_path, version=version)
    file = tmp_path / "LFP_Data" / f"{STEM}_LFP.mat"
    file.write_bytes(file.read_bytes()[:n_bytes])
    with pytest.raises(ValueError, match=file.name):
        load_tst(tmp_path)


def test_refuses_a_file_that_is_not_of_matlab(tmp_path):
    write_tst(tmp_path)
    file = tmp_path / "INT_TIME" / f"{STEM}_TIME.mat"
    file.write_text("<html>Not found</html>" * 100)
    with pytest.raises(ValueError, match=f"{file.name} cannot be read as a MATLAB"):
        load_tst(tmp_path)


def test_says_which_extra_brings_h5py(tmp_path, monkeypatch):
    write_tst(tmp_path, version="7.3")
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=r"sksleep\[h5py\]"):
        load_tst(tmp_path)
