import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sksleep import Recording, Windows
from sksleep.preprocessing import Windower


def make_recording(seconds=20.0, sfreq=10.0, annotations=(), subject="S01", n=2):
    data = np.random.default_rng(0).normal(size=(n, round(seconds * sfreq)))
    ch_names = ["Fpz", "Cz", "Oz"][:n]
    return Recording(data, sfreq, ch_names, subject, annotations=annotations)


@st.composite
def annotated_recordings(draw):
    sfreq = draw(st.sampled_from([1.0, 7.5, 10.0]))
    seconds = draw(st.integers(10, 30))
    times = st.floats(0, seconds) | st.integers(0, 10 * seconds).map(lambda k: k / 10)
    stretches = st.tuples(times, times, st.sampled_from(["wake", "sleep"]))
    annotations = [
        (min(a, b), abs(b - a), label)
        for a, b, label in draw(st.lists(stretches, max_size=5))
    ]
    return make_recording(seconds, sfreq, annotations)


def brute_force(recording, duration, step, min_coverage, align):
    """Starts and labels, window by window and sample by sample."""
    sfreq = recording.sfreq
    n, whole = (int(duration * sfreq + rest + 1e-9) for rest in (0.5, 0))
    painted = {
        "sleep": np.zeros(recording.n_times),
        "wake": np.zeros(recording.n_times),
    }
    onsets = {}
    for onset, length, label in recording.annotations:
        times = np.multiply([onset, onset + length], recording.sfreq)
        begin, end = np.floor(times + 0.5 + 1e-6)
        painted[label][int(begin) : int(end)] = 1
        if align == "annotation" and length > 0:
            onsets.setdefault(int(begin), times[0])
    labels = sorted({a.label for a in recording.annotations if a.duration > 0})
    starts, y = [], []
    onsets.setdefault(0, 0.0)
    bounds = [*sorted(onsets), recording.n_times]
    for low, high in itertools.pairwise(bounds):
        for number in itertools.count():
            start = int(onsets[low] + number * step * sfreq + 0.5 + 1e-6)
            if start + whole > high or start + n > recording.n_times:
                break
            covering = [
                k
                for k, label in enumerate(labels)
                if painted[label][start : start + whole].mean() >= min_coverage - 1e-9
            ]
            starts.append(start)
            y.append(covering)
    return starts, y


@pytest.mark.filterwarnings("ignore:No window has the label")
@pytest.mark.filterwarnings("ignore:Recordings have annotations, but no label")
@pytest.mark.filterwarnings("ignore:.* annotations about as long as a window")
@settings(max_examples=150, deadline=None)
@given(
    recording=annotated_recordings(),
    duration=st.sampled_from([1.0, 2.0, 3.4]),
    step=st.sampled_from([1.0, 2.5]),
    min_coverage=st.sampled_from([0.3, 0.55, 0.8, 1.0]),
    align=st.sampled_from(["recording", "annotation"]),
)
def test_starts_and_labels_agree_with_brute_force(
    recording, duration, step, min_coverage, align
):
    windower = Windower(duration, step, min_coverage=min_coverage, align=align)
    starts, covering = brute_force(recording, duration, step, min_coverage, align)
    if any(len(labels) > 1 for labels in covering):
        with pytest.raises(ValueError, match=r"'S01'.*'sleep' and 'wake'"):
            windower.fit_transform([recording])
    elif not starts:
        with pytest.raises(ValueError, match=r"no stretch"):
            windower.fit_transform([recording])
    else:
        windows = windower.fit_transform([recording])
        assert_array_equal(windows.starts, starts)
        assert_array_equal(windows.y, [k[0] if k else -1 for k in covering])


def test_overlapping_annotations_of_one_label_count_once():
    annotations = [(0, 1, "wake"), (0, 1, "wake"), (0.5, 0.5, "wake")]
    windows = Windower(2.0).fit_transform([make_recording(annotations=annotations)])
    assert_array_equal(windows.y, -1)


