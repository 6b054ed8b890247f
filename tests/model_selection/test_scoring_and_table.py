"""Scorers and the table of a curve."""

import sys

import numpy as np
import pytest
from scipy.sparse import coo_array
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import KFold, LeaveOneGroupOut, cross_validate
from sklearn.pipeline import make_pipeline

from sksleep.model_selection import _fold, per_class_learning_curve

rng = np.random.default_rng(0)
y = np.arange(90) % 3
X = rng.normal(size=(90, 4)) + y[:, None]


def accuracy(estimator, X, y):
    return accuracy_score(y, estimator.predict(X))


def both(estimator, X, y):
    value = accuracy(estimator, X, y)
    return {"right": value, "wrong": 1 - value}


@pytest.mark.parametrize(
    ("scoring", "names"),
    [
        (None, ["score"]),
        ("accuracy", ["accuracy"]),
        (accuracy, ["score"]),
        (["accuracy", "balanced_accuracy"], ["accuracy", "balanced_accuracy"]),
        ({"mine": make_scorer(accuracy_score)}, ["mine"]),
        (both, ["right", "wrong"]),
    ],
)
def test_scores_by_name(scoring, names):
    options = {"cv": KFold(3), "random_state": 0}
    curve = per_class_learning_curve(
        LogisticRegression(), X, y, scoring=scoring, **options
    )
    assert list(curve.scores) == names
    expected = per_class_learning_curve(LogisticRegression(), X, y, **options)
    np.testing.assert_array_equal(curve.scores[names[0]], expected.scores["score"])


@pytest.mark.parametrize("as_mask", [True, False])
def test_folds_may_be_masks_and_samples_sparse(as_mask):
    masks = [np.arange(90) < 45, np.arange(90) >= 45]
    masks = list(zip(masks, masks[::-1], strict=True))
    rows = [tuple(map(np.flatnonzero, pair)) for pair in masks]
    options = {"samples_per_class": ["all"]}
    curve = per_class_learning_curve(
        LogisticRegression(),
        coo_array(X) if as_mask else X,
        y,
        cv=masks if as_mask else rows,
        **options,
    )
    expected = cross_validate(LogisticRegression(), X, y, cv=masks)["test_score"]
    np.testing.assert_allclose(curve.scores["score"][0, :, 0], expected)


def test_the_table_holds_every_point():
    curve = per_class_learning_curve(
        LogisticRegression(),
        X,
        y,
        cv=KFold(3),
        n_repeats=2,
        scoring=["accuracy", "balanced_accuracy"],
    )
    frame = curve.to_frame()
    assert len(frame) == curve.scores["accuracy"].size == 3 * 3 * 2
    row = frame[
        (frame["samples_per_class"] == "all") & (frame.fold == 1) & (frame.repeat == 0)
    ].iloc[0]
    assert row["accuracy"] == curve.scores["accuracy"][2, 1, 0]
    assert row["n_labels"] == 60
    assert (frame["fit_time"] > 0).all()


def test_the_table_names_the_groups_of_the_test_fold():
    groups = np.array(["M2", "M10", "M1"]).repeat(30)
    masked = np.where(groups == "M1", np.where(np.arange(90) < 75, y, -1), y)
    curve = per_class_learning_curve(
        LogisticRegression(),
        X,
        masked,
        groups=groups,
        cv=[(np.arange(30), np.arange(30, 90)), (np.arange(30, 90), np.arange(30))],
        samples_per_class=[1, "all"],
    )
    assert curve.test_groups == (("M10", "M1"), ("M2",))
    frame = curve.to_frame()
    assert frame["test_groups"].tolist() == ["M10, M1", "M2"] * 2
    assert frame["fold"].tolist() == [0, 1] * 2


def test_groups_of_test_folds_are_those_with_a_label():
    groups = np.arange(90) // 30
    masked = np.where((groups == 1) & (y == 0), -1, y)
    masked[groups == 0] = -1
    cv = [(np.arange(60, 90), np.arange(60))]
    curve = per_class_learning_curve(
        LogisticRegression(), X, masked, groups=groups, cv=cv, samples_per_class=["all"]
    )
    assert curve.test_groups == ((1,),)
    assert curve.test_label_counts.tolist() == [[0, 10, 10]]


def test_a_group_that_is_no_number_is_named_once():
    groups, cv = np.resize([1.0, np.nan, 2.0], 90), list(KFold(3).split(X))
    options = {"groups": groups, "cv": cv, "samples_per_class": ["all"]}
    with pytest.warns(UserWarning, match="groups that it tests: 1.0, 2.0, nan"):
        curve = per_class_learning_curve(LogisticRegression(), X, y, **options)
    assert curve.to_frame()["test_groups"].tolist() == ["1.0, nan, 2.0"] * 3


