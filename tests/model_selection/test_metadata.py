"""Metadata, such as onsets, on their way to steps and scorers."""

import numpy as np
import pytest
import sklearn
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, make_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.fixes import parse_version

from sksleep.model_selection import per_class_learning_curve

sklearn_version = parse_version(sklearn.__version__)

rng = np.random.default_rng(0)
y = np.arange(90) % 3
X = rng.normal(size=(90, 4)) + y[:, None]


class Onsets(BaseEstimator):
    """Keeps the onsets that it was given."""

    def fit(self, X, y=None, onsets=None):
        self.onsets_ = onsets
        return self

    def transform(self, X, shift=None):
        return X if shift is None else X + shift[:, None]


def check_params(model, params):
    curve = per_class_learning_curve(
        model,
        X,
        y,
        cv=KFold(3),
        samples_per_class=[5],
        params=params,
        return_estimator=True,
        random_state=0,
    )
    weights = params[
        "logisticregression__sample_weight"
        if "__" in next(iter(params))
        else "sample_weight"
    ]
    for fold, (train, _) in enumerate(curve.folds):
        fitted, kept = curve.estimators[0, fold, 0], curve.indices[0, fold, 0]
        np.testing.assert_array_equal(fitted[0].onsets_, train * 3.0)
        expected = LogisticRegression().fit(X[kept], y[kept], weights[kept])
        np.testing.assert_array_equal(fitted[-1].coef_, expected.coef_)


def test_params_reach_the_steps_by_prefix():
    model = make_pipeline(Onsets(), LogisticRegression())
    weights = rng.uniform(size=90)
    params = {
        "onsets__onsets": np.arange(90) * 3.0,
        "logisticregression__sample_weight": weights,
    }
    check_params(model, params)


def test_params_reach_the_steps_by_routing():
    with sklearn.config_context(enable_metadata_routing=True):
        model = make_pipeline(
            Onsets().set_fit_request(onsets=True),
            LogisticRegression()
            .set_fit_request(sample_weight=True)
            .set_score_request(sample_weight=False),
        )
        weights = rng.uniform(size=90)
        check_params(model, {"onsets": np.arange(90) * 3.0, "sample_weight": weights})


def test_subjects_of_windows_reach_a_search_by_routing(windows):
    flatten = FunctionTransformer(lambda X: np.asarray(X).reshape(len(X), -1))
    search = GridSearchCV(LogisticRegression(), {"C": [1e-3]}, cv=GroupKFold(2))
    with sklearn.config_context(enable_metadata_routing=True):
        curve = per_class_learning_curve(
            make_pipeline(flatten, search), windows, cv=3, samples_per_class=["all"]
        )
    assert np.isfinite(curve.scores["score"]).all()


def test_a_pipeline_may_transform_metadata_that_is_not_given():
    model = make_pipeline(
        StandardScaler(), LogisticRegression(), transform_input=["X_val"]
    )
    curve = per_class_learning_curve(model, X, y, cv=KFold(3))
    assert np.isfinite(curve.scores["score"]).all()


class Groups(Onsets):
    """Keeps the groups that it was given."""

    def fit(self, X, y=None, groups=None):
        self.groups_ = groups
        return self


