import sys

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut

from sksleep._palette import COLORS
from sksleep.model_selection import (
    PerClassLearningCurveDisplay,
    per_class_learning_curve,
)

matplotlib.use("Agg")
X, y = load_iris(return_X_y=True)
SCORING = ("accuracy", "balanced_accuracy")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def curves():
    options = {"scoring": SCORING, "n_repeats": 2, "random_state": 0}
    estimators = {
        "linear": LogisticRegression(max_iter=1000),
        "none": DummyClassifier(),
    }
    return {
        name: per_class_learning_curve(estimator, X, y, **options)
        for name, estimator in estimators.items()
    }


def tick_labels(display):
    return [text.get_text() for text in display.ax_.get_xticklabels()]


def test_a_line_joins_the_means_over_folds_and_repeats(curves):
    display = PerClassLearningCurveDisplay.from_curves(curves, scoring="accuracy")
    for line, (name, curve) in zip(display.lines_, curves.items(), strict=True):
        counts, means = line.get_data()
        assert line.get_label() == name
        np.testing.assert_array_equal(counts, [1, 10, 40])
        expected = curve.scores["accuracy"].mean(axis=(1, 2))
        np.testing.assert_allclose(means, expected)
    assert display.ax_.get_xscale() == "log"
    assert tick_labels(display) == ["1", "10", "all"]
    np.testing.assert_array_equal(display.ax_.get_xticks(), [1, 10, 40])
    assert display.ax_.get_ylabel() == "Accuracy"


def test_curves_whose_folds_test_other_groups_are_told_of():
    groups = np.arange(len(y)) % 5
    one, reordered, other = (
        per_class_learning_curve(
            LogisticRegression(max_iter=1000), X, y, groups=groups, cv=cv
        )
        for cv in (GroupKFold(5), LeaveOneGroupOut(), GroupKFold(2))
    )
    from_curves = PerClassLearningCurveDisplay.from_curves
    assert one.test_groups != reordered.test_groups
    from_curves({"one": one, "same": reordered})
    with pytest.warns(UserWarning, match=r"folds of 'b' test other .* of 'a'"):
        from_curves({"a": one, "b": other, "same": reordered})


def test_the_order_of_groups_in_a_fold_makes_no_other_folds():
    groups = np.arange(len(y)) % 4
    parts = [np.flatnonzero(groups < 2), np.flatnonzero(groups >= 2)]
    folds = [(parts[0], parts[1]), (parts[1], parts[0])]
    turned = [(train, test[::-1]) for train, test in folds]
    one, other = (
        per_class_learning_curve(
            LogisticRegression(max_iter=1000), X, y, groups=groups, cv=cv
        )
        for cv in (folds, turned)
    )
    assert one.test_groups != other.test_groups
    PerClassLearningCurveDisplay.from_curves({"one": one, "other": other})


def test_curves_differ_in_colour_and_marker(curves):
    one, other = PerClassLearningCurveDisplay.from_curves(
        curves, scoring="accuracy"
    ).lines_
    assert one.get_color() != other.get_color()
    assert one.get_marker() != other.get_marker()


def test_curves_that_share_a_colour_differ_in_marker_and_line(curves):
    many = {f"model {number}": curves["linear"] for number in range(17)}
    lines = PerClassLearningCurveDisplay.from_curves(many, scoring="accuracy").lines_
    same_color = [lines[0], lines[8], lines[16]]
    assert len({line.get_color() for line in same_color}) == 1
    assert len({line.get_marker() for line in same_color}) == 3
    assert len({line.get_linestyle() for line in same_color}) == 3


def test_a_band_is_one_standard_deviation_wide(curves):
    curve = curves["linear"]
    display = PerClassLearningCurveDisplay.from_curves(
        {"linear": curve}, scoring="accuracy"
    )
    scores = curve.scores["accuracy"].reshape(3, -1)
    [band] = display.ax_.collections
    low, high = band.get_paths()[0].get_extents().intervaly
    assert low == pytest.approx((scores.mean(axis=1) - scores.std(axis=1)).min())
    assert high == pytest.approx((scores.mean(axis=1) + scores.std(axis=1)).max())


