"""Which recordings tell when a training on few labels stops."""

import numpy as np
import pytest

from sksleep.pretext import RelativePositioning


@pytest.fixture
def held_out(windows, make_classifier):
    """Return a function from labels and a seed to the recordings held out."""

    def fit(y, random_state=0, pretext=None):
        classifier = make_classifier(pretext, max_epochs=1, random_state=random_state)
        return classifier.fit(windows, y).held_out_

    return fit


def keep_labels(windows, n_per_class):
    """Return the labels of as many windows of each class as a recording may have."""
    y = np.full(len(windows), -1)
    for number, counts in n_per_class.items():
        for label, n in enumerate(counts):
            of_class = (windows.recording_index == number) & (windows.y == label)
            y[np.flatnonzero(of_class)[:n]] = label
    return y


def test_a_recording_without_labels_is_held_out_no_more_often(windows, held_out):
    task = RelativePositioning(12, 30, windows_per_recording=16)
    y = keep_labels(windows, dict.fromkeys((0, 1, 2, 4), (30, 30)))
    chosen = {held_out(y, seed, pretext=task)[0] for seed in range(12)}
    assert len(chosen) > 2


def test_labels_of_many_windows_are_too_few_to_validate_on(windows, held_out):
    assert held_out(windows.y) == []
    y = keep_labels(windows, dict.fromkeys(range(5), (30, 30)))
    task = RelativePositioning(12, 30, windows_per_recording=16)
    assert len(held_out(y, pretext=task)) == 1


@pytest.mark.usefixtures("few_are_enough")
def test_of_those_with_as_many_any_may_come(windows, held_out):
    assert len({held_out(windows.y, seed)[0] for seed in range(6)}) > 1


@pytest.mark.usefixtures("few_are_enough")
@pytest.mark.parametrize("n_left", [4, 5])
def test_training_keeps_labels_of_every_class(windows, held_out, n_left):
    y = keep_labels(windows, {0: (6, 6), 1: (20, n_left)})
    assert held_out(y) == ([] if n_left == 4 else ["S0"])


@pytest.mark.usefixtures("few_are_enough")
@pytest.mark.parametrize("n_held_out", [4, 5])
def test_labels_too_few_to_validate_on_stay_in_training(windows, held_out, n_held_out):
    y = keep_labels(windows, {0: (6, n_held_out), 1: (20, 20)})
    assert held_out(y) == ([] if n_held_out == 4 else ["S0"])


@pytest.mark.usefixtures("few_are_enough")
def test_by_default_windows_must_be_many_where_a_pretext_task_learns(
    windows, make_classifier
):
    def n_held_out(pretext):
        classifier = make_classifier(pretext, max_epochs=1, validation_fraction="auto")
        return len(classifier.fit(windows, windows.y).held_out_)

    assert n_held_out(None) == 1
    assert n_held_out(RelativePositioning(12, 30, windows_per_recording=16)) == 0


def test_recordings_without_labels_are_held_out_from_the_pretext_task(
    windows, make_classifier
):
    y = keep_labels(windows, {0: (20, 20)})
    task = RelativePositioning(12, 30, windows_per_recording=16)
    assert len(make_classifier(task, max_epochs=1).fit(windows, y).held_out_) == 1