@pytest.mark.parametrize(("seconds", "label"), [(1.67, -1), (1.68, 0), (1.69, 0)])
def test_min_coverage_itself_is_enough(seconds, label):
    assert 0.56 * 300 > 168  # in floating point
    recording = make_recording(3.0, 100.0, [(0.3, seconds, "wake")])
    windows = Windower(3.0, min_coverage=0.56).fit_transform([recording])
    assert_array_equal(windows.y, [label])


def test_what_lies_after_the_last_window_does_not_reject_it():
    recording = make_recording(1.1)
    data = recording.data.copy()
    data[:, -1] = 1e6
    windows = Windower(0.5, reject=100.0).fit_transform([recording.replace(data=data)])
    assert_array_equal(windows.starts, [0, 5])


def test_tail_suspension_gives_400_labelled_windows_a_mouse():
    annotations = [(0, 300, "HC"), (303.7, 300, "OF"), (611.2, 600, "TS")]
    mouse = make_recording(1215, 10, annotations)
    other = mouse.replace(data=-mouse.data, subject="S02")
    windows = Windower(3.0, align="annotation").fit_transform([mouse, other])
    X, y, _ = windows.labelled()
    assert_array_equal(np.bincount(y), [200, 200, 400])
    assert len(X) == 800
    on_one_grid = Windower(3.0).fit_transform([mouse]).labelled()[0]
    assert len(on_one_grid) < 400


def test_annotation_of_no_duration_starts_no_grid_and_is_no_class():
    recording = make_recording(20, 10, [(0, 20, "wake"), (7, 0, "blink")])
    windows = Windower(4.0, align="annotation").fit_transform([recording])
    assert_array_equal(windows.onsets, [0, 4, 8, 12, 16])
    assert windows.class_names == ("wake",)


@pytest.mark.parametrize(
    ("reject", "flat"),
    [(3.3, None), (None, 2.8), ({"Cz": 3.0}, None), (3.6, {"Fpz": 2.5, "Cz": 2.0})],
)
@pytest.mark.parametrize("step", [0.7, 1.0, 1.6])
def test_reject_and_flat_agree_with_brute_force(reject, flat, step):
    recording = make_recording(60)
    everything = Windower(1.0, step).fit_transform([recording])
    kept = Windower(1.0, step, reject=reject, flat=flat).fit_transform([recording])
    swing = np.ptp(np.asarray(everything), axis=-1)
    high = reject if isinstance(reject, dict) else dict.fromkeys(["Fpz", "Cz"], reject)
    low = flat if isinstance(flat, dict) else dict.fromkeys(["Fpz", "Cz"], flat)
    expected = [
        all(
            (low.get(name) or 0) <= value <= (high.get(name) or np.inf)
            for name, value in zip(recording.ch_names, row, strict=True)
        )
        for row in swing
    ]
    assert 0 < sum(expected) < len(everything)
    assert_array_equal(kept.starts, everything.starts[expected])


def test_what_swings_just_as_much_as_a_limit_is_kept():
    data = np.zeros((1, 30))
    data[0, [3, 13, 23]] = [1.0, 2.0, 3.0]
    recording = Recording(data, 10.0, ["Cz"], "S01")
    windows = Windower(1.0, reject=2.0, flat=2.0).fit_transform([recording])
    assert_array_equal(windows.starts, [10])


def test_a_bad_annotation_that_ends_where_a_window_begins_does_not_touch_it():
    assert 0.1 + 0.2 > 0.3  # in floating point
    annotations = [(0.1, 0.2, "BAD"), (0.9, 0.3, "not bad")]
    recording = make_recording(1.5, annotations=annotations)
    windows = Windower(0.3, labels=["not bad"]).fit_transform([recording])
    assert_array_equal(windows.starts, [3, 6, 9, 12])
    assert_array_equal(windows.y, [-1, -1, 0, -1])


