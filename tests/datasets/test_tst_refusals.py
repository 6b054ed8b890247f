import sys

import h5py
import numpy as np
import pytest
import scipy.io

from sksleep.datasets import load_tst

STEM = "MouseCKA1_030515_HCOFTS"
N_TIMES = 330_000
versions = pytest.mark.parametrize("version", ["5", "7.3"])


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
    tmp_path, monkeypatch, folder, kind, message, write_tst
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
def test_refuses_another_form_of_name(tmp_path, stem, write_tst):
    write_tst(tmp_path, stem)
    with pytest.raises(
        ValueError, match=f"{stem}_LFP.mat: '{stem}' is not of the form"
    ):
        load_tst(tmp_path)


def test_refuses_one_recording_in_two_folders(
    tmp_path, write_tst, write_mat, make_signals
):
    write_tst(tmp_path)
    write_mat(tmp_path / "Data" / f"{STEM}_LFP.mat", make_signals())
    with pytest.raises(ValueError, match=f"Data.*{STEM}_LFP.mat have the same name"):
        load_tst(tmp_path)


def test_refuses_names_that_are_not_there(tmp_path, write_tst):
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
def test_refuses_impossible_times(tmp_path, version, int_time, message, write_tst):
    write_tst(tmp_path, int_time=int_time, version=version)
    with pytest.raises(ValueError, match=f"{STEM}_TIME.mat: .*{message}"):
        load_tst(tmp_path)


@versions
def test_refuses_a_file_without_times(tmp_path, version, write_tst, write_mat):
    write_tst(tmp_path, version=version)
    file = tmp_path / "INT_TIME" / f"{STEM}_TIME.mat"
    write_mat(file, {"TIMES": np.array([[305, 10, 320, 8]])}, version)
    with pytest.raises(ValueError, match=f"{file.name} .*INT_TIME; it holds TIMES"):
        load_tst(tmp_path)


def test_refuses_a_signal_shorter_than_the_home_cage(tmp_path, write_tst, make_signals):
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
def test_refuses_impossible_electrodes(tmp_path, version, signals, message, write_tst):
    write_tst(tmp_path, signals=signals, version=version)
    with pytest.raises(ValueError, match=f"{STEM}_LFP.mat.*{message}"):
        load_tst(tmp_path)


@versions
@pytest.mark.parametrize("value", [np.nan, np.inf, -1e300])
def test_refuses_samples_that_are_not_finite(
    tmp_path, version, value, write_tst, make_signals
):
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
def test_refuses_impossible_channel_lists(
    tmp_path, version, names, active, message, write_tst
):
    chans = {
        "CHANNAMES": np.array(names, dtype=object)[:, None],
        "CHANACTIVE": np.array(active),
    }
    write_tst(tmp_path, chans=chans, version=version)
    with pytest.raises(ValueError, match=f"{STEM}_CHANS.mat.*{message}"):
        load_tst(tmp_path)


def test_refuses_a_channel_list_without_flags(tmp_path, write_tst):
    write_tst(
        tmp_path, chans={"CHANNAMES": np.array(["BLA_01"], dtype=object)[:, None]}
    )
    with pytest.raises(ValueError, match=r"CHANS.mat holds no variable CHANACTIVE"):
        load_tst(tmp_path)


@versions
@pytest.mark.parametrize("n_bytes", [0, 100, 600, 3000, -1000])
def test_refuses_a_file_cut_short(tmp_path, version, n_bytes, write_tst):
    write_tst(tmp_path, version=version)
    file = tmp_path / "LFP_Data" / f"{STEM}_LFP.mat"
    file.write_bytes(file.read_bytes()[:n_bytes])
    with pytest.raises(ValueError, match=file.name):
        load_tst(tmp_path)


def test_refuses_a_file_that_is_not_of_matlab(tmp_path, write_tst):
    write_tst(tmp_path)
    file = tmp_path / "INT_TIME" / f"{STEM}_TIME.mat"
    file.write_text("<html>Not found</html>" * 100)
    with pytest.raises(ValueError, match=f"{file.name} cannot be read as a MATLAB"):
        load_tst(tmp_path)


def test_refuses_a_damaged_file(tmp_path, write_tst):
    write_tst(tmp_path)
    file = tmp_path / "INT_TIME" / f"{STEM}_TIME.mat"
    damaged = bytearray(file.read_bytes())
    damaged[144] = 99  # the type of the first variable
    file.write_bytes(damaged)
    with pytest.raises(ValueError, match=f"{file.name} cannot be read as a MATLAB"):
        load_tst(tmp_path)


def test_says_which_extra_brings_h5py(tmp_path, monkeypatch, write_tst):
    write_tst(tmp_path, version="7.3")
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=r"sksleep\[h5py\]"):
        load_tst(tmp_path)


def test_refuses_a_variable_without_content(tmp_path, write_tst):
    write_tst(tmp_path, version="7.3")
    [file] = (tmp_path / "LFP_Data").glob("*_LFP.mat")
    with h5py.File(file, "a") as stream:
        del stream["BLA_01"]
        stream["BLA_01"] = h5py.Empty("f4")
    with pytest.raises(ValueError, match=rf"{file.name}: BLA_01 has shape \(\)"):
        load_tst(tmp_path)


def test_refuses_broken_electrodes_of_no_recording(tmp_path, write_tst):
    chans = {"CHANNAMES": np.array(["VTA_02"], dtype=object), "CHANACTIVE": [0]}
    write_tst(tmp_path, chans=chans)
    file = tmp_path / "CHANS" / f"{STEM}_CHANS.mat"
    file.rename(file.with_name("MouseCKA1_030515_HCOFT_CHANS.mat"))
    message = r"HCOFT_CHANS.mat has no partner: no MouseCKA1_030515_HCOFT_LFP\.mat"
    with pytest.raises(ValueError, match=message):
        load_tst(tmp_path)


@versions
@pytest.mark.parametrize(
    ("active", "message"),
    [
        ([1, np.nan], "must be 0 or 1, it holds nan"),
        ([1, 2], "must be 0 or 1, it holds 2"),
        ([1, -1], "must be 0 or 1, it holds -1"),
    ],
)
def test_refuses_flags_that_say_neither(tmp_path, write_tst, version, active, message):
    names = np.array(["BLA_01", "VTA_02"], dtype=object)
    chans = {"CHANNAMES": names, "CHANACTIVE": active}
    write_tst(tmp_path, chans=chans, version=version)
    with pytest.raises(ValueError, match=f"_CHANS.mat: CHANACTIVE {message}"):
        load_tst(tmp_path)


def test_refuses_flags_that_are_characters(tmp_path, write_tst):
    names = np.array(["BLA_01", "VTA_02"], dtype=object)
    chans = {"CHANNAMES": names, "CHANACTIVE": [49, 48]}
    write_tst(tmp_path, chans=chans, version="7.3")
    with h5py.File(tmp_path / "CHANS" / f"{STEM}_CHANS.mat", "r+") as stream:
        stream["CHANACTIVE"].attrs["MATLAB_class"] = np.bytes_("char")
    with pytest.raises(ValueError, match="CHANACTIVE is no array of real numbers"):
        load_tst(tmp_path)
