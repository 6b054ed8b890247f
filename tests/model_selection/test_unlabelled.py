"""Semi-supervised estimators see hidden labels as -1."""

import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.ensemble import VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    BaseCrossValidator,
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    LeaveOneGroupOut,
    LeavePGroupsOut,
    StratifiedGroupKFold,
    StratifiedKFold,
)
from sklearn.model_selection._split import GroupsConsumerMixin
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.semi_supervised import LabelSpreading, SelfTrainingClassifier

from sksleep.features import BandPower
from sksleep.model_selection import per_class_learning_curve

rng = np.random.default_rng(0)
y = np.where(np.arange(90) % 9 == 8, -1, np.arange(90) % 3)
X = rng.normal(size=(90, 4)) + 2 * (np.arange(90) % 3)[:, None]


class Seen(ClassifierMixin, BaseEstimator):
    """Keeps what it was fitted on."""

    def __init__(self, accepts_unlabelled=False):
        self.accepts_unlabelled = accepts_unlabelled

    def fit(self, X, y):
        self.X_, self.y_ = X, y
        self.classes_ = np.unique(y[y != -1])
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def fitted(estimator, y=y, **options):
    curve = per_class_learning_curve(
        estimator,
        X,
        y,
        cv=KFold(3),
        samples_per_class=[2, "all"],
        return_estimator=True,
        **options,
    )
    return curve, curve.estimators[:, 0, 0]


@pytest.mark.parametrize(
    ("estimator", "unlabelled"),
    [
        (Seen(accepts_unlabelled=True), "auto"),
        (make_pipeline(PCA(2), Seen(accepts_unlabelled=True)), "auto"),
        (Seen(), "keep"),
    ],
)
def test_kept_rows_without_a_label_have_minus_one(estimator, unlabelled):
    curve, models = fitted(estimator, unlabelled=unlabelled)
    train = curve.folds[0][0]
    for model, kept in zip(models, curve.indices[:, 0, 0], strict=True):
        seen = model if isinstance(model, Seen) else model[-1]
        assert len(seen.X_) == len(train)
        expected = np.where(np.isin(train, kept), y[train], -1)
        np.testing.assert_array_equal(seen.y_, expected)


@pytest.mark.parametrize(
    ("estimator", "unlabelled"),
    [(Seen(), "auto"), (Seen(accepts_unlabelled=True), "drop")],
)
def test_dropped_rows_are_not_seen(estimator, unlabelled):
    curve, models = fitted(estimator, unlabelled=unlabelled)
    for model, kept in zip(models, curve.indices[:, 0, 0], strict=True):
        np.testing.assert_array_equal(model.X_, X[kept])
        np.testing.assert_array_equal(model.y_, y[kept])


def test_self_training_labels_the_hidden_rows():
    model = SelfTrainingClassifier(LogisticRegression(), threshold=0.6)
    curve, models = fitted(model)
    labelled_before = models[0].labeled_iter_ == 0
    assert np.count_nonzero(labelled_before) == 6
    assert len(labelled_before) == len(curve.folds[0][0])


def test_label_spreading_at_the_end_of_nested_pipelines():
    model = make_pipeline(PCA(2), make_pipeline(LabelSpreading()))
    curve, models = fitted(model)
    assert len(models[0][-1][-1].transduction_) == len(curve.folds[0][0])


def test_labels_may_be_strings_and_minus_one():
    names = np.array(["wake", "NREM", "REM"], dtype=object)[np.arange(90) % 3]
    names[y == -1] = -1
    model = SelfTrainingClassifier(LogisticRegression(), threshold=0.6)
    curve, models = fitted(model, names)
    assert curve.class_names == ("NREM", "REM", "wake")
    assert set(models[0].transduction_) <= {*curve.class_names, -1}


def test_strings_alone_are_hidden_as_minus_one():
    names = np.array(["wake", "NREM", "REM"])[np.arange(90) % 3]
    _, models = fitted(Seen(accepts_unlabelled=True), names)
    assert set(models[0].y_) == {"wake", "NREM", "REM", -1}


