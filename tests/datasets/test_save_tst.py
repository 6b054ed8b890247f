import sys

import h5py
import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sksleep import Recording
from sksleep.datasets import load_tst, save_tst

ANNOTATIONS = [
    (0, 300, "home cage"),
    (310, 5, "open field"),
    (320, 2, "tail suspension"),
]
versions = pytest.mark.parametrize("version", ["5", "7.3"])
names_of_regions = st.from_regex(
    r"[A-Za-z][A-Za-z0-9_]{0,40}_[0-9]{1,4}", fullmatch=True
)


def make_recording(mouse="MouseA", session="030515_HCOFTS", seed=0, **changes):
    fields = {
        "data": np.random.default_rng(seed).normal(size=(2, 325_000)),
        "sfreq": 1000,
        "ch_names": ["BLA_01", "VTA_02"],
        "subject": mouse,
        "session": session,
        "annotations": ANNOTATIONS,
    }
    return Recording(**(fields | changes))


def assert_same(actual, expected):
    for field in ("name", "subject", "session", "sfreq", "ch_names", "annotations"):
        assert getattr(actual, field) == getattr(expected, field)
    assert actual.data.dtype == np.float32
    assert_array_equal(actual.data, expected.data)


@versions
def test_is_read_back_the_same(tmp_path, version):
    mice = [make_recording(f"Mouse{letter}", seed=ord(letter)) for letter in "BAC"]
    folder = save_tst(tmp_path / "new" / "folder", mice, version=version)
    loaded = load_tst(folder)
    assert [r.subject for r in loaded] == ["MouseA", "MouseB", "MouseC"]
    for actual, expected in zip(
        loaded, sorted(mice, key=lambda r: r.name), strict=True
    ):
        assert_same(actual, expected)


@st.composite
def times(draw):
    """Open field and tail suspension after the home cage, in either order."""
    cuts = draw(st.lists(st.floats(300, 305), min_size=4, max_size=4, unique=True))
    first, end_of_first, second, end_of_second = sorted(cuts)
    labels = draw(st.permutations(["open field", "tail suspension"]))
    stretches = [
        (first, end_of_first - first, labels[0]),
        (second, end_of_second - second, labels[1]),
    ]
    return [(0, 300, "home cage"), *sorted(stretches, key=lambda item: item[2])]


@versions
@settings(max_examples=15, deadline=None)
@given(
    mouse=st.text("AZaz09-. ", min_size=1).filter(lambda mouse: mouse[0] != "."),
    session=st.from_regex(r"[0-9]{6}_[A-Za-z0-9_]{1,20}", fullmatch=True),
    ch_names=st.sets(names_of_regions, min_size=1, max_size=4).map(sorted),
    annotations=times(),
    scale=st.sampled_from([1e-30, 1e-6, 1, 1e30]),
)
def test_any_recording_of_the_layout_is_read_back_the_same(
    tmp_path_factory, version, mouse, session, ch_names, annotations, scale
):
    data = scale * np.random.default_rng(0).normal(size=(len(ch_names), 305_100))
    recording = make_recording(
        mouse, session, data=data, ch_names=ch_names, annotations=annotations
    )
    folder = save_tst(tmp_path_factory.mktemp("tst"), [recording], version=version)
    (loaded,) = load_tst(folder)
    assert_same(loaded, recording)


def test_channels_are_read_back_by_name(tmp_path):
    recording = make_recording(ch_names=["VTA_01", "BLA_01"])
    (loaded,) = load_tst(save_tst(tmp_path, [recording]))
    assert_same(loaded, recording.pick(["BLA_01", "VTA_01"]))


def test_writes_the_variables_of_the_layout(tmp_path):
    recording = make_recording()
    save_tst(tmp_path, [recording])
    stem = "MouseA_030515_HCOFTS"
    signal = scipy.io.loadmat(tmp_path / "LFP_Data" / f"{stem}_LFP.mat")
    times = scipy.io.loadmat(tmp_path / "INT_TIME" / f"{stem}_TIME.mat")
    assert signal["VTA_02"].dtype == np.float32
    assert_array_equal(signal["VTA_02"], recording.data[1:])
    assert_array_equal(times["INT_TIME"], [[310, 5, 320, 2]])


