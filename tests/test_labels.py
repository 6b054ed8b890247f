import numpy as np
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


def test_refuses_two_dimensions():
    with pytest.raises(ValueError, match="1d array"):
        check_labels(np.zeros((3, 2)))