@pytest.mark.parametrize("dtype", [bool, np.uint8])
def test_labels_of_a_kind_without_minus_one_are_hidden_as_well(dtype):
    binary = (np.arange(90) % 2).astype(dtype)
    for model in fitted(Seen(accepts_unlabelled=True), binary)[1]:
        assert set(model.y_.tolist()) <= {0, 1, -1}
    few = fitted(Seen(accepts_unlabelled=True), binary)[1][0]
    np.testing.assert_array_equal(np.bincount(few.y_ + 1), [56, 2, 2])


@pytest.mark.parametrize("cv", [3, StratifiedKFold(3), StratifiedGroupKFold(3)])
def test_names_beside_minus_one_are_stratified_as_numbers_are(cv):
    sorted_y = np.sort(y)
    names = np.array(["wake", "NREM", "REM", -1], dtype=object)[sorted_y]
    folds = [
        per_class_learning_curve(
            LogisticRegression(),
            X,
            labels,
            cv=cv,
            samples_per_class=["all"],
            groups=np.arange(90) if isinstance(cv, StratifiedGroupKFold) else None,
        ).folds
        for labels in (sorted_y, names)
    ]
    for one, other in zip(*folds, strict=True):
        np.testing.assert_array_equal(one[1], other[1])


def test_a_search_over_a_semi_supervised_estimator_is_given_labels_only():
    search = GridSearchCV(
        SelfTrainingClassifier(LogisticRegression(), max_iter=None),
        {"threshold": [0.6]},
        cv=2,
    )
    with (
        pytest.warns(UserWarning, match="y contains no unlabeled samples"),
        pytest.warns(UserWarning, match="inside GridSearchCV, is not given"),
    ):
        _, models = fitted(search)
    assert len(models[0].best_estimator_.labeled_iter_) == 6


@pytest.mark.parametrize("dtype", [int, object])
@pytest.mark.parametrize(
    ("cv", "n_tested"),
    [
        (GroupKFold(4), 1),
        (4, 1),
        (LeaveOneGroupOut(), 1),
        (LeavePGroupsOut(2), 2),
        (StratifiedGroupKFold(2), 2),
        (GroupShuffleSplit(3, test_size=1, random_state=0), 1),
        (GroupShuffleSplit(3, test_size=0.5, random_state=0), 2),
    ],
)
def test_groups_without_a_label_are_in_every_training_fold(cv, n_tested, dtype):
    groups = (np.arange(90) // 15).astype(dtype)
    hidden = np.where(np.isin(groups, [1, 4]), -1, y)
    curve = per_class_learning_curve(
        Seen(accepts_unlabelled=True),
        X,
        hidden,
        groups=groups,
        cv=cv,
        return_estimator=True,
    )
    tested = [set(groups[test]) for _, test in curve.folds]
    for (train, _), subjects in zip(curve.folds, tested, strict=True):
        assert len(subjects & {0, 2, 3, 5}) == len(subjects) == n_tested
        assert set(groups[train]) == set(range(6)) - subjects
        assert len(set(train)) == len(train) == 90 - 15 * n_tested
    seen = curve.estimators[-1, 0, 0]
    np.testing.assert_array_equal(seen.X_, X[curve.folds[0][0]])
    np.testing.assert_array_equal(seen.y_, hidden[curve.folds[0][0]])


class Embedder(TransformerMixin, BaseEstimator):
    """Learns from windows without a label, too."""

    accepts_unlabelled = True

    def fit(self, X, y=None):
        self.n_ = len(X)
        return self

    def transform(self, X):
        return X


CLASSIFIER = Seen(accepts_unlabelled=True)
MODEL = make_pipeline(Embedder(), LogisticRegression())


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (
            GridSearchCV(CLASSIFIER, {"accepts_unlabelled": [True]}, cv=2),
            "^Seen, inside GridSearchCV, is not .* unlabelled='keep' gives",
        ),
        (
            VotingClassifier([("a", LogisticRegression()), ("b", CLASSIFIER)]),
            "^Seen, inside VotingClassifier, is not .* unlabelled='keep' gives",
        ),
        (
            make_pipeline(PCA(2), MODEL),
            "^Embedder, inside Pipeline, .* put Embedder into .* before the last",
        ),
        (
            GridSearchCV(MODEL, {"logisticregression__C": [1.0]}, cv=2),
            "^Embedder, inside GridSearchCV, .* put Embedder into a step",
        ),
        (
            make_pipeline(make_pipeline(FeatureUnion([("e", Embedder())]), CLASSIFIER)),
            None,
        ),
        (make_pipeline(FrozenEstimator(Embedder().fit(X)), LogisticRegression()), None),
        (
            make_pipeline(
                make_pipeline(FrozenEstimator(Embedder().fit(X)), LogisticRegression())
            ),
            None,
        ),
        (MODEL, None),
    ],
)
def test_what_would_learn_from_more_windows_is_told(estimator, message):
    if message is None:
        fitted(estimator)
    fitted(estimator, unlabelled="drop")
    if message is not None:
        with pytest.warns(UserWarning, match=message):
            fitted(estimator)


