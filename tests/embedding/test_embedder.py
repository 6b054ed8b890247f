from datetime import timedelta

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, Pipeline

from sksleep import Windows
from sksleep.embedding import StagerNetEmbedder
from sksleep.preprocessing import Windower
from sksleep.pretext import RelativePositioning


def with_data(windows, change):
    """Return the windows on recordings changed by a function."""
    return Windows(
        [change(recording) for recording in windows.recordings],
        windows.recording_index,
        windows.starts,
        windows.n_times,
        y=windows.y,
        class_names=windows.class_names,
    )


def test_learns_the_task_and_separates_the_states(windows, fitted, make_embedder):
    assert fitted.pretext_accuracy_["RelativePositioning"] > 0.65
    embeddings = fitted.transform(windows)
    assert embeddings.shape == (len(windows), 6)
    few = np.flatnonzero(windows.groups == "S0")[::10]
    classifier = LogisticRegression().fit(embeddings[few], windows.y[few])
    assert classifier.score(embeddings, windows.y) > 0.9


def test_transform_does_not_depend_on_the_batch(windows, fitted):
    rows = np.random.default_rng(0).permutation(len(windows))[:70]
    np.testing.assert_allclose(
        fitted.transform(windows[rows]),
        fitted.transform(windows)[rows],
        rtol=1e-4,
        atol=1e-5,
    )
    np.testing.assert_array_equal(fitted.transform(windows), fitted.transform(windows))


def test_arrays_with_groups_and_onsets_train_as_windows_do(
    windows, make_embedder, weights
):
    from_windows = make_embedder().fit(windows)
    array, groups = np.asarray(windows), windows.recording_index
    from_array = make_embedder().fit(array, groups=groups, onsets=windows.onsets)
    assert weights(from_array) == weights(from_windows)
    np.testing.assert_array_equal(
        from_array.transform(array), from_windows.transform(windows)
    )


def test_without_onsets_times_are_counted_in_windows(windows, make_embedder, weights):
    array, groups = np.asarray(windows), windows.recording_index
    in_windows = RelativePositioning(4, 10, windows_per_recording=16)
    counted = make_embedder(in_windows).fit(array, groups=groups)
    in_seconds = RelativePositioning(12, 30, windows_per_recording=16)
    timed = make_embedder(in_seconds).fit(array, groups=groups, onsets=windows.onsets)
    assert weights(counted) == weights(timed)


def test_two_dimensional_array_is_one_channel(windows, make_embedder, weights):
    array = np.asarray(windows)[:, 0]
    flat = make_embedder().fit(array, groups=windows.recording_index)
    deep = make_embedder().fit(array[:, None], groups=windows.recording_index)
    assert weights(flat) == weights(deep)
    assert flat.n_features_in_ == 75
    assert deep.n_features_in_ == 1
    expected = flat.transform(array)
    for embedder in (flat, deep):
        for X in (array, array[:, None], array.tolist()):
            np.testing.assert_array_equal(embedder.transform(X), expected)
        with pytest.raises(ValueError, match="74"):
            embedder.transform(array[:, :-1])


def test_scale_and_offset_of_a_channel_do_not_matter(windows, fitted):
    scaled = with_data(windows, lambda r: r.replace(data=r.data * 1e3 + 5e2))
    np.testing.assert_allclose(
        fitted.transform(scaled), fitted.transform(windows), rtol=1e-3, atol=1e-4
    )


def test_constant_windows_become_zeros(fitted):
    constant = np.full((3, 2, 75), 0.1, np.float32)
    np.testing.assert_array_equal(
        fitted.transform(constant), fitted.transform(np.zeros((3, 2, 75)))
    )


def test_random_weights_are_those_of_an_untrained_network(windows, make_embedder):
    embedder = make_embedder("random").fit(windows)
    assert len(embedder.net_.history) == 0
    assert embedder.pretext_accuracy_ == {}
    assert embedder.transform(windows).std() > 0


def test_feature_names_and_pandas_output(windows, make_embedder):
    embedder = make_embedder("random").set_output(transform="pandas").fit(windows)
    frame = embedder.transform(windows)
    assert list(frame.columns) == [f"stagernetembedder{i}" for i in range(6)]


