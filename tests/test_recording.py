import copy
import pickle
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sksleep import Annotation, Recording


def recording(**changes):
    fields = {
        "data": np.zeros((2, 1000), np.float32),
        "sfreq": 100.0,
        "ch_names": ["a", "b"],
        "subject": "S01",
        "session": "night1",
    }
    return Recording(**(fields | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": np.zeros(10)}, r"shape \(n_channels, n_times\), got \(10,\)"),
        ({"data": np.zeros((2, 0))}, r"shape \(n_channels, n_times\), got \(2, 0\)"),
        ({"data": np.array([["x"], ["y"]])}, "real numbers"),
        ({"data": np.zeros((2, 9), complex)}, "real numbers"),
        ({"data": [[1, 2], [3]]}, "data is no array of numbers"),
        ({"annotations": "N2"}, "onset in s, duration in s, label"),
        ({"annotations": None}, "list of .onset in s, .*, label., got None"),
        ({"data": np.ma.masked_equal(np.eye(2, 9), 0)}, "not be a masked array"),
        ({"sfreq": 0}, "positive number of Hz, got 0"),
        ({"sfreq": np.inf}, "positive number of Hz, got inf"),
        ({"sfreq": -250}, "positive number of Hz, got -250"),
        ({"sfreq": np.nan}, "positive number of Hz, got nan"),
        ({"sfreq": "250"}, "positive number of Hz, got .250."),
        ({"ch_names": ["a"]}, "1 channel names for 2 channels"),
        ({"ch_names": ["a", "b", "c"]}, "3 channel names for 2 channels"),
        ({"ch_names": "ab"}, "list of names, got 'ab'"),
        ({"ch_names": ["a", "a"]}, "'a' occurs more than once"),
        ({"annotations": [(-1, 2, "N2")]}, "'N2' begins at -1.0 s, before"),
        (
            {"annotations": [(8, 3, "N2")]},
            r"'N2' at 8 s, of 3 s, ends after .* \(10 s\)",
        ),
        ({"annotations": [(8, -3, "N2")]}, "'N2' has onset 8.0 s and duration -3.0 s"),
        ({"annotations": [(np.nan, 1, "N2")]}, "'N2' has onset nan s"),
        ({"annotations": [(8, "N2")]}, "onset in s, duration in s, label"),
        ({"annotations": [(8, 1, 2)]}, "has the label 2, .* give it a name"),
        (
            {"annotations": [(pd.Timestamp(0), 1, "N2")]},
            r"in that order, got .Timestamp.*total_seconds\(\)",
        ),
        ({"annotations": [("0:30", 1, "N2")]}, "in that order, got .'0:30', 1"),
        ({"annotations": [(8, 1, np.nan)]}, "at 8 s has the label nan, .* no string"),
        ({"annotations": [(8, 1, None)]}, "at 8 s has the label None, .* no string"),
        ({"annotations": [(8, 1, b"N2")]}, "at 8 s has the label b'N2', .* no string"),
    ],
)
def test_refuses_what_cannot_be_and_names_the_recording(changes, message):
    with pytest.raises(ValueError, match=f"recording 'S01_night1': .*{message}"):
        recording(**changes)


@pytest.mark.parametrize("subject", [None, np.nan, pd.NA, pd.NaT, ""])
def test_refuses_a_recording_of_nobody(subject):
    with pytest.raises(ValueError, match="must have a subject, got none"):
        recording(subject=subject)


def in_a_cell(name):
    """Return a name as scipy.io.loadmat returns a cell of one."""
    cell = np.empty((1, 1), dtype=object)
    cell[0, 0] = np.array([name])
    return cell


@pytest.mark.parametrize(
    "wrap", [str.encode, np.array, lambda name: np.array([[name]]), in_a_cell]
)
def test_names_are_those_that_files_wrap(wrap):
    wrapped = recording(subject=wrap("S01"), ch_names=[wrap("a"), "b"])
    assert wrapped.subject == "S01"
    assert wrapped.ch_names == ("a", "b")


