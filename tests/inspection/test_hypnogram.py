import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sksleep.features import BandPower
from sksleep.inspection import HypnogramDisplay


class Guess:
    """Predicts the true states of some windows, and NREM surely for the others."""

    classes_ = np.array([1, 2])

    def predict(self, X):
        return np.where(X.y == 2, 2, 1)

    def predict_proba(self, X):
        return (self.predict(X)[:, None] == self.classes_).astype(float)


def predictions(**changes):
    return {
        "y_true": [0, 0, -1, 1],
        "y_pred": [0, 1, 1, 1],
        "onsets": [0, 2, 4, 10],
        "duration": 2,
        "class_names": ["wake", "sleep"],
        **changes,
    }


def levels(display):
    """The bold line as {time: state}."""
    times, states = display.lines_[0].get_data()
    known = ~np.isnan(states)
    return list(zip(times[known], states[known].astype(int), strict=True))


def test_predicted_states_are_runs_that_end_at_gaps():
    display = HypnogramDisplay.from_predictions(**predictions())
    assert levels(display) == [(0, 0), (2, 0), (2, 1), (6, 1), (10, 1), (12, 1)]


def test_the_joining_line_breaks_at_gaps_alone():
    display = HypnogramDisplay.from_predictions(**predictions())
    times, states = display.lines_[1].get_data()
    np.testing.assert_array_equal(times[np.isnan(states)], [6])


@pytest.mark.parametrize("hours", [0.1, 1, 10])
def test_gaps_are_gaps_in_every_unit_of_time(hours):
    onsets = np.array([0, 1, 9]) * 360 * hours
    display = HypnogramDisplay(
        [0, 0, 0], onsets=onsets, duration=360 * hours, class_names=["a"]
    )
    times, states = display.plot().lines_[0].get_data()
    known = times[~np.isnan(states)]
    np.testing.assert_allclose(known / known[-1], [0, 0.2, 0.9, 1.0])


def test_a_class_that_is_never_predicted_is_one_all_the_same():
    display = HypnogramDisplay(
        ["wake", "wake"], y_true=["REM", "wake"], onsets=[0, 30], duration=30
    ).plot()
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert labels == ["REM", "wake"]
    assert {state for _, state in levels(display)} == {1}


def test_areas_of_probabilities_have_the_colours_of_their_states():
    display = HypnogramDisplay(
        **predictions(y_true=[0, 0, 1, 1], y_proba=np.eye(2)[[0, 1, 1, 1]])
    ).plot()
    bars = [bar.get_facecolor()[0, :3] for bar in display.ax_.collections[:2]]
    areas = {area.get_label(): area for area in display.proba_ax_.collections}
    for name, color in zip(["wake", "sleep"], bars, strict=True):
        np.testing.assert_array_equal(areas[name].get_facecolor()[0, :3], color)


def test_true_states_are_bars_and_missing_labels_are_hatched():
    display = HypnogramDisplay.from_predictions(**predictions())
    bars = {
        tuple(path.get_extents().intervalx)
        for collection in display.ax_.collections
        for path in collection.get_paths()
    }
    assert bars == {(0, 4), (10, 12), (4, 6)}
    hatched = [c for c in display.ax_.collections if c.get_hatch()]
    assert tuple(hatched[0].get_paths()[0].get_extents().intervalx) == (4, 6)
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == ["true", "no label", "predicted"]


def test_the_first_class_stands_on_top():
    display = HypnogramDisplay.from_predictions(**predictions())
    names = [text.get_text() for text in display.ax_.get_yticklabels()]
    assert names == ["wake", "sleep"]
    assert display.ax_.yaxis_inverted()


