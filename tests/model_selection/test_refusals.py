"""What a curve refuses, before any fit."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.feature_selection import (
    RFE,
    SelectFromModel,
    SelectKBest,
    VarianceThreshold,
    chi2,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    StratifiedGroupKFold,
)
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import column_or_1d

from sksleep.model_selection import per_class_learning_curve

X = np.random.default_rng(0).uniform(size=(60, 5))
y = np.arange(60) % 3


class NeverFitted(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        raise AssertionError("fitted before the refusal")

    def transform(self, X):
        raise AssertionError("used before the refusal")


def refuse(match, X=X, y=y, step=None, **options):
    model = make_pipeline(NeverFitted(), step, LogisticRegression())
    with pytest.raises(ValueError, match=match):
        per_class_learning_curve(model, X, y, **options)


@pytest.mark.parametrize("cv", [GroupKFold(3), LeaveOneGroupOut()])
def test_refuses_a_grouped_splitter_without_groups(cv):
    refuse("groups is missing; pass groups=", cv=cv)


@pytest.mark.parametrize("cv", [GroupKFold(5), StratifiedGroupKFold(5), 5])
def test_refuses_fewer_groups_than_splits(cv):
    refuse("number of groups: 3|no labelled row", groups=np.arange(60) // 20, cv=cv)


def test_refuses_fewer_labelled_groups_than_splits():
    groups = np.arange(60) // 10
    hidden = np.where(groups > 3, -1, y)
    message = "number of groups: 4.* without any label do not count.*: 4, 5"
    refuse(message, y=hidden, groups=groups, cv=5)


def test_refuses_a_cv_without_folds():
    refuse("cv makes no fold", cv=[])


def test_refuses_a_training_fold_without_a_class():
    refuse("Fold 0 has no training row of class '0'", y=np.sort(y), cv=KFold(3))


def test_refuses_a_test_fold_without_labels():
    thirds = np.arange(60) // 20
    hidden = np.where(thirds == 1, -1, y)
    refuse("Fold 1 has no labelled row to score on. Group", y=hidden, cv=KFold(3))
    subjects = np.array(["A", "B", "C"])[thirds]
    with pytest.warns(UserWarning, match="groups parameter is ignored"):
        refuse("its groups are B.", y=hidden, cv=KFold(3), groups=subjects)


def test_refuses_y_without_labels():
    refuse("No row is labelled", y=np.full(60, -1))


def test_refuses_a_single_class():
    refuse("y has a single class, 1", y=np.where(y == 0, -1, 1))


def test_refuses_continuous_y():
    refuse("continuous", y=X[:, 0])


def test_refuses_missing_y():
    refuse("y is missing", y=None)


def test_refuses_lengths_that_differ():
    refuse("inconsistent numbers of samples", y=y[:-1])


def test_refuses_an_unknown_scorer():
    refuse("'accurracy'", scoring="accurracy")


@pytest.mark.parametrize("error_score", ["nan", None, True])
def test_refuses_an_error_score_that_is_no_number(error_score):
    refuse("error_score must be 'raise' or a number, got", error_score=error_score)


def test_refuses_an_unknown_choice_for_unlabelled():
    refuse("unlabelled must be 'auto', 'keep' or 'drop', got 'hide'", unlabelled="hide")


@pytest.mark.parametrize(
    "step",
    [
        SelectKBest(k=2),
        SelectKBest(chi2, k=2),
        SelectFromModel(LogisticRegression()),
        RFE(LogisticRegression()),
        LinearDiscriminantAnalysis(),
        FeatureUnion([("pca", PCA(2)), ("select", SelectKBest(k=2))]),
        make_pipeline(PCA(2), SelectKBest(k=1)),
    ],
)
def test_refuses_a_step_that_needs_y_before_any_fit(step):
    name = type(step).__name__.lower()
    refuse(f"Step '{name}' needs y.*Nest it with the classifier", step=step)


class Centroids(TransformerMixin, BaseEstimator):
    """Needs y and does not say so."""

    def fit(self, X, y=None):
        self.centroids_ = [X[y.astype(int) == label].mean(axis=0) for label in (0, 1)]
        return self

    def transform(self, X):
        return X - self.centroids_[0]


class Counts(Centroids):
    """Fails otherwise without y."""

    def fit(self, X, y=None):
        self.counts_ = np.bincount(column_or_1d(y))
        return super().fit(X, y)


@pytest.mark.parametrize(
    ("step", "error"), [(Centroids(), AttributeError), (Counts(), ValueError)]
)
def test_a_failure_in_the_fit_without_y_says_that_there_is_none(step, error):
    model = make_pipeline(PCA(2), step, LogisticRegression())
    with pytest.raises(error) as failure:
        per_class_learning_curve(model, X, y)
    [note] = failure.value.__notes__
    assert "without labels. Nest one that needs y with the classifier" in note


def fail(X):
    raise ValueError("None of these windows will do")


def test_another_failure_of_a_step_keeps_its_message():
    model = make_pipeline(FunctionTransformer(fail), LogisticRegression())
    with pytest.raises(ValueError, match="None of these windows will do"):
        per_class_learning_curve(model, X, y)


@pytest.mark.parametrize(
    "step", [VarianceThreshold(), SelectKBest(lambda X, y: X.sum(axis=0), k=2), None]
)
def test_a_selector_that_does_without_y_is_welcome(step):
    model = make_pipeline(step, LogisticRegression())
    assert np.isfinite(per_class_learning_curve(model, X, y).scores["score"]).all()


def test_refuses_steps_that_change_the_number_of_rows():
    halve = FunctionTransformer(lambda X: X[::2])
    model = make_pipeline(halve, LogisticRegression())
    with pytest.raises(ValueError, match="made 24 rows out of 48"):
        per_class_learning_curve(model, X, y)