def test_bars_of_several_curves_stand_side_by_side(curves):
    display = PerClassLearningCurveDisplay.from_curves(
        curves, scoring="accuracy", spread="bar"
    )
    one, other = (line.get_xdata() for line in display.lines_)
    assert (one < other).all()
    np.testing.assert_allclose(np.sqrt(one * other), [1, 10, 40])
    assert tick_labels(display) == ["1", "10", "all"]


def test_spread_and_legend_can_be_absent(curves):
    display = PerClassLearningCurveDisplay.from_curves(
        {"linear": curves["linear"]}, scoring="accuracy", spread=None
    )
    assert not display.ax_.collections
    assert display.ax_.get_legend() is None


def test_a_dashed_line_marks_chance(curves):
    display = PerClassLearningCurveDisplay.from_curves(
        curves, scoring="balanced_accuracy", chance_level=1 / 3
    )
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == ["linear", "none", "chance"]


def test_means_over_some_folds_are_hollow_and_points_without_any_are_left_out():
    scores = np.array([[[0.5], [0.6]], [[0.7], [np.nan]], [[np.nan], [np.nan]]])
    display = PerClassLearningCurveDisplay({"a": [1, 10, 100]}, {"a": scores}).plot()
    np.testing.assert_allclose(display.lines_[0].get_ydata(), [0.55, 0.7])
    hollow = display.ax_.lines[1]
    assert hollow.get_markerfacecolor() == "white"
    np.testing.assert_array_equal(hollow.get_data(), [[10], [0.7]])


@pytest.mark.parametrize(
    ("counts", "labels"),
    [
        ([1, 100, 110], ["1", "100", "\nall"]),
        ([1, 100, 130, 170], ["1", "100", "\n130", "all"]),
    ],
)
def test_labels_of_ticks_that_are_close_stand_a_line_lower(counts, labels):
    scores = np.full((len(counts), 2, 1), 0.5)
    display = PerClassLearningCurveDisplay(
        {"a": counts}, {"a": scores}, all_counts={"a": counts[-1]}
    ).plot()
    assert tick_labels(display) == labels


def test_from_estimator_computes_the_curve(curves):
    display = PerClassLearningCurveDisplay.from_estimator(
        LogisticRegression(max_iter=1000),
        X,
        y,
        scoring="accuracy",
        n_repeats=2,
        random_state=0,
    )
    expected = curves["linear"].scores["accuracy"]
    np.testing.assert_array_equal(display.scores["LogisticRegression"], expected)


def test_draws_on_given_axes_and_again_on_new_ones(curves):
    figure, ax = plt.subplots()
    display = PerClassLearningCurveDisplay.from_curves(
        curves, scoring="accuracy", ax=ax
    )
    assert (display.ax_, display.figure_) == (ax, figure)
    assert display.plot() is display
    assert display.ax_ is not ax


def test_one_limit_alone_can_be_drawn():
    curve = per_class_learning_curve(
        DummyClassifier(), X, y, samples_per_class=["all"], random_state=0
    )
    display = PerClassLearningCurveDisplay.from_curves({"none": curve})
    assert tick_labels(display) == ["all"]
    assert display.ax_.get_ylabel() == "Score"


@pytest.mark.parametrize("scoring", [None, "f1"])
def test_refuses_an_unclear_score(curves, scoring):
    with pytest.raises(
        ValueError, match="'linear': scoring must be one of accuracy, b"
    ):
        PerClassLearningCurveDisplay.from_curves(curves, scoring=scoring)


def test_refuses_curves_without_a_score_in_common(curves):
    other = per_class_learning_curve(DummyClassifier(), X, y, scoring="f1_macro")
    one = per_class_learning_curve(DummyClassifier(), X, y, scoring="accuracy")
    with pytest.raises(ValueError, match="score in common, got accuracy, f1_macro"):
        PerClassLearningCurveDisplay.from_curves({"one": one, "other": other})
    with pytest.raises(ValueError, match="got no curve"):
        PerClassLearningCurveDisplay.from_curves({})


