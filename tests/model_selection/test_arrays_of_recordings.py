"""An embedder of an array must be told which rows are of one recording."""

import warnings

import numpy as np
import pytest
import sklearn
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import FeatureUnion, make_pipeline

from sksleep.classification import StagerNetClassifier
from sksleep.embedding import StagerNetEmbedder
from sksleep.model_selection import per_class_learning_curve
from sksleep.pretext import RelativePositioning

SMALL = {
    "n_features": 2,
    "module_params": {"n_filters": 2, "kernel_sizes": (3, 1), "pool_sizes": (2, 2)},
    "max_epochs": 1,
    "validation_fraction": None,
    "random_state": 0,
    "device": "cpu",
}
TASK = RelativePositioning(4, 12)


@pytest.mark.parametrize(
    ("model", "prefix"),
    [
        (StagerNetClassifier(TASK, **SMALL), ""),
        (
            make_pipeline(StagerNetEmbedder(TASK, **SMALL), LogisticRegression()),
            "stagernetembedder__",
        ),
    ],
)
def test_tells_of_an_embedder_that_takes_an_array_for_one_recording(
    windows, model, prefix
):
    X, y = np.asarray(windows), windows.y
    options = {"groups": windows.groups, "cv": GroupKFold(2), "random_state": 0}
    options["samples_per_class"] = ["all"]
    with pytest.warns(UserWarning, match="compares windows of several subjects"):
        per_class_learning_curve(model, X, y, **options)
    told = {f"{prefix}groups": windows.groups, f"{prefix}onsets": windows.onsets}
    curve = per_class_learning_curve(model, X, y, params=told, **options)
    expected = per_class_learning_curve(model, windows, **options)
    np.testing.assert_array_equal(curve.scores["score"], expected.scores["score"])


def embedder_in_a_pipeline():
    return make_pipeline(StagerNetEmbedder(TASK, **SMALL))


@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(embedder_in_a_pipeline(), LogisticRegression()),
        make_pipeline(
            FeatureUnion([("embed", StagerNetEmbedder(TASK, **SMALL))]),
            LogisticRegression(),
        ),
    ],
)
def test_tells_of_such_an_embedder_inside_of_a_step(windows, model):
    options = {"groups": windows.groups, "cv": GroupKFold(2)}
    with pytest.warns(UserWarning, match="compares windows of several subjects"):
        per_class_learning_curve(model, np.asarray(windows), windows.y, **options)


@pytest.mark.parametrize("asks", [True, False])
def test_tells_of_such_an_embedder_with_routing_where_it_does_not_ask(windows, asks):
    options = {"groups": windows.groups, "cv": GroupKFold(2)}
    with sklearn.config_context(enable_metadata_routing=True):
        embedder = StagerNetEmbedder(TASK, **SMALL)
        embedder.set_fit_request(groups=asks, onsets=asks)
        model = make_pipeline(embedder, LogisticRegression())
        params = {"onsets": windows.onsets} if asks else {}
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            per_class_learning_curve(
                model, np.asarray(windows), windows.y, params=params, **options
            )
    assert any("several subjects" in str(each.message) for each in told) is not asks


def test_one_that_is_told_under_another_name_is_told(windows):
    options = {"groups": windows.groups, "cv": GroupKFold(2)}
    params = {"recording": windows.groups, "onsets": windows.onsets}
    with sklearn.config_context(enable_metadata_routing=True):
        embedder = StagerNetEmbedder(TASK, **SMALL)
        embedder.set_fit_request(groups="recording", onsets=True)
        model = make_pipeline(embedder, LogisticRegression())
        X = np.asarray(windows)
        per_class_learning_curve(model, X, windows.y, params=params, **options)


@pytest.mark.parametrize(
    "kind", ["frozen", "frozen in a pipeline", "without a task", "random weights"]
)
def test_what_compares_no_windows_needs_no_recordings(windows, kind):
    if kind == "without a task":
        model = StagerNetClassifier(**SMALL)
    elif kind == "random weights":
        embedder = StagerNetEmbedder("random", **SMALL)
        model = make_pipeline(embedder, LogisticRegression())
    else:
        frozen = FrozenEstimator(StagerNetEmbedder(TASK, **SMALL).fit(windows))
        inner = make_pipeline(frozen) if "pipeline" in kind else frozen
        model = make_pipeline(inner, LogisticRegression())
    X, groups = np.asarray(windows), windows.groups
    per_class_learning_curve(model, X, windows.y, groups=groups, cv=GroupKFold(2))
