"""A training that is killed goes on where its checkpoint is."""

import pickle
import subprocess
import sys
from textwrap import dedent

import numpy as np
import pytest
import torch
from torch import nn

import sksleep
from sksleep import Windows
from sksleep.embedding import StagerNetEmbedder, _checkpoint
from sksleep.embedding._net import PretextNet
from sksleep.nn import StagerNet
from sksleep.pretext import RelativePositioning


class _Killed(Exception):
    pass


def kill_after(monkeypatch, n_batches):
    """Make training die in the middle of an epoch, as by a kill."""
    plain, calls = PretextNet.train_step, []

    def step(self, batch, **params):
        calls.append(batch)
        if len(calls) > n_batches:
            raise _Killed
        return plain(self, batch, **params)

    monkeypatch.setattr(PretextNet, "train_step", step)
    return calls


def test_a_script_s_own_task_and_module_have_one_checkpoint_in_every_process(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        dedent(
            """
            import sys
            from functools import partial
            import numpy as np
            from sklearn.linear_model import LogisticRegression
            from sklearn.model_selection import cross_validate
            from sklearn.pipeline import make_pipeline
            from sksleep.embedding import StagerNetEmbedder
            from sksleep.nn import StagerNet
            from sksleep.pretext import RelativePositioning

            class Task(RelativePositioning):
                pass

            class Net(StagerNet):
                def __init__(self, *args, scale=None, **kwargs):
                    super().__init__(*args, **kwargs)

            def double(x, factor):
                return 2 * x * factor

            if __name__ == "__main__":
                X = np.random.default_rng(0).normal(size=(80, 2, 100))
                embedder = StagerNetEmbedder(
                    [Task(4, 12)], module=Net, max_epochs=1, random_state=0,
                    module_params={"scale": partial(double, factor=np.float32(3))},
                    checkpoint_dir=sys.argv[1],
                )
                for n_jobs in (1, 2):
                    cross_validate(
                        make_pipeline(embedder, LogisticRegression()), X,
                        np.arange(80) % 2, cv=2, n_jobs=n_jobs, error_score="raise",
                    )
            """
        )
    )
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    subprocess.run([sys.executable, str(script), str(folder)], check=True)
    assert len(list(folder.iterdir())) == 2


# Killed in the second epoch of all, or in the second after the best one.
@pytest.mark.parametrize(("patience", "in_epoch"), [(50, 2), (2, "best + 2")])
def test_a_killed_training_ends_as_one_never_killed(
    windows, make_embedder, weights, tmp_path, monkeypatch, patience, in_epoch
):
    params = {"max_epochs": 12, "patience": patience, "lr": 0.02}
    expected = make_embedder(**params).fit(windows)
    best = 1 + int(np.argmin(expected.net_.history[:, "valid_objective"]))
    if in_epoch == "best + 2":
        in_epoch = best + 2
        assert in_epoch == len(expected.net_.history) < 12
    done = sum(expected.net_.history[: in_epoch - 1, "train_batch_count"])
    params["checkpoint_dir"] = tmp_path
    with monkeypatch.context() as patch:
        calls = kill_after(patch, n_batches=done + 1)
        with pytest.raises(_Killed):
            make_embedder(**params).fit(windows)
    with monkeypatch.context() as patch:
        calls = kill_after(patch, n_batches=1000)
        resumed = make_embedder(**params).fit(windows)
    n_epochs = len(expected.net_.history)
    n_batches = sum(expected.net_.history[:, "train_batch_count"])
    assert weights(resumed) == weights(expected)
    assert len(resumed.net_.history) == n_epochs
    assert len(calls) < n_batches
    columns = ["train_loss", "valid_objective", "valid_loss_best"]
    assert resumed.net_.history[:, columns] == expected.net_.history[:, columns]


def test_checkpoints_of_other_data_or_parameters_are_left_alone(
    windows, make_embedder, weights, tmp_path
):
    make_embedder(checkpoint_dir=tmp_path).fit(windows)
    others = [
        ({"lr": 1e-2}, windows),
        ({"random_state": 3}, windows),
        ({"max_epochs": 1}, windows),
        ({}, windows[windows.groups != "S4"]),
    ]
    for n_files, (params, data) in enumerate(others, start=2):
        fitted = make_embedder(checkpoint_dir=tmp_path, **params).fit(data)
        assert weights(fitted) == weights(make_embedder(**params).fit(data))
        assert len(list(tmp_path.iterdir())) == n_files


