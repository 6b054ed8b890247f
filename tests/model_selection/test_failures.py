"""Points that cannot be fitted or scored."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    LeaveOneGroupOut,
    cross_validate,
)

from sksleep.model_selection import per_class_learning_curve

groups = np.repeat(np.arange(4), 30)
# Subject 1 is never in state 2.
y = np.where(groups == 1, np.arange(120) % 2, np.arange(120) % 3)
X = np.random.default_rng(0).normal(size=(120, 4)) + y[:, np.newaxis]
OPTIONS = {"groups": groups, "cv": LeaveOneGroupOut()}


def curve_of(estimator, **options):
    return per_class_learning_curve(
        estimator, X, y, **OPTIONS, **options, random_state=0
    )


@pytest.mark.parametrize(
    "scoring", ["roc_auc_ovr", ["accuracy", "roc_auc_ovr"], ["roc_auc_ovr"]]
)
def test_a_score_that_cannot_be_is_nan_as_in_cross_validate(scoring):
    place = "of 10 per class, fold 1, repeat 0 and 1 more: ValueError: Number of class"
    with pytest.warns(UserWarning, match=f"2 of 8 points failed and .* nan.*{place}"):
        curve = curve_of(
            LogisticRegression(), scoring=scoring, samples_per_class=[10, "all"]
        )
    with pytest.warns(UserWarning, match="Scoring failed"):
        expected = cross_validate(
            LogisticRegression(), X, y, scoring=scoring, **OPTIONS
        )
    for name, scores in curve.scores.items():
        key = "test_score" if isinstance(scoring, str) else f"test_{name}"
        assert_array_equal(scores[-1, :, 0], expected[key])
        assert np.isnan(scores[:, 1]).all() == (name == "roc_auc_ovr")


def test_a_fit_that_cannot_be_is_set_to_the_error_score():
    search = GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=5)
    place = "Fit of 1 per class, fold 0, repeat 0 and 3 more: ValueError: .*n_splits=5"
    with pytest.warns(FitFailedWarning, match=f"4 of 12 points .* to -1. {place}"):
        curve = curve_of(search, error_score=-1, return_estimator=True)
    assert_array_equal(
        curve.scores["score"] == -1, [[[True]] * 4] + [[[False]] * 4] * 2
    )
    assert_array_equal(curve.estimators == None, curve.scores["score"] == -1)  # noqa: E711
    assert np.isnan(curve.score_times[0]).all()
    with pytest.raises(ValueError, match="n_splits=5"):
        curve_of(search, error_score="raise")


class NeverFits(LogisticRegression):
    def fit(self, X, y):
        raise ArithmeticError("does not converge")


def test_a_curve_without_any_fit_is_an_error():
    with pytest.raises(ValueError, match=r"No point .*ArithmeticError: does not conv"):
        curve_of(NeverFits())


def broken(estimator, X, y):
    raise RuntimeError("broken")


def test_a_scorer_that_always_fails_gives_nan_or_is_raised():
    with pytest.warns(UserWarning, match="12 of 12 points .*RuntimeError: broken"):
        curve = curve_of(LogisticRegression(), scoring=broken)
    assert list(curve.scores) == ["score"]
    assert np.isnan(curve.scores["score"]).all()
    with pytest.raises(RuntimeError, match="broken"):
        curve_of(LogisticRegression(), scoring=broken, error_score="raise")


def test_two_scorers_that_fail_are_told_with_all_that_they_say():
    def fail(estimator, X, y):
        raise ValueError("first line says why\nsecond line says where")

    scoring = {"bad": fail, "accuracy": "accuracy", "broken": broken}
    with pytest.warns(UserWarning, match="12 of 12 points failed") as told:
        curve = curve_of(LogisticRegression(), scoring=scoring)
    [message] = [str(w.message) for w in told]
    assert "ValueError: first line says why\nsecond line says where" in message
    assert "Score 'broken' of 1 per class, fold 0, repeat 0 and 11 more" in message
    assert list(curve.scores) == list(scoring)
    assert np.isfinite(curve.scores["accuracy"]).all()


def test_a_scorer_that_needs_what_the_classifier_lacks_leaves_the_others():
    scoring = ["accuracy", "neg_log_loss", "f1_macro"]
    with pytest.warns(UserWarning, match=r"'neg_log_loss' .*RidgeCl.* predict_proba"):
        curve = curve_of(RidgeClassifier(), scoring=scoring)
    assert list(curve.scores) == scoring
    assert np.isnan(curve.scores["neg_log_loss"]).all()
    for name in ("accuracy", "f1_macro"):
        alone = curve_of(RidgeClassifier(), scoring=name).scores[name]
        assert_array_equal(curve.scores[name], alone)
    with pytest.raises(AttributeError, match="predict_proba"):
        curve_of(RidgeClassifier(), scoring=scoring, error_score="raise")


@pytest.fixture
def weighted_accuracy():
    with config_context(enable_metadata_routing=True):
        scorer = make_scorer(accuracy_score)
        yield scorer.set_score_request(sample_weight="of_windows")


def test_scorers_that_are_left_get_their_own_metadata(weighted_accuracy):
    options = {"params": {"of_windows": 1.0 + y}}
    scoring = {"weighted": weighted_accuracy, "accuracy": "accuracy"}
    expected = curve_of(RidgeClassifier(), scoring=scoring, **options).scores
    scoring["loss"] = "neg_log_loss"
    with pytest.warns(UserWarning, match="Score 'loss' of 1 per class"):
        scores = curve_of(RidgeClassifier(), scoring=scoring, **options).scores
    for name in expected:
        assert_array_equal(scores[name], expected[name])
    assert (scores["weighted"] != scores["accuracy"]).any()


@pytest.mark.parametrize("error_score", [0.0, "raise"])
@pytest.mark.parametrize("score", [None, "high", {"a": 0.5, "b": None}, {"a": "high"}])
def test_what_is_no_score_is_an_error(score, error_score):
    with pytest.raises(ValueError, match="scoring must return numbers, got"):
        curve_of(
            LogisticRegression(),
            scoring=lambda estimator, X, y: score,
            error_score=error_score,
        )


def test_scores_may_be_numbers_of_numpy():
    curve = curve_of(LogisticRegression(), scoring=lambda e, X, y: np.array([0.25]))
    assert (curve.scores["score"] == 0.25).all()


def by_class(estimator, X, y):
    return {str(label): np.mean(estimator.predict(X) == label) for label in set(y)}


def test_a_score_that_some_points_have_alone_is_an_error():
    with pytest.raises(ValueError, match="scoring returned '2' for some points"):
        curve_of(LogisticRegression(), scoring=by_class, error_score=0.0)


def test_of_many_reasons_some_are_told():
    def fail(estimator, X, y):
        raise ValueError(f"the mean is {X.mean()}")  # another in each fold

    options = {"scoring": fail, "groups": np.arange(len(y)) // 2 % 8, "cv": 8}
    with pytest.warns(UserWarning, match=r"points failed .* and 3 more$"):
        per_class_learning_curve(
            LogisticRegression(), X, y, samples_per_class=["all"], **options
        )