def test_windows_in_any_order_give_one_picture():
    order = np.array([2, 0, 3, 1])
    proba = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4]])
    arguments = predictions(y_true=[0, 1, -1, 1], y_proba=proba)
    shuffled = {
        key: np.array(value)[order] if key[0] in "yo" else value
        for key, value in arguments.items()
    }
    expected, found = (
        HypnogramDisplay.from_predictions(**each) for each in (arguments, shuffled)
    )
    assert levels(found) == levels(expected)
    for panel in ("ax_", "proba_ax_"):
        for one, other in zip(
            getattr(expected, panel).collections,
            getattr(found, panel).collections,
            strict=True,
        ):
            for path, same in zip(one.get_paths(), other.get_paths(), strict=True):
                np.testing.assert_array_equal(path.vertices, same.vertices)


def test_states_may_be_any_labels():
    display = HypnogramDisplay.from_predictions(
        None, ["b", "a"], onsets=[0, 2], duration=2
    )
    assert [text.get_text() for text in display.ax_.get_yticklabels()] == ["a", "b"]
    assert levels(display) == [(0, 1), (2, 1), (2, 0), (4, 0)]


@pytest.mark.parametrize(
    ("hours", "unit"), [(0.01, "s"), (0.06, "min"), (2, "min"), (4, "h")]
)
def test_the_unit_of_time_suits_the_length(hours, unit):
    onsets = np.linspace(0, hours * 3600, 10)
    display = HypnogramDisplay.from_predictions(
        None, np.zeros(10, int), onsets=onsets, duration=onsets[1]
    )
    assert display.ax_.get_xlabel() == f"Time ({unit})"


def test_probabilities_are_stacked_in_a_second_panel():
    proba = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.5, 0.5]])
    display = HypnogramDisplay.from_predictions(**predictions(y_proba=proba))
    assert display.proba_ax_.get_xlabel() == "Time (s)"
    top, bottom = display.proba_ax_.collections[::-1]
    assert top.get_label() == "wake"
    assert bottom.get_label() == "sleep"
    # Two stretches without a gap, so two polygons for each class.
    assert len(top.get_paths()) == len(bottom.get_paths()) == 2
    heights = bottom.get_paths()[0].get_extents().intervaly
    np.testing.assert_allclose(heights, [0, 0.8])


def test_probabilities_of_other_classes_than_the_labels_are_refused():
    """Their columns are of NREM, REM and wake, and no window is labelled REM."""
    arguments = {
        "y_true": ["artefact", "nrem", "wake"],
        "y_pred": ["wake", "nrem", "wake"],
        "onsets": [0, 4, 8],
        "duration": 4,
    }
    proba = np.array([[0.1, 0.2, 0.7], [0.8, 0.1, 0.1], [0.1, 0.2, 0.7]])
    with pytest.raises(ValueError, match=r"by far the largest.*\. Give class_names"):
        HypnogramDisplay.from_predictions(**arguments, y_proba=proba)
    right = proba[:, [1, 0, 2]]
    display = HypnogramDisplay.from_predictions(**arguments, y_proba=right)
    texts = [text.get_text() for text in display.proba_ax_.get_legend().get_texts()]
    assert texts == ["artefact", "nrem", "wake"]


@pytest.mark.parametrize(
    ("y_pred", "proba"),
    [
        ("nnnr", [[0.8, 0.2], [0.7, 0.3], [0.9, 0.1], [0.6, 0.4]]),  # smoothed
        ("nrrr", [[0.9, 0.1], [0.6, 0.4], [0.6, 0.4], [0.7, 0.3]]),  # of low threshold
        ("nrrr", [[0.9, 0.1], [0.5, 0.5], [np.nan, np.nan], [0.5, 0.5]]),  # ties
        ("nnnn", [[0.1, 0.9], [0.1, 0.9], [0.1, 0.9], [0.1, 0.9]]),
    ],
)
def test_predictions_need_not_be_the_likeliest(y_pred, proba):
    HypnogramDisplay.from_predictions(
        list("nrrr"), list(y_pred), onsets=range(4), duration=1, y_proba=proba
    )


def test_from_estimator_draws_one_recording(windows):
    display = HypnogramDisplay.from_estimator(Guess(), windows, recording="S1_b")
    assert display.ax_.get_title(loc="left") == "S1_b"
    assert len(display.y_pred) == 40
    np.testing.assert_array_equal(display.y_true, windows.y[40:80])
    np.testing.assert_array_equal(display.y_proba.argmax(axis=1), display.y_pred)
    assert (display.y_proba[:, 0] == 0).all()
    assert display.duration == 2