def test_groups_may_be_what_cannot_be_sorted():
    groups = np.resize(np.array(["a", 1, None], dtype=object), 90)
    options = {"groups": groups, "cv": list(KFold(3).split(X))}
    with pytest.warns(UserWarning, match="groups that it tests: 1, None, a"):
        curve = per_class_learning_curve(LogisticRegression(), X, y, **options)
    assert curve.test_groups == (("a", 1, None),) * 3


def test_without_groups_the_table_names_none():
    curve = per_class_learning_curve(LogisticRegression(), X, y, cv=KFold(3))
    assert curve.test_groups is None
    assert "test_groups" not in curve.to_frame()


def test_without_pandas_the_table_says_what_to_install(monkeypatch):
    curve = per_class_learning_curve(LogisticRegression(), X, y)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"sksleep\[pandas\]"):
        curve.to_frame()


def test_scores_do_not_hide_the_columns_of_the_table():
    curve = per_class_learning_curve(
        LogisticRegression(),
        X,
        y,
        samples_per_class=["all"],
        scoring={"fold": "accuracy", "fit_time": "accuracy", "f1": "f1_macro"},
    )
    frame = curve.to_frame()
    assert frame["fold"].tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(frame["score_fold"], curve.scores["fold"].ravel())
    np.testing.assert_array_equal(frame["fit_time"], curve.fit_times.ravel())
    np.testing.assert_array_equal(frame["f1"], curve.scores["f1"].ravel())


def test_the_table_counts_the_labels_of_each_fold():
    y = np.repeat([0, 1, 0, 1], [30, 5, 30, 20])
    X, fold = np.zeros((85, 1)), np.repeat([0, 1], [35, 50])
    cv = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in (0, 1)]
    curve = per_class_learning_curve(DummyClassifier(), X, y, cv=cv)
    frame = curve.to_frame()
    assert frame["n_labels"].tolist() == [2, 2, 50, 35]


def fails(estimator, X, y):
    raise RuntimeError("no score")


def test_a_scorer_of_several_that_fails_has_the_score_of_errors():
    with pytest.warns(UserWarning, match="no score"):
        curve = per_class_learning_curve(
            DummyClassifier(),
            X,
            y,
            cv=2,
            samples_per_class=["all"],
            scoring={"fails": fails, "accuracy": "accuracy"},
            error_score=-1.0,
        )
    assert (curve.scores["fails"] == -1).all()
    assert (curve.scores["accuracy"] >= 0).all()


class SlowStep(TransformerMixin, BaseEstimator):
    """Takes a second of a clock to fit, and ten to transform."""

    clock = [0]

    def fit(self, X, y=None):
        self.clock[0] += 1
        self.is_fitted_ = True
        return self

    def transform(self, X):
        self.clock[0] += 10
        return X


class SlowClassifier(DummyClassifier):
    """Takes a hundred seconds of that clock to fit, and a thousand to predict."""

    def fit(self, X, y):
        SlowStep.clock[0] += 100
        return super().fit(X, y)

    def predict(self, X):
        SlowStep.clock[0] += 1000
        return super().predict(X)


def test_times_are_of_what_they_are_called_after(monkeypatch):
    monkeypatch.setattr(_fold, "perf_counter", lambda: SlowStep.clock[0])
    model = make_pipeline(SlowStep(), SlowClassifier())
    curve = per_class_learning_curve(model, X, y, cv=2, samples_per_class=["all"])
    assert (curve.front_fit_times == 11).all()  # with what it transforms the rows into
    assert (curve.front_transform_times == 10).all()
    assert (curve.fit_times == 100).all()
    assert (curve.score_times == 1000).all()


@pytest.mark.parametrize(
    "scoring",
    [
        "balanced_accuracy",
        ["accuracy", "balanced_accuracy"],
        {"b": "balanced_accuracy"},
    ],
)
def test_warns_of_a_class_that_balanced_accuracy_leaves_out(scoring):
    """Else who guesses one class seems to beat chance where there is no other."""
    groups = np.arange(90) // 30
    alone = np.where(groups == 1, 0, y)
    guess = DummyClassifier(strategy="constant", constant=0)
    options = {"groups": groups, "cv": LeaveOneGroupOut(), "samples_per_class": ["all"]}
    match = "Test labels: fold 1 has none of '1', fold 1 has none of '2'. There balanc"
    with (
        pytest.warns(UserWarning, match=match),
        pytest.warns(UserWarning, match="A single label"),  # scikit-learn's
    ):
        curve = per_class_learning_curve(guess, X, alone, scoring=scoring, **options)
    [*_, scores] = curve.scores.values()
    np.testing.assert_allclose(scores[0, :, 0], [1 / 3, 1, 1 / 3])
    assert curve.test_label_counts.tolist() == [[10, 10, 10], [30, 0, 0], [10, 10, 10]]
    per_class_learning_curve(guess, X, alone, scoring="accuracy", **options)