def test_curves_join_those_on_the_axes(curves):
    few = np.where(np.arange(150) % 50 < 13, y, -1)
    short = per_class_learning_curve(
        DummyClassifier(), X, few, scoring="accuracy", samples_per_class=[1, "all"]
    )
    before = PerClassLearningCurveDisplay.from_curves(
        {"long": curves["linear"]}, scoring="accuracy"
    )
    after = PerClassLearningCurveDisplay.from_curves({"short": short}, ax=before.ax_)
    one, other = before.lines_[0], after.lines_[0]
    assert one.get_color() != other.get_color()
    assert one.get_marker() != other.get_marker()
    # 10 is a limit of one curve; all of the other's labels are 10.4 a class.
    np.testing.assert_allclose(after.ax_.get_xticks(), [1, 10, 10.4, 40])
    assert tick_labels(after) == ["1", "10", "\nall", "all"]
    texts = [text.get_text() for text in after.ax_.get_legend().get_texts()]
    assert texts == ["long", "short"]


def test_curves_join_on_axes_whose_labels_are_hidden_or_other():
    scores = np.full((2, 2, 1), 0.5)
    _, axes = plt.subplots(2, sharex=True)
    for counts in ([1, 10], [1, 20]):
        for ax in axes:
            one = PerClassLearningCurveDisplay({"a": counts}, {"a": scores})
            one.plot(ax=ax).ax_.set_xlabel("n")
    assert tick_labels(one) == ["1", "10", "20"]


def test_lines_and_ticks_of_the_users_own_do_not_count():
    scores = np.full((2, 2, 1), 0.5)
    _, ax = plt.subplots()
    ax.plot([1, 7], [0, 1])
    ax.set_xlabel("Labels per class")
    display = PerClassLearningCurveDisplay({"a": [1, 10]}, {"a": scores}).plot(ax=ax)
    assert tick_labels(display) == ["1", "10"]
    assert display.lines_[0].get_color() == COLORS[0]
    again = display.plot(ax=ax)
    assert again.lines_[0].get_color() == COLORS[0]
    assert ax.get_legend() is None


def test_bars_of_two_displays_stand_side_by_side():
    scores = np.full((2, 2, 1), 0.5)
    one = PerClassLearningCurveDisplay({"a": [1, 10]}, {"a": scores})
    one.plot(spread="bar")
    other = PerClassLearningCurveDisplay({"b": [1, 10]}, {"b": scores})
    other.plot(ax=one.ax_, spread="bar")
    pair = zip(one.lines_[0].get_xdata(), other.lines_[0].get_xdata(), strict=True)
    assert all(first < second for first, second in pair)


def test_a_limit_that_is_all_of_another_curve_keeps_its_number():
    scores = np.full((2, 2, 1), 0.5)
    display = PerClassLearningCurveDisplay(
        {"a": [10, 40], "b": [1, 10]},
        {"a": scores, "b": scores},
        all_counts={"a": 40, "b": 10},
    ).plot()
    assert tick_labels(display) == ["1", "10, all", "all"]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"spread": "bars"}, "spread must be"),
        ({"scoring": SCORING}, "a single score to draw, got .'accuracy', 'balanced"),
    ],
)
def test_refuses_what_cannot_be_drawn_before_any_fit(options, match):
    with pytest.raises(ValueError, match=match):
        PerClassLearningCurveDisplay.from_estimator(None, X, y, **options)


def test_refuses_a_curve_without_a_name(curves):
    with pytest.raises(ValueError, match=r"a dict of names .*; write {name: curve}"):
        PerClassLearningCurveDisplay.from_curves(curves["linear"])


def test_refuses_an_unknown_spread(curves):
    with pytest.raises(ValueError, match="spread must be 'band', 'bar' or None"):
        PerClassLearningCurveDisplay.from_curves(
            curves, scoring="accuracy", spread="sem"
        )


def test_without_matplotlib_says_so_before_the_curve_is_computed(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"sksleep\[matplotlib\]"):
        PerClassLearningCurveDisplay.from_estimator(None, None)
