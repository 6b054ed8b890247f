import numpy as np
import pandas as pd
import pytest

from sksleep._labels import check_labels


@pytest.mark.parametrize("kind", [list, tuple, lambda y: np.array(y, dtype=object)])
def test_minus_one_stays_a_number_beside_names(kind):
    y = check_labels(kind(["wake", -1, "sleep"]))
    assert y.tolist() == ["wake", -1, "sleep"]
    np.testing.assert_array_equal(y != -1, [True, False, True])


def test_arrays_are_as_they_were():
    y = np.array([0, -1, 2], dtype=np.int8)
    np.testing.assert_array_equal(check_labels(y), y, strict=True)
    assert check_labels(np.array(["a", "b"])).dtype == "<U1"


@pytest.mark.parametrize("kind", ["U", "S", "O"])
def test_refuses_the_name_that_numpy_makes_of_minus_one(kind):
    y = np.array(["wake", "-1"]).astype(kind)
    with pytest.raises(
        ValueError, match=r"states has a class named '-1'.*dtype=object"
    ):
        check_labels(y, "states")


@pytest.mark.parametrize("kind", ["U1", "S1"])
def test_short_names_are_no_minus_one(kind):
    y = np.array(["+", "-"]).astype(kind)
    np.testing.assert_array_equal(check_labels(y), y)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0.0, 1.0, np.nan], "states contains NaN, in row 2; write -1 for no label"),
        (["wake", None, "sleep"], "contains None, in row 1"),
        (np.array([0, np.float32("nan")], dtype=object), "contains NaN, in row 1"),
        (pd.Series(["wake", None, "sleep"]), "contains (NaN|None|nan), in row 1"),
        (pd.Series(["wake", None], dtype="string"), "contains <NA>, in row 1"),
        (pd.Series([0, None], dtype="Int64"), "contains NaN, in row 1"),
        (pd.Series(["wake", None], dtype="category"), "contains NaN, in row 1"),
        (np.array([0, "b", -1], dtype=object), "names and numbers, 'b' and 0"),
        ([0, -2, -1], r"states has the label -2\. -1 is no label; if this is none"),
        ([0.0, -2.0], r"states has the label -2\.0\. -1 is no label"),
        (np.array([0, -2], dtype=object), "states has the label -2"),
    ],
)
def test_refuses_missing_and_mixed_labels(y, message):
    with pytest.raises(ValueError, match=message):
        check_labels(y, "states")


@pytest.mark.parametrize("y", [[0, -1, 2], [True, False], [0.0, 2.0]])
def test_objects_that_are_numbers_become_numbers(y):
    np.testing.assert_array_equal(
        check_labels(np.array(y, dtype=object)), np.array(y), strict=True
    )


def test_refuses_two_dimensions():
    with pytest.raises(ValueError, match="1d array"):
        check_labels(np.zeros((3, 2)))


def test_refuses_numbers_beside_which_there_is_no_minus_one():
    y = np.array([2**63 + 2048, 7], dtype=np.uint64)
    with pytest.raises(ValueError, match="label 9223372036854777856, too large"):
        check_labels(y)
    assert check_labels(np.array([7], dtype=np.uint64)).tolist() == [7]