@pytest.mark.parametrize("recording", [1, "S1_b"])
def test_a_recording_has_a_position_and_a_name(windows, recording):
    display = HypnogramDisplay.from_estimator(Guess(), windows, recording=recording)
    assert display.name == "S1_b"


def test_windows_of_one_recording_need_no_choice(windows):
    display = HypnogramDisplay.from_estimator(Guess(), windows[80:])
    assert display.name == "S2_a"


def test_an_estimator_without_probabilities_gets_one_panel(windows):
    model = RidgeClassifier().fit(windows.onsets[:, None], windows.y)
    model = make_pipeline(FunctionTransformer(lambda X: X.onsets[:, None]), model)
    display = HypnogramDisplay.from_estimator(model, windows, recording=0)
    assert display.y_proba is None
    assert display.proba_ax_ is None
    assert len(display.figure_.axes) == 1


@pytest.mark.parametrize("recording", [None, "S3", 7])
def test_refuses_an_unclear_recording(windows, recording):
    with pytest.raises(ValueError, match="choose one of 'S1_a', 'S1_b', 'S2_a'"):
        HypnogramDisplay.from_estimator(Guess(), windows, recording=recording)


def test_refuses_no_windows(windows):
    with pytest.raises(ValueError, match="no window to draw"):
        HypnogramDisplay.from_estimator(Guess(), windows[:0])


def test_refuses_arrays_for_an_estimator():
    with pytest.raises(ValueError, match="Expected Windows, got ndarray"):
        HypnogramDisplay.from_estimator(Guess(), np.zeros((3, 2)))


def test_a_class_of_no_label_has_no_probability(windows):
    guess = Guess()
    guess.classes_ = np.array([-1, 1, 2])
    display = HypnogramDisplay.from_estimator(guess, windows, recording=0)
    np.testing.assert_array_equal(display.y_proba[:, 0], 0)
    known = guess.predict_proba(windows[windows.recording_index == 0])[:, 1:]
    np.testing.assert_array_equal(display.y_proba[:, 1:], known)


def test_an_estimator_need_not_tell_its_classes(windows):
    class Rule:
        def predict(self, X):
            return np.ones(len(X), dtype=int)

    display = HypnogramDisplay.from_estimator(Rule(), windows, recording=0)
    assert display.proba_ax_ is None


@pytest.mark.parametrize("clusters", [KMeans(2), GaussianMixture(2)])
def test_refuses_clusters_under_names_of_states(state_windows, clusters):
    model = make_pipeline(BandPower({"slow": (1, 4)}), clusters)
    model.fit(state_windows)
    one = state_windows[state_windows.groups == state_windows.groups[0]]
    with pytest.raises(ValueError, match=r"(KMeans|Mixture) numbers clusters in"):
        HypnogramDisplay.from_estimator(model, one)


def test_a_list_of_names_may_hold_minus_one():
    display = HypnogramDisplay.from_predictions(
        **predictions(y_true=["a", -1, -1, "b"], y_pred=list("abba"), class_names=None)
    )
    assert [text.get_text() for text in display.ax_.get_yticklabels()] == ["a", "b"]


