"""A training that is killed goes on where its checkpoint is."""

import re

import numpy as np
import pytest
import torch

import sksleep
from sksleep.embedding._net import PretextNet
from sksleep.nn import StagerNet


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


@pytest.mark.parametrize("patience", [2, 50])
def test_a_killed_training_ends_as_one_never_killed(
    windows, make_embedder, weights, tmp_path, monkeypatch, patience
):
    params = {"max_epochs": 8, "patience": patience, "lr": 0.02}
    expected = make_embedder(**params).fit(windows)
    params["checkpoint_dir"] = tmp_path
    with monkeypatch.context() as patch:
        calls = kill_after(patch, n_batches=18)
        with pytest.raises(_Killed):
            make_embedder(**params).fit(windows)
    with monkeypatch.context() as patch:
        calls = kill_after(patch, n_batches=1000)
        resumed = make_embedder(**params).fit(windows)
    n_epochs = len(expected.net_.history)
    n_batches = sum(len(row["batches"]) for row in expected.net_.history)
    assert weights(resumed) == weights(expected)
    assert len(resumed.net_.history) == n_epochs
    assert len(calls) < n_batches
    columns = ["train_loss", "valid_objective"]
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


def test_a_damaged_checkpoint_is_named(windows, make_embedder, tmp_path):
    embedder = make_embedder(checkpoint_dir=tmp_path, max_epochs=1).fit(windows)
    [file] = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(ValueError, match=rf"checkpoint {re.escape(str(file))} cannot"):
        embedder.fit(windows)


def test_checkpoints_need_a_random_state(windows, make_embedder, tmp_path):
    embedder = make_embedder(checkpoint_dir=tmp_path, random_state=None)
    with pytest.raises(ValueError, match="checkpoint_dir needs a random_state"):
        embedder.fit(windows)


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
