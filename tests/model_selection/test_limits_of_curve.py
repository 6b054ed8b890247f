"""Which limits a curve has, and what it keeps of them."""

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.naive_bayes import GaussianNB

from sksleep.model_selection import per_class_learning_curve


def curve_of(y, folds, **options):
    """Fold `k` tests on the rows of fold number `k` and trains on the others."""
    y, folds = np.asarray(y), np.asarray(folds)
    cv = [(np.flatnonzero(folds != k), np.flatnonzero(folds == k)) for k in set(folds)]
    X = np.arange(len(y), dtype=float)[:, None]
    return per_class_learning_curve(DummyClassifier(), X, y, cv=cv, **options)


@pytest.mark.parametrize(
    ("smallest", "limits"),
    [
        (1, ("all",)),
        (2, (1, "all")),
        (10, (1, "all")),
        (11, (1, 10, "all")),
        (1000, (1, 10, 100, "all")),
        (1001, (1, 10, 100, 1000, "all")),
    ],
)
def test_default_limits_lie_below_the_smallest_class(smallest, limits):
    y = np.tile(np.repeat([0, 1], [smallest, smallest + 5]), 2)
    folds = np.repeat([0, 1], len(y) // 2)
    assert curve_of(y, folds).samples_per_class == limits


def test_default_limits_fit_every_fold():
    # Training folds with 20 and 5 labels of class 1.
    y = np.repeat([0, 1, 0, 1], [30, 5, 30, 20])
    curve = curve_of(y, np.repeat([0, 1], [35, 50]))
    assert curve.samples_per_class == (1, "all")
    assert np.isfinite(curve.scores["score"]).all()


def test_a_limit_above_a_class_is_nan_with_a_warning_that_names_it():
    y = np.repeat([0, 1, 0, 1], [30, 5, 30, 20])
    match = r"fold 1 has 5 training labels of class '1', below the limit 10\."
    with pytest.warns(UserWarning, match=match):
        curve = curve_of(y, np.repeat([0, 1], [35, 50]), samples_per_class=[5, 10])
    np.testing.assert_array_equal(
        np.isnan(curve.scores["score"][:, :, 0]), [[False, False], [False, True]]
    )
    assert curve.indices[1, 1, 0] is None
    np.testing.assert_array_equal(
        curve.label_counts, [[[5, 5], [5, 5]], [[10, 10], [0, 0]]]
    )
    np.testing.assert_array_equal(curve.mean_label_counts, [5, 10])


def test_a_limit_of_the_whole_smallest_class_is_drawn():
    y = np.tile([0, 0, 0, 1, 1], 2)
    curve = curve_of(y, np.repeat([0, 1], 5), samples_per_class=[2])
    np.testing.assert_array_equal(curve.label_counts, [[[2, 2], [2, 2]]])


def test_all_stands_at_its_mean_count():
    y = np.repeat([0, 1, -1, 0, 1, -1], [6, 4, 9, 3, 3, 1])
    curve = curve_of(y, np.repeat([0, 1], [19, 7]))
    np.testing.assert_array_equal(curve.label_counts[-1], [[3, 3], [6, 4]])
    np.testing.assert_array_equal(curve.mean_label_counts, [1, 4])


def test_rows_are_drawn_from_an_unsorted_training_fold():
    y = np.arange(40) % 2
    train = np.random.default_rng(0).permutation(30)
    X = y[:, None].astype(float)
    curve = per_class_learning_curve(
        GaussianNB(), X, y, cv=[(train, np.arange(30, 40))], samples_per_class=[3]
    )
    np.testing.assert_array_equal(np.bincount(y[curve.indices[0, 0, 0]]), [3, 3])
    assert curve.scores["score"][0, 0, 0] == 1


@pytest.mark.parametrize(
    ("limits", "match"),
    [
        ([0, 1], "integer of at least 1, got 0"),
        ([1.5], "integer of at least 1, got 1.5"),
        (["all", 1], "integer of at least 1, got 'all'"),
        ([10, 1], "increase"),
        ([1, 1], "increase"),
        ([], "increase"),
        (5, "must be a list"),
        ("all", "must be a list"),
        ([11], "no fold has 11 training labels of every class; the most is 10"),
    ],
)
def test_refuses_limits(limits, match):
    y = np.tile([0, 1], 20)
    with pytest.raises(ValueError, match=match):
        curve_of(y, np.repeat([0, 1], 20), samples_per_class=limits)


@pytest.mark.parametrize("n_repeats", [0, 1.0, None])
def test_refuses_repeats(n_repeats):
    with pytest.raises(ValueError, match="n_repeats must be an integer of at least 1"):
        curve_of(np.tile([0, 1], 20), np.repeat([0, 1], 20), n_repeats=n_repeats)