@pytest.mark.parametrize(
    ("classes", "named"), [([0, 1, 3], "0, 1, 3"), (["NREM", "wake"], "'NREM', 'wake'")]
)
def test_refuses_an_estimator_of_other_classes(windows, classes, named):
    estimator = Guess()
    estimator.classes_ = np.array(classes)
    with pytest.raises(ValueError, match=f"Guess predicts the classes {named}, which"):
        HypnogramDisplay.from_estimator(estimator, windows, recording=0)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"y_pred": [0, 1, 1]}, "inconsistent numbers of samples"),
        ({"y_pred": [0, 1, 2, 1]}, "y_pred must be positions .* integers from -1 to 1"),
        ({"y_true": ["a", "b", "a", "b"]}, "y_true must .* integers from -1 to 1"),
        ({"y_true": [0, 1, np.nan, 1]}, "y_true contains NaN, in row 2"),
        ({"y_proba": np.ones((4, 3))}, r"shape \(n_windows, 2\).*got \(4, 3\)"),
        ({"duration": 0}, "duration must be positive"),
        ({"onsets": [0, 2, np.nan, 10]}, "onsets must be finite, got nan s at .* 2"),
        ({k: [] for k in ("y_true", "y_pred", "onsets")}, "no window"),
    ],
)
def test_refuses(changes, match):
    with pytest.raises(ValueError, match=match):
        HypnogramDisplay.from_predictions(**predictions(**changes))


def test_a_pipeline_transforms_the_windows_once(state_windows):
    calls = []

    def embed(X):
        calls.append(len(X))
        return np.asarray(X).std(axis=2)

    windows = state_windows[state_windows.groups == "S0"]
    model = make_pipeline(FunctionTransformer(embed), LogisticRegression())
    model.fit(windows, windows.y)
    calls.clear()
    display = HypnogramDisplay.from_estimator(model, windows)
    assert calls == [len(windows)]
    np.testing.assert_array_equal(display.y_pred, model.predict(windows))
    np.testing.assert_array_equal(display.y_proba, model.predict_proba(windows))


def test_true_states_are_seen_behind_thousands_of_jumps():
    rng = np.random.default_rng(0)
    y_true = np.repeat([0, 1, 2], 3000)
    display = HypnogramDisplay.from_predictions(
        y_true=y_true,
        y_pred=np.where(rng.random(9000) < 0.2, rng.integers(3, size=9000), y_true),
        onsets=3 * np.arange(9000),
        duration=3,
        class_names=["W", "R", "N"],
    )
    display.figure_.canvas.draw()
    image = np.asarray(display.figure_.canvas.buffer_rgba())[::-1, :, :3] / 255
    [(left, y), (right, _)] = display.ax_.transData.transform([(2.6, 1.2), (4.9, 1.2)])
    seen = image[round(y), round(left) : round(right)].mean(axis=0)
    [bar, *_] = [c for c in display.ax_.collections if len(c.get_paths())][1:]
    color = bar.get_facecolor()[0]
    expected = 1 - color[3] * (1 - color[:3])
    np.testing.assert_allclose(seen, expected, atol=0.1)


def test_areas_of_many_classes_differ():
    n_classes = 16
    labels = np.arange(n_classes)
    display = HypnogramDisplay.from_predictions(
        y_true=None,
        y_pred=labels,
        onsets=labels,
        duration=1,
        y_proba=np.eye(n_classes),
        class_names=[f"class {k}" for k in labels],
    )
    areas = {tuple(c.get_facecolor()[0]) for c in display.proba_ax_.collections}
    assert len(areas) == n_classes


def test_draws_on_given_axes():
    proba = np.full((4, 2), 0.5)
    figure, axes = plt.subplots(2)
    display = HypnogramDisplay.from_predictions(
        **predictions(y_proba=proba), ax=list(axes)
    )
    assert (display.ax_, display.proba_ax_) == tuple(axes)
    assert display.figure_ is figure
    alone = display.plot(ax=axes[0])
    assert alone is display
    assert display.proba_ax_ is None
    with pytest.raises(ValueError, match="probabilities, of which there are none"):
        HypnogramDisplay.from_predictions(**predictions(), ax=axes)


def test_without_matplotlib_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"sksleep\[matplotlib\]"):
        HypnogramDisplay.from_predictions(**predictions())


def test_refuses_windows_of_several_recordings_at_once():
    with pytest.raises(ValueError, match="Two windows begin at 3 s: draw one record"):
        HypnogramDisplay.from_predictions(
            [0, 1, 0], [0, 1, 1], onsets=[3, 0, 3], duration=3, class_names=["W", "R"]
        )