def test_a_bad_annotation_that_begins_where_a_window_ends_does_not_touch_it():
    assert 100 * 0.57 < 57  # in floating point
    recording = make_recording(2.0, 100, annotations=[(0.57, 0.1, "BAD")])
    windows = Windower(0.19).fit_transform([recording])
    assert_array_equal(windows.starts, [0, 19, 38, 76, 95, 114, 133, 152, 171])


def test_labels_fix_which_count_and_in_which_order():
    recording = make_recording(20, 10, [(0, 10, "wake"), (10, 5, "N1"), (15, 5, "N2")])
    windower = Windower(5.0, labels=["wake", "REM", "N1"])
    with pytest.warns(UserWarning, match="names 'REM', which .* but not 'N2'"):
        windows = windower.fit_transform([recording])
    assert windows.class_names == ("wake", "REM", "N1")
    assert_array_equal(windows.y, [0, 0, 2, -1])


@pytest.mark.filterwarnings("error")
def test_labels_may_name_more_and_fewer_than_there_are():
    recording = make_recording(20, 10, [(0, 10, "wake"), (10, 5, "N1")])
    for labels in (["wake", "N1", "REM"], ["N1"]):
        windows = Windower(5.0, labels=labels).fit_transform([recording])
        assert windows.class_names == tuple(labels)


def test_annotations_that_labels_leaves_out_start_no_grid():
    stages = [(7.3 + 30 * k, 30, ["N1", "N2"][k % 2]) for k in range(12)]
    arousals = [(20.1 + 41 * k, 3, "arousal") for k in range(8)]
    recording = make_recording(400, 10, stages + arousals)
    windower = Windower(30.0, labels=["N1", "N2"], align="annotation")
    windows, y, _ = windower.fit_transform([recording]).labelled()
    assert_allclose(windows.onsets, 7.3 + 30 * np.arange(12))
    assert_array_equal(y, np.arange(12) % 2)


def test_warns_of_labels_without_duration():
    recording = make_recording(20, 10, [(0, 0, "wake"), (10, 0, "N1"), (0, 20, "on")])
    windower = Windower(5.0, labels=["wake", "N1", "on"])
    with pytest.warns(UserWarning, match="'N1', 'wake' of .* have no duration"):
        windows = windower.fit_transform([recording])
    assert_array_equal(windows.y, 2)


# The rates and onsets are such that half of the stretches, or all, are a sample
# shorter than others when both ends are rounded to the nearest sample.
@pytest.mark.parametrize(
    ("sfreq", "seconds", "onset"),
    [
        (125.0, 3.0, 1.004),
        (250.0, 0.5, 0.002),
        (250.0, 3.0, 1.234),
        (173.61, 3.0, 0.0),
        (1017.2526, 3.0, 0.0),
    ],
)
def test_an_annotation_as_long_as_a_window_holds_one(sfreq, seconds, onset):
    stretches = [(onset + k * seconds, seconds, "AB"[k % 2]) for k in range(50)]
    recording = make_recording(onset + 51 * seconds, sfreq, stretches, n=1)
    windows = Windower(seconds, align="annotation").fit_transform([recording])
    assert_array_equal(np.bincount(windows.y[windows.y >= 0]), [25, 25])


# A step of so many seconds is no whole number of samples.
@pytest.mark.parametrize(
    ("sfreq", "seconds"),
    [(24414.0625 / 24, 30.0), (24414.0625 / 192, 4.0), (512 / 3, 10.0), (99.95, 30.0)],
)
def test_windows_keep_to_their_times_however_long_a_recording_is(sfreq, seconds):
    n = 400
    stages = [(k * seconds, seconds, "AB"[k % 2]) for k in range(n)]
    recording = make_recording(n * seconds + 1, sfreq, stages, n=1)
    windows = Windower(seconds).fit_transform([recording])
    assert_allclose(windows.onsets, np.arange(n) * seconds, atol=0.501 / sfreq)
    assert_array_equal(windows.y, np.arange(n) % 2)
    of_annotations = Windower(seconds, align="annotation").fit_transform([recording])
    assert_array_equal(of_annotations.starts, windows.starts)