def test_joblib_dump_gives_the_same_embeddings(windows, fitted, tmp_path):
    joblib.dump(fitted, tmp_path / "rp.joblib")
    loaded = joblib.load(tmp_path / "rp.joblib")
    np.testing.assert_array_equal(loaded.transform(windows), fitted.transform(windows))
    # The dump holds weights, not windows.
    assert (tmp_path / "rp.joblib").stat().st_size < 200_000


def test_frozen_embedders_work_side_by_side(windows, fitted, make_embedder):
    other = make_embedder("random").fit(windows)
    union = FeatureUnion(
        [("rp", FrozenEstimator(fitted)), ("random", FrozenEstimator(other))]
    )
    embeddings = union.fit_transform(windows)
    expected = np.hstack([fitted.transform(windows), other.transform(windows)])
    np.testing.assert_array_equal(embeddings, expected)


def test_nested_parameters_can_be_searched(windows, make_embedder):
    model = Pipeline(
        [("embed", make_embedder(max_epochs=1)), ("classify", LogisticRegression())]
    )
    search = GridSearchCV(
        model, {"embed__pretext__tau_pos": [6, 12]}, cv=GroupKFold(2)
    ).fit(windows, windows.y, groups=windows.groups)
    assert set(search.cv_results_["param_embed__pretext__tau_pos"]) == {6, 12}


def test_groups_and_onsets_can_be_routed(windows, make_embedder, weights):
    array, groups = np.asarray(windows), windows.recording_index
    with config_context(enable_metadata_routing=True):
        embedder = make_embedder().set_fit_request(groups=True, onsets=True)
        model = Pipeline([("embed", embedder), ("classify", LogisticRegression())])
        model.fit(array, windows.y, groups=groups, onsets=windows.onsets)
    assert weights(model["embed"]) == weights(make_embedder().fit(windows))


def test_onsets_of_one_recording_may_stand_in_any_order(
    windows, make_embedder, weights
):
    one = windows[windows.recording_index == 0]
    order = np.random.default_rng(0).permutation(len(one))
    array, onsets = np.asarray(one)[order], one.onsets[order]
    params = {"max_epochs": 1, "validation_fraction": None}
    without = make_embedder(**params).fit(array, onsets=onsets)
    groups = np.zeros(len(one))
    with_groups = make_embedder(**params).fit(array, groups=groups, onsets=onsets)
    assert weights(without) == weights(with_groups)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.pick(["Cz", "Fpz"]), "ch_names=.*Fpz.*, got .*Cz"),
        (lambda r: r.pick(["Cz"]), "ch_names=.*Fpz.*, got .*Cz"),
        (lambda r: r.replace(sfreq=50), "sfreq=25.0, got 50.0"),
    ],
)
def test_transform_refuses_other_channels_and_rates(windows, fitted, change, message):
    with pytest.raises(ValueError, match=message):
        fitted.transform(with_data(windows, change))


def test_transform_refuses_windows_of_another_length(fitted):
    with pytest.raises(ValueError, match=r"\(2, 75\), got \(2, 80\)"):
        fitted.transform(np.zeros((3, 2, 80)))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_refuses_nan_and_infinity_with_recording_channel_and_time(
    windows, make_embedder, value
):
    def spoil(recording):
        data = recording.data.copy()
        data[1, 250] = value if recording.subject == "S3" else 0
        return recording.replace(data=data)

    message = rf"recording 'S3': channel 'Cz' is {value} at 10 s"
    with pytest.raises(ValueError, match=message):
        make_embedder().fit(with_data(windows, spoil))


@pytest.mark.parametrize(("value", "name"), [(np.nan, "NaN"), (-np.inf, "infinity")])
def test_refuses_nan_and_infinity_of_an_array_with_window_and_channel(
    windows, fitted, make_embedder, value, name
):
    array = np.asarray(windows)
    array[7, 1, 5] = value
    for method in (make_embedder().fit, fitted.transform):
        with pytest.raises(ValueError, match=f"{name}.*, in row 7, channel 1, .* 5"):
            method(array)


def test_refuses_recordings_for_windows(windows, make_embedder):
    with pytest.raises(ValueError, match=r"got recordings; cut them with .*Windower"):
        make_embedder().fit(list(windows.recordings))