def test_refuses_several_names_for_one():
    two = np.array(["S01", "S02"])
    with pytest.raises(ValueError, match="subject must be one text, got an array of 2"):
        recording(subject=two)
    with pytest.raises(ValueError, match="'S01_night1': a channel's name must be"):
        recording(subject="S01", ch_names=[two, "b"])


def test_one_subject_is_one_however_a_table_has_its_number():
    numbers = [7, 7.0, np.float64(7), np.int64(7), "7"]
    assert {recording(subject=each).subject for each in numbers} == {"7"}
    assert recording(subject=7.5).subject == "7.5"
    assert recording(session=np.nan).name == recording(session="").name


def test_accepts_annotation_that_ends_with_the_last_sample():
    made = recording(annotations=[(0.004, 10.0, "N2")])
    assert made.annotations == (Annotation(0.004, 10.0, "N2"),)


def test_float32_is_not_copied_and_other_types_become_float32():
    data = np.ones((2, 1000), np.float32)
    assert np.shares_memory(recording(data=data).data, data)
    assert recording(data=np.ones((2, 10), int)).data.dtype == np.float32


def test_memory_map_stays_one(tmp_path):
    data = np.memmap(tmp_path / "x", np.float32, mode="w+", shape=(2, 1000))
    assert isinstance(recording(data=data).data, np.memmap)


def test_is_immutable_and_leaves_the_callers_array_writeable():
    data = np.ones((2, 1000), np.float32)
    made = recording(data=data)
    with pytest.raises(ValueError, match="read-only"):
        made.data[0, 0] = 5
    with pytest.raises(AttributeError):
        made.sfreq = 5
    with pytest.raises(ValueError, match="read-only"):
        pickle.loads(pickle.dumps(made)).data[0, 0] = 5
    data[0, 0] = 5


def test_pick_orders_channels_and_names_a_missing_one():
    data = np.arange(20).reshape(2, 10)
    picked = recording(data=data).pick(["b", "a"])
    assert picked.ch_names == ("b", "a")
    np.testing.assert_array_equal(picked.data, data[::-1])
    with pytest.raises(ValueError, match="no channel named 'Cz'; there are b, a"):
        picked.pick(["Cz"])


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_a_matrix_becomes_an_array():
    data = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    kept = Recording(np.asmatrix(data), 1, ["a", "b"], "S01").data
    assert type(kept) is np.ndarray
    np.testing.assert_array_equal(kept, data)


def test_picks_from_whatever_names_come_of():
    made = recording()
    names = list(made.ch_names)
    assert made.pick(name for name in reversed(names)).ch_names == tuple(names[::-1])
    with pytest.raises(ValueError, match="'S01_night1': no channel to pick"):
        made.pick([])
    with pytest.raises(ValueError, match=r"a list; write \['a'\]"):
        made.pick("a")


def pickle_and_read(made):
    return pickle.loads(pickle.dumps(made))


@given(
    st.lists(st.tuples(st.floats(0, 4), st.floats(0, 5), st.text(max_size=3))),
    st.sampled_from([copy.copy, copy.deepcopy, pickle_and_read]),
)
def test_copies_and_pickles_have_the_same_annotations(annotations, make_copy):
    made = recording(annotations=annotations)
    again = make_copy(made)
    assert again.annotations == made.annotations
    assert all(type(each) is Annotation for each in again.annotations)
    types = {tuple(map(type, each)) for each in again.annotations}
    assert types <= {(float, float, str)}


def test_replace_checks_the_ends_of_annotations_alone():
    made = recording(annotations=[(1, 2, "N2"), (7, 3, "N3")])
    assert made.replace(sfreq=made.sfreq / 2).annotations == made.annotations
    with pytest.raises(ValueError, match="'N3' at 7 s, of 3 s, ends after the record"):
        made.replace(data=made.data[:, :-10])


def test_a_subclass_may_count_its_annotations():
    @dataclass(frozen=True)
    class Night(Recording):
        def __post_init__(self):
            super().__post_init__()
            object.__setattr__(self, "n_stages", len(self.annotations))

    night = Night(np.ones((1, 100)), 10, ["a"], "S1", annotations=[(0, 2, "N2")])
    assert night.replace(session="2").n_stages == 1
