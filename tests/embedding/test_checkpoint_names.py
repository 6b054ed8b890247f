"""A checkpoint is of one training: of all its parameters and all of its signal."""

import os
import subprocess
import sys
from textwrap import dedent

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


def test_code_and_parameters_are_the_same_in_every_process(tmp_path):
    (tmp_path / "own.py").write_text(
        dedent(
            """
            from functools import partial
            import numpy as np
            import torch
            from torch import nn
            from torch.nn import functional
            from sksleep.classification._label_task import LabelTask
            from sksleep.embedding._net import PretextLoss
            from sksleep.embedding._own_code import content_of, own_code, structure_of
            from sksleep.embedding._tasks import WeightedTask
            from sksleep.pretext import ContrastivePredictiveCoding

            class Own(nn.Module):
                activations = (torch.tanh, functional.relu, lambda x: x)
                names = frozenset({"alpha", "beta", "gamma", "delta"})

                def forward(self, x, kinds=frozenset("abcdefg"), act=functional.relu):
                    return act(x) if x in {"one", "two", "three"} else self.names

            parameters = {"of": Own, "act": partial(Own.forward, x=2), "in": {Own}}
            print(own_code([Own]), content_of(parameters))
            labels = LabelTask(2, np.float32([1.0, 2.0]))
            tasks = [labels, ContrastivePredictiveCoding(3, 2)]
            tasks = [WeightedTask("a task", task, 1.0) for task in tasks]
            print(content_of(tasks), structure_of(PretextLoss(tasks, 4)))
            """
        )
    )

    def run(seed):
        env = os.environ | {"PYTHONHASHSEED": seed}
        command = [sys.executable, str(tmp_path / "own.py")]
        return subprocess.check_output(command, env=env, text=True)

    assert run("1") == run("2")