def test_a_model_can_be_read_on_another_kind_of_system(
    windows, make_embedder, tmp_path
):
    """Which has no paths of this one."""
    embedder = make_embedder(checkpoint_dir=str(tmp_path)).fit(windows)
    assert type(tmp_path).__name__.encode() not in pickle.dumps(embedder)


def test_a_checkpoint_is_that_of_any_equal_seed(windows, make_embedder, tmp_path):
    for seed in (0, np.int64(0)):
        make_embedder(checkpoint_dir=tmp_path, random_state=seed).fit(windows)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("package", [sksleep, torch])
def test_checkpoints_of_other_versions_are_left_alone(
    windows, make_embedder, tmp_path, monkeypatch, package
):
    make_embedder(checkpoint_dir=tmp_path).fit(windows)
    monkeypatch.setattr(package, "__version__", "99.0")
    make_embedder(checkpoint_dir=tmp_path).fit(windows)
    assert len(list(tmp_path.iterdir())) == 2


def test_checkpoints_with_other_rates_of_layers_are_left_alone(
    windows, make_embedder, weights, tmp_path, monkeypatch
):
    make_embedder(checkpoint_dir=tmp_path).fit(windows)
    monkeypatch.setattr(StagerNet, "lr_factors", {})
    fitted = make_embedder(checkpoint_dir=tmp_path).fit(windows)
    assert weights(fitted) == weights(make_embedder().fit(windows))
    assert len(list(tmp_path.iterdir())) == 2


class Own(nn.Module):
    """A network of a user."""

    def __init__(self, n_channels, n_times, n_features):
        super().__init__()
        self.linear = nn.Linear(n_channels * n_times, n_features)

    def forward(self, windows):
        return self.linear(windows.flatten(1) * 1.0)


class OwnTask(RelativePositioning):
    """A task of a user."""

    default_batch_size = 64

    def loss(self, scores, targets):
        return 1.0 * super().loss(scores, targets)