def test_refuses_as_many_labels_as_recordings_before_training(windows):
    model = Pipeline(
        [
            ("cut", Windower(3.0)),
            ("embed", StagerNetEmbedder(max_epochs=10**9)),
            ("classify", LogisticRegression()),
        ]
    )
    with pytest.raises(ValueError, match="300 windows, but 5 labels; labels belong to"):
        model.fit(list(windows.recordings), [0, 1, 0, 1, 0])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"pretext": "relative"}, "as RelativePositioning\\(\\), or a list"),
        ({"pretext": RelativePositioning}, r"got <class .*; write RelativePositioning"),
        ({"pretext": RelativePositioning(12, 3)}, "tau_neg must be at least tau_pos"),
        ({"max_epochs": 0}, "'max_epochs' parameter"),
        ({"max_epochs": True}, "'max_epochs' parameter"),
        ({"validation_fraction": 1.5}, "'validation_fraction' parameter"),
        ({"n_jobs": 0}, "'n_jobs' parameter"),
        ({"module_params": None}, "the shortest that works .* has 62 samples"),
        ({"module": dict}, "module must be a class of torch.nn.Module, got"),
    ],
)
def test_refuses_bad_parameters_before_training(
    windows, make_embedder, params, message
):
    embedder = make_embedder(**params)
    if params.get("module_params", 0) is None:
        windows = np.asarray(windows)[..., :50]
    with pytest.raises(ValueError, match=message):
        embedder.fit(windows)


def test_names_recordings_that_do_not_serve_the_task(windows, make_embedder):
    first = windows.onsets < 27
    some = windows[first | (windows.recording_index > 1)]
    with pytest.warns(UserWarning, match="leaves out 2 of 5 .* 'S0', 'S1'"):
        make_embedder(max_epochs=1).fit(some)
    message = (
        r"two more than tau_neg=30 apart in a recording; none has them: 'S0', .*\. "
        r"Most of their windows begin 3 apart\."
    )
    with pytest.raises(ValueError, match=message):
        make_embedder().fit(windows[first])


def test_a_new_fit_forgets_the_channels_of_the_last(windows, make_embedder):
    embedder = make_embedder("random").fit(windows).fit(np.asarray(windows))
    other = with_data(windows, lambda r: r.replace(ch_names=["x", "y"]))
    assert embedder.transform(other).shape == (len(windows), 6)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"onsets": np.zeros((300, 2))}, r"onsets must have one .*shape \(300, 2\)"),
        ({"groups": [("S1", "night")] * 300}, r"groups must .* is one string of both"),
        ({"groups": np.array([1, "S1"] * 150, object)}, "all strings or all numbers"),
        ({"onsets": np.full(300, np.nan)}, "onsets contains NaN"),
        ({"groups": np.full(300, np.nan)}, "groups contains NaN"),
        ({"groups": np.zeros(7)}, r"groups must have one entry per window, \d+, got 7"),
        ({"onsets": np.arange(7)}, r"onsets must have one entry per .*, got 7"),
        ({"groups": [None] * 300}, "groups must not hold None, as in row 0"),
        ({"groups": pd.Series(["S1", np.nan] * 150)}, "must not hold nan, as in row 1"),
        (
            {"onsets": np.tile(np.arange(60.0), 5)},
            "rows 0 and 60 both begin at 0 s. ",
        ),
    ],
)
def test_refuses_groups_and_onsets_that_cannot_be(
    windows, make_embedder, params, message
):
    with pytest.raises(ValueError, match=message):
        make_embedder().fit(np.asarray(windows), **params)


def test_onsets_may_be_durations(windows, make_embedder, weights):
    seconds, X = windows.onsets, np.asarray(windows)
    fitted = make_embedder(max_epochs=1).fit(X, groups=windows.groups, onsets=seconds)
    for onsets in (
        pd.to_timedelta(seconds, unit="s"),
        (1000 * seconds).round().astype("timedelta64[ms]"),
        [timedelta(seconds=second) for second in seconds],
        pd.Series(pd.to_timedelta(seconds, unit="s"), dtype=object),
    ):
        other = make_embedder(max_epochs=1).fit(X, groups=windows.groups, onsets=onsets)
        assert weights(other) == weights(fitted)
    dates = pd.Timestamp("2026-01-01") + pd.to_timedelta(seconds, unit="s")
    for onsets in (dates, dates.tz_localize("UTC").to_series(), list(dates)):
        with pytest.raises(ValueError, match=r"must be seconds .* got dates"):
            make_embedder().fit(X, groups=windows.groups, onsets=onsets)


