"""Which recordings serve a task, and which are held out."""

import numpy as np
import pytest

from sksleep.classification import StagerNetClassifier
from sksleep.embedding import StagerNetEmbedder
from sksleep.embedding._batches import PretextDataset
from sksleep.embedding._input import WindowSource, locate_windows
from sksleep.embedding._serving_recordings import find_rows, hold_out
from sksleep.pretext import RelativePositioning


def source_of(index, onsets):
    X = np.zeros((len(index), 1, 1), np.float32)
    return WindowSource(X, index, onsets, [f"S{k}" for k in range(max(index) + 1)])


def test_rows_are_those_of_recordings_that_serve_in_whatever_order():
    index = np.tile([0, 1, 2], 20)
    order = np.random.default_rng(0).permutation(20)
    # The second one lasts 4 s.
    onsets = np.column_stack([order * 3.0, order * 0.2, 57 - 3.0 * np.arange(20)])
    source = source_of(index, onsets.ravel())
    with pytest.warns(UserWarning, match=r"leaves out 1 of 3 .*: 'S1'\."):
        rows = find_rows(RelativePositioning(9, 30), source)
    np.testing.assert_array_equal(rows, np.flatnonzero(index != 1))


@pytest.mark.parametrize("fraction", [0.1, 0.95])
def test_held_out_are_some_recordings_that_all_tasks_use_but_never_all(fraction):
    index = np.repeat(np.arange(5), 4)
    rows = [np.flatnonzero(index > 0), np.flatnonzero(index < 4)]
    dataset = PretextDataset(source_of(index, np.arange(20.0)), rows)
    for seed in range(10):
        one, other = hold_out(dataset, fraction, np.random.default_rng(seed))
        np.testing.assert_array_equal(one, other)
        assert len(one) == (1 if fraction < 0.5 else 2)
        assert set(one) < {1, 2, 3}


def n_held_out(n_recordings, n_windows, fraction):
    index = np.arange(n_windows) % n_recordings
    dataset = PretextDataset(
        source_of(index, np.arange(n_windows)), [np.arange(n_windows)]
    )
    return len(hold_out(dataset, fraction, np.random.default_rng(0))[0])


@pytest.mark.parametrize(
    ("n_recordings", "n"), [(2, 1), (5, 1), (8, 2), (9, 2), (14, 3)]
)
def test_a_fifth_of_the_recordings_is_held_out(n_recordings, n):
    assert n_held_out(n_recordings, 40, fraction=0.2) == n
    assert n_held_out(n_recordings, 40, fraction=None) == 0


def test_says_that_one_recording_cannot_be_held_out():
    with pytest.warns(UserWarning, match=r"=0.3 holds no recording out"):
        assert n_held_out(1, 40, fraction=0.3) == 0


@pytest.mark.parametrize(
    ("n_recordings", "n_windows", "n"), [(5, 4000, 1), (5, 3999, 0), (4, 9000, 0)]
)
def test_by_default_few_recordings_or_windows_are_not_held_out(
    n_recordings, n_windows, n
):
    fraction = StagerNetEmbedder().validation_fraction
    assert n_held_out(n_recordings, n_windows, fraction) == n
    assert StagerNetClassifier().validation_fraction == fraction


@pytest.mark.parametrize(("n_windows", "n"), [(4800, 1), (4794, 0)])
def test_windows_count_of_recordings_that_serve_all_tasks(n_windows, n):
    index = np.arange(n_windows) % 6
    rows = [np.arange(n_windows), np.flatnonzero(index < 5)]
    dataset = PretextDataset(source_of(index, np.arange(n_windows)), rows)
    for held_out in hold_out(dataset, "auto", np.random.default_rng(0)):
        assert len(held_out) == n


def test_without_onsets_rows_of_each_group_are_counted():
    X = np.zeros((6, 1, 5), np.float32)
    source = locate_windows(X, ["b", "a", "b", "b", "a", "b"], None)
    np.testing.assert_array_equal(source.recording_index, [1, 0, 1, 1, 0, 1])
    np.testing.assert_array_equal(source.onsets, [0, 0, 1, 2, 1, 3])