@pytest.mark.parametrize(
    ("changed", "name", "value"),
    [
        (Own, "forward", lambda self, windows: self.linear(windows.flatten(1) * 2.0)),
        (OwnTask, "default_batch_size", 32),
        (
            OwnTask,
            "loss",
            lambda self, s, t: 2.0 * RelativePositioning.loss(self, s, t),
        ),
    ],
)
def test_checkpoints_of_other_code_are_left_alone(
    windows, make_embedder, weights, tmp_path, monkeypatch, changed, name, value
):
    params = {"module": Own, "module_params": None, "batch_size": None, "max_epochs": 2}

    def fit(**more):
        return make_embedder(OwnTask(12, 30), **params, **more).fit(windows)

    fit(checkpoint_dir=tmp_path)
    fit(checkpoint_dir=tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr(changed, name, value)
    assert weights(fit(checkpoint_dir=tmp_path)) == weights(fit())
    assert len(list(tmp_path.iterdir())) == 2


class Block(nn.Module):
    """A part of a user's network."""

    scale = 1.0

    def forward(self, x):
        return self.scale * x


class OfBlocks(Own):
    """A network of a user, with parts of its own."""

    def __init__(self, **sizes):
        super().__init__(**sizes)
        self.block = Block()

    def forward(self, windows):
        return super().forward(self.block(windows))


RATE = {"lr": 1e-3}


class AnyEmbedder(StagerNetEmbedder):
    """A user's class on the way to another."""

    def __init__(self, *args, **params):
        super().__init__(*args, **params)


class LabEmbedder(AnyEmbedder):
    """A user's class, which fixes most parameters."""

    def __init__(self, checkpoint_dir=None):
        super().__init__(
            RelativePositioning(12, 30, windows_per_recording=16),
            n_features=6,
            module_params={
                "n_filters": 4,
                "kernel_sizes": (9, 5),
                "pool_sizes": (3, 4),
            },
            lr=RATE["lr"],
            max_epochs=1,
            device="cpu",
            random_state=0,
            checkpoint_dir=checkpoint_dir,
        )


def test_a_subclass_counts_with_what_it_fixes(windows, weights, tmp_path, monkeypatch):
    one = LabEmbedder(tmp_path).fit(windows)
    monkeypatch.setitem(RATE, "lr", 1e-2)
    other = LabEmbedder(tmp_path).fit(windows)
    assert weights(other) == weights(LabEmbedder().fit(windows))
    assert weights(other) != weights(one)
    LabEmbedder(tmp_path).fit(windows)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_subclass_counts_with_its_code(windows, tmp_path):
    for base in (LabEmbedder, type("LabEmbedder", (LabEmbedder,), {"version": 2})):
        base(tmp_path).fit(windows)
    assert len(list(tmp_path.iterdir())) == 2


def test_windows_from_a_file_have_the_checkpoint_of_those_in_memory(
    windows, make_embedder, tmp_path
):
    some = windows[np.isin(windows.groups, ["S1", "S3", "S4"])]
    for X in (some, pickle.loads(pickle.dumps(some))):
        make_embedder(checkpoint_dir=tmp_path, max_epochs=1).fit(X)
    assert len(list(tmp_path.iterdir())) == 1


def test_checkpoints_of_other_parts_of_a_module_are_left_alone(
    windows, make_embedder, tmp_path, monkeypatch
):
    params = {"module": OfBlocks, "module_params": None, "max_epochs": 1}
    for scale, n_files in [(1.0, 1), (2.0, 2)]:
        monkeypatch.setattr(Block, "scale", scale)
        make_embedder(checkpoint_dir=tmp_path, **params).fit(windows)
        assert len(list(tmp_path.iterdir())) == n_files


@pytest.mark.parametrize(
    "others",
    [
        [{"onsets": np.arange(60) * 3.0}, {"onsets": np.arange(60)[::-1] * 3.0}],
        [{"groups": np.arange(60) % 2}, {"groups": np.arange(60) // 30}],
    ],
)
def test_checkpoints_of_other_times_or_recordings_are_left_alone(
    windows, make_embedder, tmp_path, others
):
    X = np.asarray(windows[:60])
    for places in others:
        places = {"onsets": np.arange(60) * 3.0} | places
        embedder = make_embedder(RelativePositioning(9, 15), validation_fraction=None)
        embedder.set_params(checkpoint_dir=tmp_path).fit(X, **places)
    assert len(list(tmp_path.iterdir())) == 2


def test_checkpoints_of_arrays_of_another_shape_are_left_alone(make_embedder, tmp_path):
    X = np.random.default_rng(0).normal(size=(120, 2, 150)).astype(np.float32)
    params = {"module": Own, "module_params": None, "max_epochs": 1}
    params |= {"validation_fraction": None, "checkpoint_dir": tmp_path}
    embedder = make_embedder(RelativePositioning(3, 9), **params)
    embedder.fit(X)
    embedder.fit(X.reshape(120, 3, 100))
    assert len(list(tmp_path.iterdir())) == 2


def test_a_checkpoint_is_of_a_signal_wherever_it_lies(
    windows, make_embedder, tmp_path, monkeypatch
):
    monkeypatch.setattr(_checkpoint, "_N_SAMPLES", 1000)  # of 4,500

    def with_signals(change):
        recordings = [r.replace(data=change(r.data)) for r in windows.recordings]
        return Windows(
            recordings, windows.recording_index, windows.starts, windows.n_times
        )

    def in_a_file(data):
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}.npy"
        np.save(file, data)
        return np.load(file, mmap_mode="r")

    def changed(data):
        data = data.copy()
        data[-1, -1] += 1
        return data

    folder = tmp_path / "checkpoints"
    for change, n_files in [(in_a_file, 1), (np.asfortranarray, 1), (changed, 2)]:
        embedder = make_embedder(checkpoint_dir=folder, max_epochs=1)
        embedder.fit(with_signals(lambda data: data))
        embedder.fit(with_signals(change))
        assert len(list(folder.iterdir())) == n_files


def test_a_folder_that_cannot_be_written_to_is_refused_before_training(
    windows, make_embedder, tmp_path, monkeypatch
):
    file = tmp_path / "file"
    file.touch()
    calls = kill_after(monkeypatch, n_batches=1000)
    for folder in (file, file / "folder", 3):
        with pytest.raises(ValueError, match="checkpoint_dir"):
            make_embedder(checkpoint_dir=folder).fit(windows)
    assert not calls
