"""Labels of Windows, where a classifier is given them that takes -1 for a class."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sksleep import Windows
from sksleep._own_labels import are_own_labels, note_own_labels
from sksleep.embedding import StagerNetEmbedder
from sksleep.features import BandPower
from sksleep.model_selection import per_class_learning_curve
from sksleep.preprocessing import Windower

BANDS = {"slow": (0, 2), "fast": (2, 9)}


@pytest.fixture(scope="module")
def recordings(make_recording):
    """Recordings of which the last quarter has no label."""
    annotations = [(0, 50, "wake"), (50, 25, "sleep")]
    return [make_recording(f"S{k}", annotations=annotations) for k in range(3)]


@pytest.fixture(scope="module")
def windows(recordings):
    return Windower(5.0).fit_transform(recordings)


@pytest.mark.parametrize(
    "transformer",
    [BandPower(BANDS), StagerNetEmbedder("random", n_features=3, device="cpu")],
    ids=["BandPower", "StagerNetEmbedder"],
)
def test_warns_of_a_classifier_that_would_take_no_label_for_a_class(
    recordings, windows, transformer
):
    model = make_pipeline(transformer, LogisticRegression())
    for X in (windows, recordings):
        whole = model if X is windows else make_pipeline(Windower(5.0), model)
        with pytest.warns(UserWarning, match=r"no label, y = -1.*labelled\(\)"):
            whole.fit(X, windows.y)
    X, y, _ = windows.labelled()
    model.fit(X, y)
    per_class_learning_curve(model, windows, cv=3)
    transformer.fit(windows)


def test_warns_of_hidden_labels(windows):
    X, y, _ = windows.labelled()
    with pytest.warns(UserWarning, match="no label"):
        note_own_labels(BandPower(), X, np.where(X.onsets < 25, y, -1))


def test_a_class_against_the_rest_may_be_minus_one(windows):
    X, y, _ = windows.labelled()
    transformer = BandPower()
    note_own_labels(transformer, X, np.where(y == 1, 1, -1))
    class_names, numbers = transformer._known_names
    assert class_names == X.class_names
    assert numbers.tolist() == [1]


def test_windows_without_a_label_are_told_beside_one_class(windows):
    with pytest.warns(UserWarning, match="no label"):
        note_own_labels(BandPower(), windows, np.where(windows.y == 1, 1, -1))


def test_classes_that_are_left_out_are_told(make_recording):
    stages = [(0, 30, "wake"), (30, 30, "N1"), (60, 30, "REM")]
    X = Windower(5.0).fit_transform([make_recording("S0", annotations=stages)])
    X = X[X.y >= 0]
    with pytest.warns(UserWarning, match="no label"):
        note_own_labels(BandPower(), X, np.where(X.y == 0, -1, X.y))


def test_labels_of_ones_own_may_be_minus_one(windows):
    minus_one_is_a_class = np.where(windows.y == 0, -1, 1)
    note_own_labels(BandPower(), windows, minus_one_is_a_class)
    note_own_labels(BandPower(), np.asarray(windows), windows.y)
    note_own_labels(BandPower(), windows, windows.y[:-1])
    note_own_labels(BandPower(), windows, None)


def test_labels_are_those_of_windows_where_all_that_are_known_agree(windows):
    y = windows.y.copy()
    assert are_own_labels(windows, y)
    y[3] = -1
    assert are_own_labels(windows, y)
    y[3] = 1 - windows.y[3]
    assert not are_own_labels(windows, y)
    assert not are_own_labels(windows, np.array(["wake", "sleep"])[y])
    assert not are_own_labels(np.asarray(windows), windows.y)


def rename(windows, *class_names):
    return Windows(
        windows.recordings,
        windows.recording_index,
        windows.starts,
        windows.n_times,
        y=windows.y,
        class_names=class_names,
    )


@pytest.mark.parametrize(
    "transformer",
    [BandPower(BANDS), StagerNetEmbedder("random", n_features=3, device="cpu")],
    ids=["BandPower", "StagerNetEmbedder"],
)
def test_warns_of_windows_whose_numbers_mean_other_classes(windows, transformer):
    X, y, _ = windows.labelled()
    model = make_pipeline(transformer, LogisticRegression()).fit(X, y)
    message = r"y = 0 meant 'sleep' .* 'wake' in these .* labels=\['sleep', 'wake'\]"
    with pytest.warns(UserWarning, match=message):
        model.predict(rename(windows, "wake", "sleep"))
    asleep = rename(windows, "sleep", "awake")[windows.y == 0]
    with pytest.warns(UserWarning, match="y = 1 meant 'wake' .* 'awake' in these"):
        model.predict(asleep)
    unlabelled = rename(windows, "wake", "sleep")[windows.y < 0]
    model.predict(rename(windows, "sleep", "wake", "REM"))
    more = rename(X, "sleep", "wake", "REM")
    make_pipeline(transformer, LogisticRegression()).fit(more, y)
    model.predict(rename(windows, "sleep", "wake", "nap"))
    model.predict(unlabelled)
    transformer.fit(X).transform(rename(X, "wake", "sleep"))
    names = np.array(["rest", "run"])[y]
    transformer.fit(X, names).transform(rename(X, "wake", "sleep"))
