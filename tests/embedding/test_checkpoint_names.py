"""A checkpoint is of one training: of all its parameters and all of its signal."""

import numpy as np
import pytest

from sksleep import Windows
from sksleep.pretext import RelativePositioning


@pytest.mark.parametrize(
    "changes",
    [
        {"validation_fraction": 0.4},
        {"validation_fraction": None},
        {"patience": 4},
        {"batch_size": 32},
        {"weight_decay": 0.1},
        {"normalize": False},
        {"precision": "bfloat16"},
        {"n_features": 7},
        {"module_params": {"pool_sizes": (3, 4), "kernel_sizes": (9, 5)}},
        {"pretext_weights": [2.0]},
        {"pretext": RelativePositioning(12, 33, windows_per_recording=16)},
    ],
    ids=str,
)
def test_every_parameter_of_the_training_counts(
    windows, make_embedder, tmp_path, changes
):
    embedder = make_embedder(checkpoint_dir=tmp_path, max_epochs=1).fit(windows)
    embedder.set_params(**changes).fit(windows)
    assert len(list(tmp_path.iterdir())) == 2


def test_checkpoints_of_longer_windows_are_left_alone(windows, make_embedder, tmp_path):
    some = windows[windows.onsets < 150]
    for n_times in (75, 76):
        longer = Windows(some.recordings, some.recording_index, some.starts, n_times)
        make_embedder(checkpoint_dir=tmp_path, max_epochs=1).fit(longer)
    assert len(list(tmp_path.iterdir())) == 2


def test_checkpoints_of_arrays_that_differ_in_the_last_row_are_left_alone(
    windows, make_embedder, tmp_path
):
    X = np.asarray(windows)  # 300 rows
    for value in (0, 1):
        X[-1, -1, -1] = value
        embedder = make_embedder(checkpoint_dir=tmp_path, max_epochs=1)
        embedder.fit(X, groups=windows.groups)
    assert len(list(tmp_path.iterdir())) == 2