def test_an_annotation_that_begins_in_the_first_sample_has_a_grid_of_its_own():
    recording = make_recording(1.2, annotations=[(0.04, 1.1, "wake")])
    windows = Windower(0.22, align="annotation").fit_transform([recording])
    assert_array_equal(windows.starts, np.round(0.4 + 2.2 * np.arange(5)))


@pytest.mark.parametrize(("sfreq", "shift"), [(256, 1 / 300), (127.1566, 0.77)])
@pytest.mark.parametrize("seconds", [3, 5])  # 5 s at 127.1566 Hz are rounded up
def test_bad_epochs_take_no_good_ones_with_them(sfreq, shift, seconds):
    """However their onsets, none of them a whole sample, are rounded."""
    names = ["N2", "N2", "BAD_movement"] * 10
    epochs = [(shift + seconds * k, seconds, name) for k, name in enumerate(names)]
    recording = make_recording(31 * seconds, sfreq, epochs)
    windows = Windower(float(seconds), align="annotation").fit_transform([recording])
    assert np.count_nonzero(windows.y == 0) == 20


def test_windows_that_a_bad_annotation_touches_are_dropped_and_bad_is_no_class():
    annotations = [
        (0, 20, "wake"),
        (1.9, 0.2, "BAD_movement"),
        (8, 2, "bad"),
        (15, 0, "BAD boundary"),
        (16, 0, "BAD boundary"),
    ]
    recording = make_recording(20, 10, annotations)
    for align in ("recording", "annotation"):
        windows = Windower(2.0, align=align).fit_transform([recording])
        assert_array_equal(windows.onsets, [4, 6, 10, 12, 16, 18])
        assert windows.class_names == ("wake",)
        assert_array_equal(windows.y, 0)
    kept = Windower(2.0, reject_by_annotation=False, labels=["bad"])
    assert_array_equal(np.flatnonzero(kept.fit_transform([recording]).y == 0), [4])
    named = Windower(2.0, labels=["bad"]).fit_transform([recording])
    assert_array_equal(named.onsets[named.y == 0], [8])


@pytest.mark.parametrize("sfreq", [1 / float(np.float32(0.004)), 250.00001])
def test_rates_that_are_nearly_whole_are_as_good(sfreq):
    stretches = [(30.0 * k, 30.0, "AB"[k % 2]) for k in range(100)]
    data = np.random.default_rng(0).normal(size=(1, 750_001))
    recording = Recording(data, sfreq, ["a"], "S01", annotations=stretches)
    windows = Windower(30.0).fit_transform([recording])
    assert windows.n_times == 7500
    assert_array_equal(windows.starts, np.arange(100) * 7500)
    assert_array_equal(windows.y, np.arange(100) % 2)


def test_refuses_where_all_windows_are_bad():
    recording = make_recording(20, 10, [(0, 20, "BAD_all")])
    with pytest.raises(ValueError, match="reject_by_annotation=True leave no window"):
        Windower(2.0).fit_transform([recording])


def test_label_unseen_in_fit_warns_and_gives_no_label():
    windower = Windower(5.0).fit([make_recording(annotations=[(0, 20, "wake")])])
    other = make_recording(annotations=[(0, 5, "REM"), (5, 15, "wake")])
    with pytest.warns(UserWarning, match="'REM'"):
        windows = windower.transform([other])
    assert_array_equal(windows.y, [-1, 0, 0, 0])


def test_windows_come_from_their_recordings():
    recordings = [make_recording(subject="A"), make_recording(33, subject="B")]
    windows = Windower(5.0, step=2.0).fit_transform(recordings)
    assert_array_equal(np.unique(windows.groups, return_counts=True)[1], [8, 15])
    assert np.shares_memory(windows[8], recordings[1].data)
    assert_array_equal(windows[9], recordings[1].data[:, 20:70])