def test_version_73_is_written_as_matlab_writes_it(tmp_path):
    recording = make_recording()
    save_tst(tmp_path, [recording], version="7.3")
    file = tmp_path / "LFP_Data" / "MouseA_030515_HCOFTS_LFP.mat"
    assert scipy.io.matlab.matfile_version(file) == (2, 0)
    with h5py.File(file) as stream:
        assert stream.userblock_size == 512
        assert stream["BLA_01"].attrs["MATLAB_class"] == b"single"
        assert_array_equal(stream["BLA_01"], recording.data[:1].T)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sfreq": 500}, "500 Hz, the layout keeps signals at 1000 Hz only"),
        ({"ch_names": ["BLA_01", "VTA"]}, "channel 'VTA' is not of the form"),
        ({"ch_names": ["BLA_01", "1_02"]}, "channel '1_02' is not of the form"),
        ({"ch_names": ["BLA_01", "V" * 61 + "_01"]}, "V_01' is not of the form"),
        ({"session": ""}, "subject 'MouseA' and session '' must be"),
        ({"session": "HCOFTS"}, "session 'HCOFTS' must be"),
        ({"session": "030515_A_040615_B"}, "session '030515_A_040615_B'"),
        ({"subject": "a/b"}, "subject 'a/b'"),
        ({"subject": "Mouse:1"}, "':' can be in no file's name on Windows"),
        ({"session": "030515_HCOFTS?"}, r"'\?' can be in no file's name on Windows"),
        ({"subject": ".hidden"}, "subject '.hidden'"),
        ({"annotations": ANNOTATIONS[:2]}, "annotations must be 'home cage'"),
        ({"annotations": [*ANNOTATIONS, (1, 1, "x")]}, "annotations must be"),
        ({"annotations": [*ANNOTATIONS, ANNOTATIONS[2]]}, "annotations must be"),
        (
            {"annotations": [(0, 299, "home cage"), *ANNOTATIONS[1:]]},
            "from 0 to 300 s",
        ),
        (
            {"annotations": [*ANNOTATIONS[:2], (312, 9, "tail suspension")]},
            "'tail suspension' begins at 312 s, before 'open field' ends at 315 s",
        ),
        (
            {"annotations": [*ANNOTATIONS[:2], (316, 0, "tail suspension")]},
            "durations must be positive",
        ),
    ],
)
def test_refuses_what_the_layout_cannot_hold(tmp_path, changes, message):
    good, bad = make_recording("MouseB"), make_recording(**changes)
    with pytest.raises(ValueError, match=message) as caught:
        save_tst(tmp_path, [good, bad])
    assert bad.name in str(caught.value)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_refuses_samples_that_are_not_finite(tmp_path, value):
    data = np.zeros((2, 325_000))
    data[1, 1500] = value
    with pytest.raises(ValueError, match=r"'VTA_02' is .* at 1\.5 s"):
        save_tst(tmp_path, [make_recording(data=data)])
    assert not any(tmp_path.iterdir())


@versions
@pytest.mark.parametrize("file", ["LFP_Data/{}_LFP", "Data/{}_TIME", "CHANS/{}_CHANS"])
def test_refuses_to_overwrite(tmp_path, file, version):
    there = tmp_path / f"{file.format('MouseB_030515_HCOFTS')}.mat"
    there.parent.mkdir()
    there.write_bytes(b"precious")
    mice = [make_recording("MouseA"), make_recording("MouseB")]
    with pytest.raises(ValueError, match=f"{there.name} exists already"):
        save_tst(tmp_path, mice, version=version)
    assert there.read_bytes() == b"precious"
    assert list(tmp_path.glob("*/*")) == [there]


@versions
def test_a_part_of_a_file_is_no_hindrance(tmp_path, version, monkeypatch):
    def fail(*args, **kwargs):
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("scipy.io.savemat", fail)
        patch.setattr("h5py.Group.create_dataset", fail)
        with pytest.raises(OSError, match="No space left"):
            save_tst(tmp_path, [make_recording()], version=version)
    save_tst(tmp_path, [make_recording()], version=version)
    assert len(load_tst(tmp_path)) == 1


def test_refuses_two_recordings_of_one_name(tmp_path):
    with pytest.raises(ValueError, match="two recordings are called 'MouseA_030515"):
        save_tst(tmp_path, [make_recording(), make_recording(seed=1)])


def test_refuses_names_that_differ_in_capitals_alone(tmp_path):
    """On Windows and macOS they are one file."""
    with pytest.raises(ValueError, match="two recordings are called 'MouseA_030515"):
        save_tst(tmp_path, [make_recording("MouseA"), make_recording("mousea")])
    save_tst(tmp_path, [make_recording("MouseA")])
    with pytest.raises(ValueError, match=r"MouseA_030515_HCOFTS_LFP\.mat exists"):
        save_tst(tmp_path, [make_recording("mousea")])


def test_refuses_more_than_matlab_5_holds(tmp_path):
    zeros = np.broadcast_to(np.float32(0), (1, 2**29))
    recording = make_recording(data=zeros, ch_names=["BLA_01"])
    with pytest.raises(ValueError, match=r"MouseA.*2 GiB.*version='7\.3'"):
        save_tst(tmp_path, [recording])


@pytest.mark.parametrize("version", ["7", 5, None])
def test_refuses_another_version(tmp_path, version):
    with pytest.raises(ValueError, match=r"version must be '5' or '7\.3'"):
        save_tst(tmp_path, [make_recording()], version=version)


def test_says_which_extra_brings_h5py(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    save_tst(tmp_path / "5", [make_recording()])
    with pytest.raises(ImportError, match=r"sksleep\[h5py\]"):
        save_tst(tmp_path / "7.3", [make_recording()], version="7.3")
