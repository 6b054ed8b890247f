"""What is found in a folder of checkpoints may be gone, or be of other weights."""

import shutil

import numpy as np
import pytest
import torch
from torch import nn

from sksleep.embedding._state_file import read_state
from sksleep.nn import StagerNet
from sksleep.pretext import RelativePositioning


class Warm(StagerNet):
    """One that goes on from weights in a file."""

    def __init__(self, *args, path, **kwargs):
        super().__init__(*args, **kwargs)
        self.load_state_dict(torch.load(path, weights_only=True))


def test_other_first_weights_begin_anew(windows, make_embedder, weights, tmp_path):
    file, folder = str(tmp_path / "base.pt"), tmp_path / "checkpoints"
    folder.mkdir()
    sizes = {"kernel_sizes": (5, 5), "pool_sizes": (2, 2)}
    params = {
        "module": Warm,
        "module_params": {"path": file, **sizes},
        "max_epochs": 1,
    }
    shape = windows.shape[1:]
    for seed in (1, 2):
        torch.manual_seed(seed)
        torch.save(StagerNet(*shape, 6, **sizes).state_dict(), file)
        expected = make_embedder(**params).fit(windows)
        fit = make_embedder(checkpoint_dir=folder, **params).fit
        if seed == 1:
            found = fit(windows)
        else:
            with pytest.warns(UserWarning, match="begins anew.* with other weights"):
                found = fit(windows)
        assert weights(found) == weights(expected)
    # Whatever device the weights are read to.
    states = [read_state(each, "meta") for each in folder.iterdir()]
    assert all(state["module"]["network.linear.weight"].is_meta for state in states)
    assert all(np.isfinite(state["start"]).all() for state in states)
    # Those of other processors are rounded otherwise.
    loaded = torch.load(file, weights_only=True)
    torch.save({k: v * (1 + 1e-6) for k, v in loaded.items()}, file)
    assert weights(fit(windows)) == weights(expected)


class WarmHead(RelativePositioning):
    """One whose head goes on from a number in a file."""

    def __init__(self, path, tau_pos=12, tau_neg=30):
        super().__init__(tau_pos, tau_neg)
        self.path = path

    def make_head(self, n_features):
        head = super().make_head(n_features)
        nn.init.constant_(head.linear.weight, float(self.path.read_text()))
        return head


def test_other_first_weights_of_a_head_begin_anew(
    windows, make_embedder, weights, tmp_path
):
    file, folder = tmp_path / "weight.txt", tmp_path / "checkpoints"
    folder.mkdir()

    def fit(checkpoint_dir=folder):
        embedder = make_embedder(
            WarmHead(file), max_epochs=1, checkpoint_dir=checkpoint_dir
        )
        return weights(embedder.fit(windows))

    file.write_text("0.5")
    fit()
    file.write_text("-0.25")
    with pytest.warns(UserWarning, match="begins anew.* with other weights"):
        found = fit()
    assert found == fit(checkpoint_dir=None)
    assert found == fit()


def test_a_folder_that_is_removed_meanwhile_is_made_again(
    windows, make_embedder, tmp_path, monkeypatch
):
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    plan_epoch = RelativePositioning.plan_epoch

    def remove(self, *args):
        shutil.rmtree(folder, ignore_errors=True)
        return plan_epoch(self, *args)

    monkeypatch.setattr(RelativePositioning, "plan_epoch", remove)
    make_embedder(checkpoint_dir=folder, max_epochs=2).fit(windows)
    assert len(list(folder.iterdir())) == 1


def test_checkpoints_need_a_random_state(windows, make_embedder, tmp_path):
    embedder = make_embedder(checkpoint_dir=tmp_path, random_state=None)
    with pytest.raises(ValueError, match="checkpoint_dir needs a random_state"):
        embedder.fit(windows)