@pytest.mark.parametrize("scale", [1e-5, 1e6])
def test_warns_of_a_scale_that_it_cannot_learn_from(windows, make_embedder, scale):
    small = with_data(windows, lambda r: r.replace(data=scale * r.data))
    make_embedder(max_epochs=1).fit(small)
    make_embedder(max_epochs=1, normalize=False).fit(windows)
    with pytest.warns(UserWarning, match="deviation is .* leave normalize=True") as got:
        make_embedder(max_epochs=1, normalize=False).fit(small)
    assert [warning.filename for warning in got] == [__file__]


def test_warns_of_groups_that_are_subjects(windows, make_embedder):
    subjects = np.where(windows.groups == "S1", "S0", windows.groups)
    X, onsets = np.asarray(windows), windows.onsets
    with pytest.warns(UserWarning, match="rows 0 and 60 both begin at 0 s") as caught:
        make_embedder(max_epochs=1).fit(X, groups=subjects, onsets=onsets)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize("shape", [(10, 0, 100), (10, 3, 0), (0, 3, 100)])
def test_refuses_windows_without_a_number(make_embedder, shape):
    with pytest.raises(ValueError, match=r"none of them 0|minimum of 1"):
        make_embedder().fit(np.zeros(shape))


def test_a_fit_that_failed_leaves_nothing_to_embed_with(windows, make_embedder):
    embedder = make_embedder(max_epochs=1).fit(windows)
    other = windows[windows.onsets < 4]  # too few to ask about
    with pytest.raises(ValueError, match="recording"):
        embedder.set_params(pretext__tau_pos=1000, pretext__tau_neg=2000).fit(other)
    with pytest.raises(NotFittedError):
        embedder.transform(windows)
    with pytest.raises(NotFittedError):
        embedder.get_feature_names_out()


def test_has_names_for_what_it_learnt(windows, make_embedder):
    embedder = make_embedder(max_epochs=1)
    with pytest.raises(NotFittedError):
        embedder.get_feature_names_out()
    embedder.fit(windows).set_params(n_features=50)
    assert embedder.transform(windows).shape[1] == 6
    assert len(embedder.get_feature_names_out()) == 6


def test_windows_take_no_groups_or_onsets_but_their_own(
    windows, make_embedder, weights
):
    embedder = make_embedder(max_epochs=1)
    for others in ({"groups": windows.onsets // 60}, {"onsets": windows.onsets}):
        with pytest.raises(ValueError, match="leave out groups and onsets"):
            embedder.fit(windows, **others)
    given = make_embedder(max_epochs=1).fit(windows, groups=windows.groups)
    assert weights(given) == weights(embedder.fit(windows))


def test_cross_validation_fits_on_training_subjects_alone(
    windows, make_embedder, weights
):
    """Another signal and other labels of the test subjects change no weight."""

    def model():
        classifier = OneVsRestClassifier(LogisticRegression())
        return Pipeline([("embed", make_embedder()), ("classify", classifier)])

    def coefficients(model):
        return [part.coef_.tobytes() for part in model["classify"].estimators_]

    def fit_folds(X, y):
        settings = {"groups": X.groups, "cv": GroupKFold(5), "return_estimator": True}
        return cross_validate(model(), X, y, **settings)["estimator"]

    rng = np.random.default_rng(0)
    noise = with_data(
        windows,
        lambda r: (
            r if r.subject != "S2" else r.replace(data=rng.normal(size=r.data.shape))
        ),
    )
    y = np.where(windows.groups == "S2", 1 - windows.y, windows.y)
    before, after = fit_folds(windows, windows.y), fit_folds(noise, y)
    pairs = list(zip(before, after, strict=True))
    same = [weights(a["embed"]) == weights(b["embed"]) for a, b in pairs]
    same_classifier = [coefficients(a) == coefficients(b) for a, b in pairs]
    assert sum(same) == 1  # the fold that tests on S2
    assert same == same_classifier