def test_groups_that_a_shuffle_leaves_out_stay_out():
    groups = np.arange(90) // 15
    hidden = np.where(groups == 4, -1, y)
    cv = GroupShuffleSplit(5, train_size=3, test_size=1, random_state=0)
    curve = per_class_learning_curve(
        LogisticRegression(), X, hidden, groups=groups, cv=cv
    )
    for (train, _), expected in zip(
        curve.folds, cv.split(X, hidden, groups), strict=True
    ):
        np.testing.assert_array_equal(train, expected[0])


def test_nothing_is_told_where_every_label_is_kept():
    labelled = y != -1
    options = {"cv": KFold(3), "samples_per_class": ["all"]}
    model = make_pipeline(PCA(2), MODEL)
    per_class_learning_curve(model, X[labelled], y[labelled], **options)
    with pytest.warns(UserWarning, match="Embedder, inside Pipeline"):
        per_class_learning_curve(model, X, y, **options)
    options["samples_per_class"] = [5]
    with pytest.warns(UserWarning, match="Embedder, inside Pipeline"):
        per_class_learning_curve(model, X[labelled], y[labelled], **options)


def test_a_step_before_a_semi_supervised_estimator_does_not_warn(windows):
    bands = BandPower({"slow": (0, 2), "fast": (2, 5)})
    model = make_pipeline(make_pipeline(bands, LabelSpreading()))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", module="sklearn.semi_supervised")
        per_class_learning_curve(model, windows, cv=3)


class TrainsOnDays(GroupsConsumerMixin, BaseCrossValidator):
    """Leaves a subject's other recordings out on purpose."""

    def get_n_splits(self, X=None, y=None, groups=None):
        return 2

    def split(self, X, y, groups):
        for tested in ("A", "B"):
            subjects = np.array([group[0] for group in groups])
            test = np.array([group == f"{tested} day" for group in groups])
            yield np.flatnonzero(subjects != tested), np.flatnonzero(test)


class TrainsOnDaysOfFolds(TrainsOnDays, GroupKFold):
    """The same, made from one of scikit-learn's that leaves nothing out."""


@pytest.mark.parametrize("cv", [TrainsOnDays(), TrainsOnDaysOfFolds(2)])
def test_what_a_users_splitter_leaves_out_stays_out(cv):
    names = [f"{subject} {part}" for subject in "ABC" for part in ("day", "night")]
    groups = np.repeat(names, 15)
    hidden = np.where(np.char.endswith(groups, "night"), -1, y)
    curve = per_class_learning_curve(CLASSIFIER, X, hidden, groups=groups, cv=cv)
    for (train, test), tested in zip(curve.folds, "AB", strict=True):
        assert {group[0] for group in groups[train]} == set("ABC") - {tested}
        assert set(groups[test]) == {f"{tested} day"}