@pytest.mark.parametrize("own", [None, np.arange(90) // 2])
def test_groups_of_the_folds_reach_who_asks_for_them_by_routing(own):
    subjects = np.arange(90) // 10
    params = {} if own is None else {"params": {"groups": own}}
    with sklearn.config_context(enable_metadata_routing=True):
        for asks in (True, False):
            curve = per_class_learning_curve(
                make_pipeline(
                    Groups().set_fit_request(groups=asks), LogisticRegression()
                ),
                X,
                y,
                groups=subjects,
                cv=GroupKFold(3),
                samples_per_class=[5],
                return_estimator=True,
                **(params if asks else {}),
            )
            for (train, test), model in zip(
                curve.folds, curve.estimators[0, :, 0], strict=True
            ):
                assert not set(subjects[train]) & set(subjects[test])
                expected = subjects if own is None else own
                seen = model[0].groups_
                assert np.array_equal(seen, expected[train]) if asks else seen is None


def test_params_reach_transform_by_routing():
    shift = np.where(np.arange(90) < 60, 0.0, 1e6)
    with sklearn.config_context(enable_metadata_routing=True):
        step = Onsets().set_transform_request(shift=True)
        curve = per_class_learning_curve(
            make_pipeline(step, LogisticRegression()),
            X,
            y,
            cv=[(np.arange(60), np.arange(60, 90))],
            params={"shift": shift},
            samples_per_class=["all"],
            return_estimator=True,
        )
    [model] = curve.estimators.flat
    assert curve.scores["score"][0, 0, 0] == model[-1].score(X[60:] + 1e6, y[60:])
    expected = LogisticRegression().fit(X[:60], y[:60])
    np.testing.assert_array_equal(model[-1].coef_, expected.coef_)


class OwnOnsets(BaseEstimator):
    """Wants the onsets of its rows, which stand in the first column."""

    def fit(self, X, y=None, *, onsets):
        np.testing.assert_array_equal(X[:, 0], onsets)
        self.is_fitted_ = True
        return self

    def transform(self, X, *, onsets):
        np.testing.assert_array_equal(X[:, 0], onsets)
        return X


class OwnOnsetsClassifier(LogisticRegression):
    accepts_unlabelled = True

    def fit(self, X, y, *, onsets):
        np.testing.assert_array_equal(X[:, 0], onsets)
        return super().fit(X[y >= 0], y[y >= 0])


def test_every_step_gets_the_metadata_of_its_rows():
    onsets = np.random.default_rng(1).permutation(90) / 90
    with sklearn.config_context(enable_metadata_routing=True):
        front = OwnOnsets().set_fit_request(onsets=True)
        front.set_transform_request(onsets=True)
        curve = per_class_learning_curve(
            make_pipeline(front, OwnOnsetsClassifier().set_fit_request(onsets=True)),
            np.column_stack([onsets, X]),
            np.where(np.arange(90) % 4, y, -1),
            cv=KFold(3, shuffle=True, random_state=0),
            params={"onsets": onsets},
            samples_per_class=[3],
            error_score="raise",
        )
    assert np.isfinite(curve.scores["score"]).all()


@pytest.mark.parametrize(
    "scoring",
    [
        None,
        make_scorer(accuracy_score),
        {"accuracy": make_scorer(accuracy_score)},
        make_scorer(log_loss, response_method="predict_proba"),
    ],
)
@pytest.mark.parametrize("fitted_with", [True, False])
@pytest.mark.parametrize("scored_with", [True, False])
def test_scores_are_those_of_cross_validate_with_metadata(
    scoring, fitted_with, scored_with
):
    if scoring is None and scored_with and sklearn_version < parse_version("1.8"):
        pytest.skip("cross_validate refuses it before scikit-learn 1.8")
    weights = rng.uniform(size=90) ** 4
    options = {"cv": KFold(3, shuffle=True, random_state=0)}
    with sklearn.config_context(enable_metadata_routing=True):
        last = LogisticRegression().set_fit_request(sample_weight=fitted_with)
        last.set_score_request(sample_weight=scored_with)
        scorer = clone(scoring, safe=False)
        for part in scorer.values() if isinstance(scorer, dict) else [scorer]:
            if part is not None:
                part.set_score_request(sample_weight=scored_with)
        options |= {"scoring": scorer, "params": {"sample_weight": weights}}
        model = make_pipeline(Onsets(), last)
        if not (fitted_with or scored_with):
            with pytest.raises(ValueError, match="no step takes sample_weight"):
                per_class_learning_curve(model, X, y, **options)
            return
        curve = per_class_learning_curve(
            model, X, y, samples_per_class=["all"], **options
        )
        if scoring is None and not scored_with:
            # Pipeline.score itself refuses what nothing in it asks for.
            options["scoring"] = make_scorer(accuracy_score)
            options["scoring"].set_score_request(sample_weight=False)
        expected = cross_validate(model, X, y, **options)
    [scores] = curve.scores.values()
    [expected] = [value for key, value in expected.items() if key.startswith("test_")]
    np.testing.assert_allclose(scores[0, :, 0], expected, rtol=1e-12)


def test_refuses_metadata_that_a_step_has_not_decided_about():
    with sklearn.config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=True)
        model = make_pipeline(scaler, LogisticRegression())
        params = {"sample_weight": np.ones(90)}
        with pytest.raises(UnsetMetadataPassedError, match="LogisticRegression"):
            per_class_learning_curve(model, X, y, params=params)


@pytest.mark.skipif(
    sklearn_version < parse_version("1.9"), reason="cross_validate allows it before 1.9"
)
@pytest.mark.parametrize("scoring", [["accuracy"], {"a": "accuracy", "f": "f1_macro"}])
def test_refuses_metadata_that_a_scorer_of_several_has_not_decided_about(scoring):
    with sklearn.config_context(enable_metadata_routing=True):
        model = LogisticRegression().set_fit_request(sample_weight=True)
        params = {"sample_weight": np.ones(90)}
        for score in (cross_validate, per_class_learning_curve):
            with pytest.raises(UnsetMetadataPassedError, match="make_scorer"):
                score(model, X, y, params=params, scoring=scoring)


@pytest.mark.parametrize("several", [True, False])
def test_scorers_get_metadata_under_an_alias(several):
    weights = rng.uniform(size=90) ** 4
    with sklearn.config_context(enable_metadata_routing=True):
        model = LogisticRegression().set_fit_request(sample_weight=False)
        scorer = make_scorer(accuracy_score).set_score_request(sample_weight="trust")
        scoring = {"mine": scorer} if several else scorer
        options = {"params": {"trust": weights}, "scoring": scoring, "cv": KFold(3)}
        curve = per_class_learning_curve(model, X, y, **options)
        expected = cross_validate(model, X, y, **options)
    [scores] = curve.scores.values()
    [expected] = [value for key, value in expected.items() if key.startswith("test_")]
    np.testing.assert_allclose(scores[-1, :, 0], expected)


def test_metadata_of_none_is_no_metadata():
    params = {"logisticregression__sample_weight": None}
    curve = per_class_learning_curve(
        make_pipeline(Onsets(), LogisticRegression()), X, y, params=params
    )
    expected = per_class_learning_curve(LogisticRegression(), X, y)
    np.testing.assert_array_equal(
        curve.scores["score"][-1], expected.scores["score"][-1]
    )


def test_params_of_an_estimator_that_is_no_pipeline():
    weights = rng.uniform(size=90)
    curve = per_class_learning_curve(
        LogisticRegression(),
        X,
        y,
        params={"sample_weight": weights},
        return_estimator=True,
    )
    expected = LogisticRegression().fit(
        *(part[curve.indices[-1, 0, 0]] for part in (X, y, weights))
    )
    np.testing.assert_array_equal(curve.estimators[-1, 0, 0].coef_, expected.coef_)


def test_refuses_params_that_no_step_takes():
    model = make_pipeline(Onsets(), LogisticRegression())
    with pytest.raises(ValueError, match=r"no step takes onsets\. Write step__name"):
        per_class_learning_curve(model, X, y, params={"onsets": y})
    with (
        sklearn.config_context(enable_metadata_routing=True),
        pytest.raises(ValueError, match=r"no step takes weights.*set_fit_request"),
    ):
        per_class_learning_curve(model, X, y, params={"weights": y})


def test_refuses_metadata_that_steps_would_have_to_transform():
    model = make_pipeline(
        StandardScaler(), LogisticRegression(), transform_input=["X_val"]
    )
    with pytest.raises(ValueError, match="transform_input of X_val cannot be kept"):
        per_class_learning_curve(model, X, y, cv=KFold(3), params={"X_val": X})


def test_refuses_params_of_another_length():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        per_class_learning_curve(
            LogisticRegression(), X, y, params={"sample_weight": y[:-1]}
        )
