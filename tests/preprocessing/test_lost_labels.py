"""What comes away without windows or labels is told."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sksleep import Recording
from sksleep.preprocessing import Windower
from sksleep.preprocessing._label_names import may_be_misspelt
from sksleep.preprocessing._lost_labels import Cut, warn_of_lost_annotations

SFREQ = 10.0


def make(subject="S1", annotations=(), seconds=100, scale=1.0):
    rng = np.random.default_rng(list(subject.encode()))
    data = scale * rng.normal(size=(1, int(seconds * SFREQ)))
    return Recording(data, SFREQ, ["Cz"], subject, annotations=annotations)


def epochs(labels, offset=0.0, length=5.0):
    return [(offset + length * k, length, label) for k, label in enumerate(labels)]


def cut_quietly(recordings, duration=5.0, **params):
    return Windower(duration, **params).fit_transform(recordings)


def test_epochs_beside_the_grid_of_windows():
    night = make(annotations=epochs("WWW1WW2222W", offset=2.3))
    message = (
        "2 of 11 annotations about as long as a window, or longer, label none; the "
        "first is '1' at 17.3 s of recording 'S1', of 5 s. With align='annotation'"
    )
    lost = r"No window has the label '1' \(1 annotations of 5 s at most\)"
    with (
        pytest.warns(UserWarning, match=message),
        pytest.warns(UserWarning, match=lost),
    ):
        Windower(5.0).fit_transform([make("S0"), night])
    windows = cut_quietly([make("S0"), night], align="annotation")
    assert np.bincount(windows.labelled()[1]).tolist() == [1, 4, 6]
    cut_quietly([night], min_coverage=0.54)


def test_epochs_whose_times_were_rounded():
    rounded = [(k * 5.0 - 0.15 * (k % 2), 5.0, "W") for k in range(10)]
    with pytest.warns(UserWarning, match="5 of 10 annotations.* onset of the next"):
        Windower(5.0, align="annotation").fit_transform([make(annotations=rounded)])


def test_epochs_that_lack_a_sample():
    short = [(k * 4.9, 4.9, "W") for k in range(10)]
    recordings = [make("S0", epochs("WWWW")), make("S1", [*short, (60, 30, "W")])]
    message = "10 of 15 annotations .* at 0 s of recording 'S1', of 4.9 s. .* shorter"
    with pytest.warns(UserWarning, match=message):
        Windower(5.0, align="annotation").fit_transform(recordings)
    with pytest.warns(UserWarning, match="no labelled window: 'S1'"):
        Windower(5.0, align="annotation").fit_transform(
            [recordings[0], make("S1", short)]
        )
    windows = cut_quietly(recordings, duration=4.9, align="annotation")
    assert len(windows.labelled()[1]) == 4 + 10 + 6


@pytest.mark.parametrize("align", ["recording", "annotation"])
def test_a_last_epoch_that_is_cut_short(align):
    night = make(annotations=[*epochs("W" * 19), (95, 4.8, "W")], seconds=99.8)
    cut_quietly([night], align=align)


def test_a_recording_whose_labels_are_spelt_in_another_way():
    recordings = [
        make("A1", epochs(["wake", "REM"])),
        make("B1", epochs(["W", "R"])),
        make("B2", [*epochs(["W", "R"]), (50, 0, "lights off"), (60, 5, "BAD")]),
    ]
    message = r"no labelled window: 'B1', 'B2'\. .* has 'R', 'W'\.$"
    with pytest.warns(UserWarning, match=message):
        Windower(5.0, labels=["wake", "REM"]).fit_transform(recordings)


def test_a_class_whose_bouts_are_shorter_than_windows():
    bouts = [(10.0 * k, 2.5 + k / 10, "rearing") for k in range(4)]
    recordings = [make("S1", [*bouts, (50, 20, "rest")]), make("S2", epochs("WW"))]
    message = r"'rearing' \(4 annotations of 2.8 s at most\)\. "
    for params in ({}, {"align": "annotation"}, {"labels": ["rest", "rearing", "W"]}):
        with pytest.warns(UserWarning, match=message):
            Windower(5.0, **params).fit_transform(recordings)


def test_markers_that_are_too_short():
    markers = [(10.0 * k, 0.1, "N2") for k in range(9)]
    with pytest.warns(UserWarning, match="no labelled window: 'S1'"):
        Windower(5.0, labels=["N2"]).fit_transform([make(annotations=markers)])
    windows = cut_quietly([make(annotations=markers)])
    with pytest.warns(UserWarning, match=r"No window has a label: .*\('N2',\), covers"):
        windows.labelled()


def test_markers_without_duration():
    markers = [(10.0 * k, 0, "N2") for k in range(9)]
    windows = cut_quietly([make(annotations=markers)])
    with pytest.warns(UserWarning, match="No window has a label.*without duration"):
        windows.labelled()


def test_a_recording_of_which_no_window_is_left():
    recordings = [make("S1"), make("S2", scale=200), make("S3")]
    with pytest.warns(UserWarning, match="no window left: 'S2'. The limits"):
        windows = Windower(5.0, reject=100.0).fit_transform(recordings)
    assert set(windows.groups) == {"S1", "S3"}


def test_names_some_of_many():
    recordings = [make(f"S{k}", [(0, 1, "N1")]) for k in range(7)]
    with pytest.warns(UserWarning, match="'S0', 'S1', 'S2', 'S3', 'S4' and 2 more"):
        Windower(5.0, labels=["N1"]).fit_transform(recordings)


def test_what_is_meant_is_not_told():
    unscored = make("S2", [(0, 50, "lights off"), (3, 8, "apnea")])
    bad = make("S3", [*epochs("WW"), (0, 5, "BAD")])
    events = make("S4", [*epochs("WW"), (50, 2, "W")])
    scored = make("S1", epochs("WRW"))
    cut_quietly([scored, unscored, bad, events], labels=["W", "R"])
    cut_quietly([scored, make("S5")])
    cut_quietly([scored, unscored], labels=[])
    thinned = cut_quietly([make("S6", epochs("WWRRWW"))], step=10.0)
    assert thinned.y.tolist()[:3] == [1, 0, 1]


@pytest.mark.parametrize(
    ("labels", "names", "expected"),
    [
        ("W", "Sleep stage W,Sleep stage R", True),
        ("Sleep stage ?", "Sleep stage W,Sleep stage R", False),
        ("Sleep spindle", "Sleep stage W,Sleep stage R", False),
        ("sleep Stage w", "Sleep stage W", True),
        ("R", "wake,REM", True),
        ("Wake,REM", "W,R", True),
        ("RERA,Respiratory event", "W,N1,R", False),
        ("walking", "W,R", False),
        ("home cage", "open field,tail suspension", False),
        ("home cage 1", "home cage,open field", True),
        (",lights off", "W,R", False),
        ("W", "", False),
    ],
)
def test_labels_that_may_be_misspelt(labels, names, expected):
    names = [name for name in names.split(",") if name]
    assert may_be_misspelt(set(labels.split(",")), names) is expected


@pytest.mark.parametrize("also_in_fit", [True, False])
def test_another_spelling_is_no_state_without_a_word(also_in_fit):
    right = make(annotations=epochs(["home cage", "maze"]))
    other = make("S2", annotations=epochs(["home cage", "Maze "]))
    windower = Windower(5.0, labels=["home cage", "maze"])
    windower.fit([right, other] if also_in_fit else [right])
    with pytest.warns(UserWarning, match="blanks: 'Maze ' and 'maze'.* get y = -1"):
        windows = windower.transform([other])
    np.testing.assert_array_equal(np.unique(windows.y), [-1, 0])


def test_another_spelling_makes_no_class_without_a_word():
    recordings = [
        make(annotations=epochs(["home  cage", "maze"])),
        make("S2", annotations=epochs(["Home cage", "Maze"])),
    ]
    pairs = "'Home cage' and 'home  cage'; 'Maze' and 'maze'.* a class of its own"
    with pytest.warns(UserWarning, match=pairs):
        Windower(5.0).fit(recordings)


@pytest.mark.parametrize("labels", [["maze", "Maze"], ["home cage"]])
def test_spellings_that_a_user_knows_are_left_alone(labels):
    recording = make(annotations=epochs(["home cage", "maze", "Maze"]))
    cut_quietly([recording], labels=labels)


def test_a_night_beside_the_grid():
    night = make("S2", [(2.5, 5.0, "W")])
    with pytest.warns(UserWarning, match="no labelled window: 'S2'.* has 'W'"):
        Windower(5.0).fit_transform([make("S1", epochs("W")), night])


def test_what_bad_stretches_take_is_not_told():
    night = make("S1", [*epochs("WR"), (6, 1, "BAD_mov")])
    assert cut_quietly([night]).y.max() == 1


def test_states_that_are_left_out_on_purpose():
    sessions = [
        make(f"{subject} {state}", epochs([state] * 5))
        for subject in ("M1", "M2")
        for state in ("home cage", "open field", "tail suspension")
    ]
    windows = cut_quietly(sessions, labels=["open field", "tail suspension"])
    assert np.count_nonzero(windows.y >= 0) == 20


@given(
    onsets=st.lists(st.integers(0, 90), max_size=6),
    durations=st.lists(st.integers(1, 40), min_size=6, max_size=6),
    labels=st.lists(st.sampled_from("WR"), min_size=6, max_size=6),
    y=st.lists(st.sampled_from([-1, 0, 1]), min_size=12, max_size=12),
)
def test_agrees_with_brute_force(onsets, durations, labels, y):
    annotations = [
        (onset / SFREQ, min(duration, 100 - onset) / SFREQ, label)
        for onset, duration, label in zip(onsets, durations, labels, strict=False)
    ]
    recording = make(annotations=annotations, seconds=10)
    starts, window = np.arange(12) * 8, 8
    cut = Cut(recording, starts, np.array(y), np.full(12, True))
    lost = 0
    for onset, duration, label in recording.annotations:
        begin, end = round(onset * SFREQ), round((onset + duration) * SFREQ)
        windows = starts[np.array(y) == "WR".index(label)]
        shared = [min(s + window, end) - max(s, begin) for s in windows]
        lost += end - begin >= window and max(shared, default=0) < 2
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        warn_of_lost_annotations([cut], ["W", "R"], window, "recording")
    found = int(str(told[0].message).split()[0]) if told else 0
    assert found == (lost if max(y) >= 0 else 0)
