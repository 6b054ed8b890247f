"""What a curve's values are, and what the estimators see."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from sklearn.model_selection import (
    BaseCrossValidator,
    GroupKFold,
    StratifiedKFold,
    cross_validate,
)
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline

from sksleep.model_selection import limit_per_class, per_class_learning_curve

calls = []


class Flatten(TransformerMixin, BaseEstimator):
    """Windows to rows of numbers; notes its calls."""

    def fit(self, X, y=None):
        calls.append(("fit", len(X), y))
        self.n_rows_ = len(X)
        return self

    def transform(self, X):
        calls.append(("transform", len(X)))
        return np.asarray(X, dtype=float).reshape(len(X), -1)


def make_model():
    return make_pipeline(Flatten(), PCA(5, random_state=0), LogisticRegression())


@pytest.fixture(autouse=True)
def _forget_calls():
    calls.clear()


def slow_reference(model, X, y, groups, limits, n_repeats, seed):
    """The definition, written as plain loops: fit everything for every point."""
    folds = list(GroupKFold(3).split(X, y, groups))
    shape = (n_repeats, len(folds), len(limits))
    seeds = np.random.RandomState(seed).randint(2**31 - 1, size=shape)
    scores = np.full((len(limits), len(folds), n_repeats), np.nan)
    for i, limit in enumerate(limits):
        for j, (train, test) in enumerate(folds):
            test = test[y[test] >= 0]
            for k in range(n_repeats):
                kept = train[y[train] >= 0]
                if limit != "all":
                    kept = train[limit_per_class(y[train], limit, seeds[k, j, i])]
                front = clone(model[:-1]).fit(X[train])
                last = clone(model[-1]).fit(front.transform(X[kept]), y[kept])
                predicted = last.predict(front.transform(X[test]))
                scores[i, j, k] = balanced_accuracy_score(y[test], predicted)
    return scores


def test_values_equal_those_of_a_plain_loop(windows):
    curve = per_class_learning_curve(
        make_model(),
        windows,
        cv=GroupKFold(3),
        n_repeats=2,
        scoring="balanced_accuracy",
        random_state=7,
    )
    limits = (1, 10, "all")
    assert curve.samples_per_class == limits
    expected = slow_reference(
        make_model(), windows, windows.y, windows.groups, limits, 2, seed=7
    )
    np.testing.assert_allclose(
        curve.scores["balanced_accuracy"], expected, rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("scoring", [None, "accuracy", ["accuracy", "roc_auc_ovr"]])
def test_all_equals_cross_validate_to_the_last_digit(windows, scoring):
    X, y, groups = windows.labelled()
    options = {"groups": groups, "cv": GroupKFold(3), "scoring": scoring}
    curve = per_class_learning_curve(make_model(), X, y, **options)
    expected = cross_validate(make_model(), X, y, **options)
    for name, scores in curve.scores.items():
        key = f"test_{name}" if isinstance(scoring, list) else "test_score"
        np.testing.assert_array_equal(scores[-1, :, 0], expected[key])


def test_steps_before_the_last_are_fitted_once_per_fold_without_y(windows):
    per_class_learning_curve(make_model(), windows, cv=GroupKFold(3), n_repeats=4)
    n_test = np.count_nonzero(windows.y[:60] >= 0)
    calls_of_fold = [("fit", 120, None), ("transform", 120), ("transform", n_test)]
    assert calls == calls_of_fold * 3


def test_last_step_sees_the_kept_rows_only(windows):
    curve = per_class_learning_curve(
        make_model(),
        windows,
        samples_per_class=[2, 7],
        return_estimator=True,
        random_state=0,
    )
    for position, kept in np.ndenumerate(curve.indices):
        limit = curve.samples_per_class[position[0]]
        np.testing.assert_array_equal(np.bincount(windows.y[kept]), [limit] * 3)
        train, test = curve.folds[position[1]]
        assert set(kept) <= set(train)
        model = curve.estimators[position]
        Z = model[:-1].transform(windows[kept])
        expected = LogisticRegression().fit(Z, windows.y[kept])
        np.testing.assert_allclose(
            model[-1].coef_, expected.coef_, rtol=1e-3, atol=1e-5
        )
        score = accuracy_score(windows.y[test], model.predict(windows[test]))
        assert curve.scores["score"][position] == score


def test_test_labels_leave_the_weights_as_they_are(windows):
    train, test = next(GroupKFold(3).split(windows, groups=windows.groups))
    y = windows.y.copy()
    y[test] = np.random.default_rng(0).permutation(y[test])
    options = {"cv": [(train, test)], "random_state": 0, "return_estimator": True}
    one = per_class_learning_curve(make_model(), windows, **options)
    other = per_class_learning_curve(make_model(), windows, y, **options)
    assert not np.array_equal(one.scores["score"], other.scores["score"])
    for first, second in zip(one.estimators.flat, other.estimators.flat, strict=True):
        np.testing.assert_array_equal(first[-1].coef_, second[-1].coef_)
        np.testing.assert_array_equal(first[1].components_, second[1].components_)


def test_the_test_signal_leaves_the_weights_as_they_are(windows):
    train, test = next(GroupKFold(3).split(windows, groups=windows.groups))
    X = np.asarray(windows)
    changed = X.copy()
    changed[test] = 1e3
    options = {"cv": [(train, test)], "random_state": 0, "return_estimator": True}
    one = per_class_learning_curve(make_model(), X, windows.y, **options)
    other = per_class_learning_curve(make_model(), changed, windows.y, **options)
    for first, second in zip(one.estimators.flat, other.estimators.flat, strict=True):
        np.testing.assert_array_equal(first[1].components_, second[1].components_)
        np.testing.assert_array_equal(first[-1].coef_, second[-1].coef_)


def test_results_do_not_depend_on_n_jobs(windows):
    options = {"cv": GroupKFold(3), "n_repeats": 2, "random_state": 0}
    model = make_pipeline(PCAOfWindows(), LogisticRegression())
    one = per_class_learning_curve(model, windows, n_jobs=1, **options)
    two = per_class_learning_curve(model, windows, n_jobs=2, **options)
    np.testing.assert_array_equal(one.scores["score"], two.scores["score"])
    for first, second in zip(one.indices.flat, two.indices.flat, strict=True):
        np.testing.assert_array_equal(first, second)


class PCAOfWindows(PCA):
    def fit_transform(self, X, y=None):
        return super().fit_transform(np.asarray(X).reshape(len(X), -1))

    def transform(self, X):
        return super().transform(np.asarray(X).reshape(len(X), -1))


def test_draws_do_not_depend_on_the_estimator_and_stay_with_more_repeats(windows):
    few = per_class_learning_curve(make_model(), windows, random_state=0)
    more = per_class_learning_curve(
        make_pipeline(Flatten(), DummyClassifier()),
        windows,
        n_repeats=3,
        random_state=0,
    )
    for position, kept in np.ndenumerate(few.indices):
        np.testing.assert_array_equal(kept, more.indices[position])
    assert not np.array_equal(more.indices[0, 0, 0], more.indices[0, 0, 1])


def test_all_stands_in_every_repeat(windows):
    curve = per_class_learning_curve(make_model(), windows, n_repeats=3)
    assert (np.ptp(curve.scores["score"][-1], axis=1) == 0).all()
    assert (np.ptp(curve.fit_times[-1], axis=1) == 0).all()


def test_test_windows_without_a_label_are_not_scored(windows):
    y = windows.y
    curve = per_class_learning_curve(DummyClassifier(), np.zeros((len(y), 1)), y, cv=3)
    for _, test in curve.folds:
        assert (y[test] >= 0).all()


def test_groups_of_windows_are_the_subjects(windows):
    curve = per_class_learning_curve(make_model(), windows, cv=3)
    for train, test in curve.folds:
        assert not set(windows.groups[train]) & set(windows.groups[test])


def test_a_splitter_that_ignores_groups_is_obeyed_and_warned_of(windows):
    X, y, _ = windows.labelled()
    with pytest.warns(UserWarning, match="Fold 0 trains on labels of .* tests: S1, S2"):
        curve = per_class_learning_curve(make_model(), X, cv=StratifiedKFold(3))
    for (_, test), expected in zip(
        curve.folds, StratifiedKFold(3).split(X, y), strict=True
    ):
        np.testing.assert_array_equal(test, expected[1])


def test_frozen_embedders_and_unions_are_steps(windows):
    frozen = FrozenEstimator(make_model()[:-1].fit(windows))
    calls.clear()
    union = FeatureUnion([("frozen", frozen), ("fresh", make_model()[:-1])])
    model = Pipeline([("embed", union), ("classify", LogisticRegression())])
    curve = per_class_learning_curve(model, windows, cv=3)
    assert [call[0] for call in calls].count("fit") == 3
    assert np.isfinite(curve.scores["score"]).all()


def test_a_frozen_step_needs_no_y(windows):
    X, y, groups = windows.labelled()
    X = np.asarray(X).reshape(len(X), -1)
    frozen = FrozenEstimator(LinearDiscriminantAnalysis().fit(X, y))
    curve = per_class_learning_curve(
        make_pipeline(frozen, LogisticRegression()), X, y, groups=groups
    )
    assert np.isfinite(curve.scores["score"]).all()


class LeaveOneSubjectOut:
    """A splitter of someone who has not heard of metadata routing."""

    def get_n_splits(self, X, y, groups):
        return len(set(groups))

    def split(self, X, y, groups):
        for group in sorted(set(groups)):
            yield np.flatnonzero(groups != group), np.flatnonzero(groups == group)


class OfGroups(BaseCrossValidator):
    """A splitter that does not say that it uses groups, and does without."""

    def get_n_splits(self, X=None, y=None, groups=None):
        return 2

    def split(self, X, y=None, groups=None):
        groups = np.arange(len(X)) if groups is None else groups
        return GroupKFold(2).split(X, y, groups)


@pytest.mark.parametrize("cv", [LeaveOneSubjectOut(), OfGroups()])
@pytest.mark.parametrize("is_given", [False, True])
def test_groups_reach_any_splitter(windows, cv, is_given):
    groups = windows.groups if is_given else None
    curve = per_class_learning_curve(make_model(), windows, groups=groups, cv=cv)
    for train, test in curve.folds:
        assert not set(windows.groups[train]) & set(windows.groups[test])


def test_classes_have_names_only_where_the_labels_are_those_of_the_windows(windows):
    hidden = np.where(np.arange(len(windows)) % 2, windows.y, -1)
    is_rem = (windows.y == 2).astype(int)
    for y, names in (
        (None, ("wake", "NREM", "REM")),
        (hidden, ("wake", "NREM", "REM")),
        (is_rem, ("0", "1")),
        (windows.y.astype(float), ("wake", "NREM", "REM")),
        (np.array(windows.class_names)[windows.y], ("NREM", "REM", "wake")),
    ):
        curve = per_class_learning_curve(
            make_model(), windows, y, cv=2, samples_per_class=["all"]
        )
        assert curve.class_names == names


def test_a_step_that_needs_y_works_nested_in_the_last_step(windows):
    last = make_pipeline(SelectKBest(k=3), LogisticRegression())
    X, y, groups = windows.labelled()
    model = make_pipeline(Flatten(), last)
    curve = per_class_learning_curve(
        model, X, y, groups=groups, cv=3, samples_per_class=["all"]
    )
    flat = make_pipeline(Flatten(), SelectKBest(k=3), LogisticRegression())
    expected = cross_validate(flat, X, y, groups=groups, cv=GroupKFold(3))
    np.testing.assert_array_equal(
        curve.scores["score"][-1, :, 0], expected["test_score"]
    )


def test_the_memory_of_a_pipeline_is_used(windows, tmp_path):
    model = make_model().set_params(memory=str(tmp_path))
    first = per_class_learning_curve(model, windows, random_state=0)
    n_fits = [call[0] for call in calls].count("fit")
    second = per_class_learning_curve(model, windows, random_state=0)
    assert [call[0] for call in calls].count("fit") == n_fits
    np.testing.assert_array_equal(first.scores["score"], second.scores["score"])


def test_the_callers_estimator_stays_unfitted(windows):
    model = make_model()
    per_class_learning_curve(model, windows)
    assert not hasattr(model[0], "n_rows_")
    assert isinstance(model[-1], LogisticRegression)


def test_groups_that_are_given_come_before_the_subjects(windows):
    pairs = windows.recording_index // 2  # of subjects, as litters are
    curve = per_class_learning_curve(
        DummyClassifier(), windows, groups=pairs, cv=3, samples_per_class=["all"]
    )
    for train, test in curve.folds:
        assert not set(pairs[train]) & set(pairs[test])


def test_rows_kept_of_an_unsorted_training_fold_are_sorted():
    y = np.arange(40) % 2
    train = np.random.default_rng(0).permutation(30)
    curve = per_class_learning_curve(
        DummyClassifier(),
        np.zeros((40, 1)),
        y,
        cv=[(train, np.arange(30, 40))],
        samples_per_class=[3, "all"],
    )
    for rows in curve.indices.flat:
        np.testing.assert_array_equal(rows, np.sort(rows))
    np.testing.assert_array_equal(curve.indices[1, 0, 0], np.arange(30))
