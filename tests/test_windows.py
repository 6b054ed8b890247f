import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    cross_val_predict,
    cross_validate,
    learning_curve,
)
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline

from sksleep import Windows


class MeanAmplitude(TransformerMixin, BaseEstimator):
    """Mean of |x| ** power per channel; knows which subjects it was fitted on."""

    def __init__(self, power=1):
        self.power = power

    def fit(self, X, y=None):
        assert isinstance(X, Windows)
        self.subjects_ = set(X.groups)
        return self

    def transform(self, X):
        assert isinstance(X, Windows)
        return (abs(np.asarray(X)) ** self.power).mean(axis=2)


class OnArrays(MeanAmplitude):
    """The same on arrays, the reference."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return (abs(X) ** self.power).mean(axis=2)


@pytest.fixture(scope="module")
def windows(make_windows):
    return make_windows(6)


def model(embedder=MeanAmplitude, **params):
    return Pipeline(
        [("embed", embedder()), ("classify", LogisticRegression())], **params
    )


rows = st.one_of(
    st.slices(120),
    st.lists(st.integers(-120, 119)).map(lambda key: np.array(key, dtype=int)),
    st.lists(st.booleans(), min_size=120, max_size=120).map(np.array),
)


@given(key=rows | st.integers(-120, 119))
def test_indexing_gives_what_numpy_gives(windows, key):
    expected = np.asarray(windows)[key]
    np.testing.assert_array_equal(np.asarray(windows[key]), expected)


@given(key=rows)
def test_subset_keeps_what_belongs_to_each_window(windows, key):
    subset = windows[key]
    for name in ("y", "groups", "onsets", "recording_index", "starts"):
        np.testing.assert_array_equal(
            getattr(subset, name), getattr(windows, name)[key]
        )


def test_lists_index_like_arrays(windows):
    np.testing.assert_array_equal(windows[[5, 2]].starts, windows.starts[[5, 2]])
    assert len(windows[[]]) == 0


def test_nothing_is_copied_until_asked_for(windows):
    assert np.shares_memory(windows[3], windows.recordings[0].data)
    assert np.shares_memory(windows[[3, 5]][1], windows.recordings[0].data)


def test_take_writes_into_a_given_array(windows):
    out = np.empty((2, *windows.shape[1:]), np.float32)
    assert windows.take([4, 7], out=out) is out
    np.testing.assert_array_equal(out, np.asarray(windows)[[4, 7]])


def test_take_takes_rows_of_any_kind(windows):
    rows = [1, 3]
    expected = np.asarray(windows)[rows]
    for key in (
        rows,
        tuple(rows),
        np.array(rows),
        np.isin(np.arange(len(windows)), rows),
    ):
        np.testing.assert_array_equal(windows.take(key), expected)
    with pytest.raises(IndexError):
        windows.take(np.ones(len(windows) + 1, dtype=bool))
    np.testing.assert_array_equal(windows.take(1), np.asarray(windows)[[1]])
    with pytest.raises(IndexError, match=r"in a row, got rows of shape \(1, 2\)"):
        windows.take([rows])


def test_take_refuses_what_it_cannot_write_into_and_rows_that_are_not(windows):
    shape = windows.shape[1:]
    for out, message in [
        (np.zeros((3, *shape)), "out must have the shape"),
        (np.zeros((2, 1, *shape)), "out must have the shape"),
        (np.zeros((2, *shape), dtype=int), "out must be a numpy array of floats"),
        (np.broadcast_to(np.float32(0), (2, *shape)), "out must be writeable"),
    ]:
        with pytest.raises(ValueError, match=message):
            windows.take([0, 1], out=out)
    out = np.full((2, *shape), 7.0)
    with pytest.raises(IndexError):
        windows.take([0, len(windows)], out=out)
    assert (out == 7).all()


def test_labelled_leaves_out_what_has_no_label(windows):
    some = Windows(
        windows.recordings,
        windows.recording_index,
        windows.starts,
        windows.n_times,
        y=np.where(windows.y == 0, -1, 1),
        class_names=windows.class_names,
    )
    X, y, groups = some.labelled()
    assert len(X) == 60
    assert set(y) == {1}
    np.testing.assert_array_equal(groups, windows.groups[windows.y == 1])


def test_pickle_keeps_everything(windows):
    copy = pickle.loads(pickle.dumps(windows))
    np.testing.assert_array_equal(np.asarray(copy), np.asarray(windows))
    np.testing.assert_array_equal(copy.groups, windows.groups)
    assert copy.class_names == windows.class_names


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_cross_validate_equals_that_on_arrays(windows, n_jobs):
    X, y, groups = windows.labelled()
    settings = {"groups": groups, "cv": GroupKFold(3), "n_jobs": n_jobs}
    scores = cross_validate(model(), X, y, return_estimator=True, **settings)
    expected = cross_validate(model(OnArrays), np.asarray(X), y, **settings)
    np.testing.assert_array_equal(scores["test_score"], expected["test_score"])
    splits = GroupKFold(3).split(X, y, groups)
    for (train, _), fitted in zip(splits, scores["estimator"], strict=True):
        assert fitted["embed"].subjects_ == set(groups[train])


def test_cross_val_predict_equals_that_on_arrays(windows):
    X, y, groups = windows.labelled()
    settings = {"groups": groups, "cv": GroupKFold(3)}
    np.testing.assert_array_equal(
        cross_val_predict(model(), X, y, **settings),
        cross_val_predict(model(OnArrays), np.asarray(X), y, **settings),
    )


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_grid_search_and_learning_curve_equal_those_on_arrays(windows, n_jobs):
    X, y, groups = windows.labelled()
    found, curves = [], []
    for embedder, data in ((MeanAmplitude, X), (OnArrays, np.asarray(X))):
        search = GridSearchCV(
            model(embedder), {"embed__power": [1, 2]}, cv=GroupKFold(3), n_jobs=n_jobs
        )
        found.append(search.fit(data, y, groups=groups).cv_results_["mean_test_score"])
        curves.append(
            learning_curve(
                model(embedder),
                data,
                y,
                groups=groups,
                cv=GroupKFold(3),
                train_sizes=[0.5, 1.0],
                n_jobs=n_jobs,
            )[2]
        )
    np.testing.assert_array_equal(*found)
    np.testing.assert_array_equal(*curves)


def test_feature_union_puts_embeddings_side_by_side(windows):
    union = FeatureUnion([("one", MeanAmplitude()), ("two", MeanAmplitude(power=2))])
    array = abs(np.asarray(windows))
    expected = np.hstack([array.mean(axis=2), (array**2).mean(axis=2)])
    np.testing.assert_array_equal(union.fit_transform(windows), expected)


def test_pipeline_memory_reuses_the_fitted_step(windows, tmp_path):
    X, y, _ = windows.labelled()
    first = model(memory=str(tmp_path)).fit(X, y)
    cached = list(tmp_path.rglob("output.pkl"))
    assert len(cached) == 1
    again = clone(first).fit(pickle.loads(pickle.dumps(X)), y)
    assert list(tmp_path.rglob("output.pkl")) == cached
    np.testing.assert_array_equal(again.predict(X), first.predict(X))


def test_estimators_without_an_embedder_take_the_array(windows):
    X, y, _ = windows.labelled()
    flat = make_pipeline(MeanAmplitude(), LogisticRegression())
    assert flat.fit(X, y).predict(X[:3]).shape == (3,)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"recordings": []}, "a list of recordings, got an empty one"),
        ({"recordings": [np.zeros((2, 9))]}, "got ndarray at position 0"),
        ({"recording_index": [0]}, r"recording_index must have shape \(2,\)"),
        ({"recording_index": [0, 2]}, "recording_index must lie between 0 and 1"),
        ({"recording_index": [0, -1]}, "recording_index must lie between 0 and 1"),
        ({"y": [0]}, r"y must have shape \(2,\)"),
        ({"y": [0, 2]}, "y must lie between -1 and 1"),
        ({"y": [0, -2]}, "y must lie between -1 and 1"),
        ({"starts": [0, 1941]}, "'S01': a window of 60 samples from sample 1941"),
        ({"starts": [0, -1]}, "'S01': a window of 60 samples from sample -1"),
        ({"starts": [0, 2**63 - 1]}, "window of 60 samples from sample 922337203685"),
        ({"starts": [0, 60.5]}, "starts must be whole numbers, .* float64"),
        ({"n_times": 0}, "n_times must be a whole number of at least 1, got 0"),
        ({"n_times": 10.9}, "n_times must be a whole number of at least 1, got 10.9"),
        ({"n_times": True}, "n_times must be a whole number of at least 1, got True"),
        ({"n_times": np.inf}, "n_times must be a whole number of at least 1, got inf"),
        ({"y": [0.9, 1.7]}, "y must be whole numbers, .* float64"),
        ({"y": [0, np.nan]}, "y must be whole numbers, .* float64"),
        ({"y": ["0", "1"]}, "y must be whole numbers, .* <U1"),
        ({"y": [0, None]}, "y must be whole numbers, .* object"),
        ({"class_names": "ab"}, r"class_names is a list; write \['ab'\]"),
    ],
)
def test_refuses_windows_that_cannot_be(make_recording, changes, message):
    fields = {
        "recordings": [make_recording("S00"), make_recording("S01")],
        "recording_index": [0, 1],
        "starts": [0, 60],
        "n_times": 60,
        "y": [0, 1],
        "class_names": ["even", "odd"],
    }
    with pytest.raises(ValueError, match=message):
        Windows(**(fields | changes))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"sfreq": 10.0}, "'S01' is sampled at 10 Hz, 'S00' at 20 Hz"),
        ({"n_channels": 1}, "'S01' has the channels ch0, 'S00' has ch0, ch1"),
    ],
)
def test_refuses_recordings_of_different_montage(make_recording, fields, message):
    recordings = [make_recording("S00"), make_recording("S01", **fields)]
    for others in ([], [make_recording("S02")]):
        all_of_them = [recordings[0], *others, recordings[1]]
        with pytest.raises(ValueError, match=message):
            Windows(all_of_them, [0, 1], [0, 0], 60)


def test_refuses_channels_in_another_order(make_recording):
    first, other = make_recording("S00"), make_recording("S01").pick(["ch1", "ch0"])
    with pytest.raises(ValueError, match="'S01' has the channels ch1, ch0, 'S00' has"):
        Windows([first, other], [0, 1], [0, 0], 60)


def test_a_file_holds_the_recordings_of_its_windows_alone(windows):
    some = windows[(windows.groups == "S03") | (windows.groups == "S01")][::3]
    copy = pickle.loads(pickle.dumps(some))
    assert [recording.subject for recording in copy.recordings] == ["S01", "S03"]
    assert len(some.recordings) == 6
    for name in ("y", "groups", "onsets", "starts", "class_names", "shape"):
        np.testing.assert_array_equal(getattr(copy, name), getattr(some, name))
    np.testing.assert_array_equal(copy, some)
    none = pickle.loads(pickle.dumps(windows[:0]))
    assert none.shape == (0, *windows.shape[1:])
    assert len(none.recordings) == 1


def test_only_whole_windows_can_be_indexed(windows):
    with pytest.raises(IndexError, match="by window alone"):
        windows[:, 0]
    for key in (1.7, np.float64(2.9), np.array(1.7), "3", True, np.True_):
        with pytest.raises(IndexError, match="numbered by integers, got"):
            windows[key]
    with pytest.raises(IndexError, match="no window 120 among 120"):
        windows[120]


@pytest.mark.parametrize("dtype", [bool, float, np.uint8, object])
def test_whole_numbers_may_be_of_any_type(make_recording, dtype):
    y = np.array([0, 1], dtype=dtype)
    names = {"y": y, "class_names": ["wake", "sleep"]}
    windows = Windows([make_recording("S00")], [0, 0], [0.0, 60.0], 60.0, **names)
    assert windows.y.tolist() == [0, 1]
    assert windows.starts.tolist() == [0, 60]
    assert windows.shape[2] == 60


@pytest.mark.parametrize("name", ["recording_index", "starts", "y"])
def test_what_the_caller_does_with_arrays_later_changes_nothing(make_recording, name):
    fields = {key: np.array([0, 0]) for key in ("recording_index", "starts", "y")}
    windows = Windows([make_recording("S00")], n_times=60, class_names=["a"], **fields)
    fields[name][:] = 9
    assert getattr(windows, name).tolist() == [0, 0]


def test_what_the_caller_does_with_the_list_of_recordings_changes_nothing(
    make_recording,
):
    recordings = [make_recording("S00"), make_recording("S01")]
    windows = Windows(recordings, [0, 1], [0, 0], 60)
    recordings.reverse()
    assert windows.groups.tolist() == ["S00", "S01"]


def test_refuses_a_recording_that_is_in_no_list(make_recording):
    with pytest.raises(
        ValueError, match=r"a list of recordings, got one; write \[recording\]"
    ):
        Windows(make_recording("S00"), [0], [0], 60)


def test_an_array_that_is_no_copy_is_refused(windows):
    with pytest.raises(ValueError, match="always a copy"):
        np.array(windows, copy=False)


def test_no_windows_of_large_recordings_are_an_empty_array(windows, monkeypatch):
    monkeypatch.setattr("sksleep.windows.MAY_STAY", 0)
    assert windows.take([]).shape == (0, *windows.shape[1:])


def test_table_of_windows(make_recording):
    recordings = [make_recording("S00", session="night 2"), make_recording("S01")]
    fields = {"y": [1, -1, 0], "class_names": ["wake", "sleep"]}
    windows = Windows(recordings, [0, 0, 1], [0, 60, 30], 60, **fields)
    expected = [
        ("S00", "night 2", 0.0, 1, "sleep"),
        ("S00", "night 2", 3.0, -1, "none"),
        ("S01", "", 1.5, 0, "wake"),
    ]
    frame = windows.to_frame()
    assert frame["label"].isna().tolist() == [False, True, False]
    frame["label"] = frame["label"].fillna("none")
    assert list(frame.itertuples(index=False, name=None)) == expected
    assert list(frame) == ["subject", "session", "onset", "y", "label"]
    assert windows[:0].to_frame().shape == (0, 5)
