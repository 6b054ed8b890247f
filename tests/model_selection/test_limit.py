import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sksleep.model_selection import limit_per_class

labels = st.lists(st.integers(-1, 3), min_size=1, max_size=60).filter(
    lambda y: max(y) >= 0
)


@given(labels, st.data(), st.integers(0, 2**32 - 1))
def test_draws_n_rows_of_every_class_without_replacement(y, data, seed):
    y = np.array(y)
    classes, counts = np.unique(y[y >= 0], return_counts=True)
    n = data.draw(st.integers(1, int(counts.min())))
    indices = limit_per_class(y, n, random_state=seed)
    np.testing.assert_array_equal(indices, np.unique(indices))
    drawn, counts = np.unique(y[indices], return_counts=True)
    np.testing.assert_array_equal(drawn, classes)
    assert (counts == n).all()


def test_minus_one_beside_names_in_a_list_is_never_drawn():
    indices = limit_per_class(["wake", -1, "REM", -1, "wake"], 1, random_state=0)
    assert set(indices) <= {0, 2, 4}
    assert len(indices) == 2


@given(labels, st.integers(0, 2**32 - 1))
def test_refuses_more_than_the_smallest_class_has(y, seed):
    classes, counts = np.unique(
        [label for label in y if label >= 0], return_counts=True
    )
    n = int(counts.min()) + 1
    name = classes[np.argmax(counts < n)]
    with pytest.raises(ValueError, match=f"{n} rows of class {name}: it has {n - 1}"):
        limit_per_class(y, n, random_state=seed)


def test_same_seed_draws_the_same_rows_and_another_seed_others():
    y = np.repeat([0, 1], 100)
    first = limit_per_class(y, 5, random_state=0)
    np.testing.assert_array_equal(first, limit_per_class(y, 5, random_state=0))
    assert not np.array_equal(first, limit_per_class(y, 5, random_state=1))


def test_every_row_is_drawn_equally_often():
    y = np.array([0, 0, 0, 0, -1, 1, 1, 1, 1])
    rng = np.random.RandomState(0)
    counts = sum(
        np.bincount(limit_per_class(y, 2, random_state=rng), minlength=9)
        for _ in range(2000)
    )
    assert counts[4] == 0
    np.testing.assert_allclose(np.delete(counts, 4), 1000, atol=100)


def test_labels_may_be_strings():
    y = np.array(["wake", "sleep", "wake", "sleep"])
    assert set(y[limit_per_class(y, 1, random_state=0)]) == {"wake", "sleep"}


@pytest.mark.parametrize("n", [0, -1, 1.5, True, "all", None])
def test_refuses_n_that_is_no_positive_integer(n):
    with pytest.raises(ValueError, match="n must be an integer of at least 1"):
        limit_per_class([0, 1], n)


def test_refuses_y_without_labels():
    with pytest.raises(ValueError, match="No row is labelled"):
        limit_per_class([-1, -1], 1)


def test_classes_are_drawn_independently():
    y = np.repeat([0, 1], 100)
    indices = limit_per_class(y, 5, random_state=0)
    assert not np.array_equal(indices[:5], indices[5:] - 100)