@pytest.mark.parametrize("shape", [(3, 20), (3, 2, 20)])
def test_each_row_of_an_array_is_a_recording(shape):
    X = np.random.default_rng(0).normal(size=shape)
    windows = Windower(0.5, sfreq=10.0).fit_transform(X)
    assert isinstance(windows, Windows)
    assert windows.shape == (12, 1 if len(shape) == 2 else 2, 5)
    assert_array_equal(np.unique(windows.groups), ["0", "1", "2"])
    rows = np.asarray(windows).reshape(3, 4, -1, 5).swapaxes(1, 2).reshape(shape)
    assert_array_equal(rows, X.astype(np.float32))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"duration": 21.0}, "'S01' is 20 s long, shorter than a window"),
        ({"duration": 0.05}, "'S01': duration=0.05 s is shorter than one sample"),
        ({"step": 0.05}, "'S01': step=0.05 s is shorter than one sample"),
        ({"min_coverage": 0.0}, "min_coverage"),
        ({"min_coverage": 1.1}, "min_coverage"),
        ({"align": "onset"}, "align"),
        ({"reject": {"Pz": 1.0}}, "reject .* 'Pz'; the recordings have Fpz, Cz"),
        ({"flat": {"Pz": 1.0}}, "flat .* 'Pz'"),
        ({"reject": True}, "The 'reject' parameter of Windower must be"),
        ({"reject": {"Cz": True}}, "reject must be positive, got True for channel"),
        ({"flat": {"Cz": -1.0}}, "flat must be positive, got -1.0 for channel 'Cz'"),
        ({"reject": 0.01}, "reject=0.01, flat=None and .* leave no window"),
        ({"labels": ["wake", "wake"]}, "'wake' more than once"),
        ({"labels": {"wake": 1, "N1": 0}}, "from 0, got a dict: {'wake': 1, 'N1': 0}"),
        ({"labels": [1, 2]}, "labels must be strings, got 1"),
        ({"min_coverage": 0.3}, "'S01': the window at 8 s .* 'N1' and 'wake'"),
    ],
)
def test_refuses(parameters, message):
    recording = make_recording(annotations=[(0, 9.5, "wake"), (9.5, 10, "N1")])
    windower = Windower(**{"duration": 4.0, **parameters})
    with pytest.raises(ValueError, match=message):
        windower.fit_transform([recording])


def test_refuses_where_no_stretch_holds_a_window():
    recording = make_recording(annotations=[(5, 5, "a"), (10, 5, "b"), (15, 5, "c")])
    with pytest.raises(ValueError, match=r"no stretch .* as long as a window"):
        Windower(6.0, align="annotation").fit_transform([recording])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sfreq": 20.0}, "'B' is sampled at 20 Hz, 'S01' at 10 Hz"),
        ({"ch_names": ["Fpz", "Oz"]}, "'B' has the channels Fpz, Oz, 'S01' has"),
    ],
)
def test_refuses_recordings_that_differ(change, message):
    first = make_recording()
    other = first.replace(subject="B", **change)
    with pytest.raises(ValueError, match=message):
        Windower().fit([first, other])
    with pytest.raises(ValueError, match=r"'B' .* given to fit had Fpz, Cz at 10 Hz"):
        Windower().fit([first]).transform([other])


def test_array_needs_sfreq():
    with pytest.raises(ValueError, match="needs sfreq"):
        Windower().fit(np.zeros((2, 20)))


def test_the_last_sample_of_a_recording_rejects_its_window():
    data = np.random.default_rng(0).normal(size=(2, 40))
    data[1, -1] = 1e6
    recording = Recording(data, 10.0, ["Fpz", "Cz"], "S01")
    for step, starts in [(1.0, [0, 10, 20]), (0.5, [0, 5, 10, 15, 20, 25])]:
        windows = Windower(1.0, step, reject=100.0).fit_transform([recording])
        assert_array_equal(windows.starts, starts)
