"""joblib knows a trained embedder again, so that a cache finds what it computed."""

import joblib
import numpy as np
import pytest
import torch
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import Pipeline
from skorch.exceptions import DeviceWarning
from torch import nn

from sksleep.embedding import StagerNetEmbedder
from sksleep.embedding._net import _device_here


@pytest.fixture(params=[0.2, None], ids=["stops early", "trains on all"])
def file(request, windows, make_embedder, tmp_path):
    """A file of an embedder that has not been used after its training."""
    embedder = make_embedder(max_epochs=1, validation_fraction=request.param)
    return joblib.dump(embedder.fit(windows), tmp_path / "embedder.joblib")[0]


def test_an_embedder_has_one_hash_however_often_it_is_read(file):
    one, other = joblib.load(file), joblib.load(file)
    assert joblib.hash(one) == joblib.hash(other)
    again = file + ".again"
    joblib.dump(one, again)
    assert joblib.hash(joblib.load(again)) == joblib.hash(one)


@pytest.mark.skipif(torch.backends.mps.is_available(), reason="it is there")
@pytest.mark.parametrize("device", ["mps:0", "hpu:0"])
def test_a_model_can_be_read_where_its_device_is_missing(file, windows, device):
    embedder = joblib.load(file)
    expected = embedder.transform(windows[:9])
    embedder.net_.device = device
    joblib.dump(embedder, file)
    with pytest.warns(DeviceWarning, match=f"no device '{device}' here"):
        loaded = joblib.load(file)
    np.testing.assert_array_equal(loaded.transform(windows[:9]), expected)


def test_a_model_of_a_second_gpu_can_be_read_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.warns(DeviceWarning, match="no GPU 'cuda:1' here"):
        assert _device_here("cuda:1") == "cuda:0"
    assert _device_here("cuda:0") == "cuda:0"
    assert _device_here("cuda") == "cuda"


def test_to_embed_leaves_the_hash(file, windows):
    embedder = joblib.load(file)
    before = joblib.hash(embedder)
    embedder.transform(windows[:9])
    assert joblib.hash(embedder) == before


def test_other_weights_have_another_hash(file):
    one, other = joblib.load(file), joblib.load(file)
    next(other.net_.module_.parameters()).data += 1e-3
    assert joblib.hash(one) != joblib.hash(other)


def test_weights_and_their_optimiser_come_back_as_they_were(file, windows):
    one = joblib.load(file)
    other = joblib.load(joblib.dump(one, file)[0])
    np.testing.assert_array_equal(one.transform(windows), other.transform(windows))
    states = [each.net_.optimizer_.state_dict()["state"] for each in (one, other)]
    assert states[0].keys() == states[1].keys()
    for key in states[0]:
        for name, value in states[0][key].items():
            assert np.array_equal(value, states[1][key][name])
    # The optimiser's are the module's own, and no copies.
    parameters = {id(p) for p in other.net_.module_.parameters()}
    optimised = {
        id(p) for group in other.net_.optimizer_.param_groups for p in group["params"]
    }
    assert parameters & optimised


def test_a_search_over_a_classifier_embeds_once_in_a_fold(
    file, windows, tmp_path, monkeypatch
):
    embedded = []
    plain = StagerNetEmbedder.transform

    def transform(self, X):
        embedded.append(len(X))
        return plain(self, X)

    monkeypatch.setattr(StagerNetEmbedder, "transform", transform)
    n_embedded = []
    for _ in range(2):
        embedder = FrozenEstimator(joblib.load(file))
        model = Pipeline(
            [("embed", embedder), ("classify", LogisticRegression())],
            memory=str(tmp_path / "cache"),
        )
        search = GridSearchCV(
            model,
            {"classify__C": [0.1, 1.0, 10.0]},
            cv=GroupKFold(2),
            refit=False,
            scoring=lambda *_: 0.0,
        )
        embedded.clear()
        search.fit(windows, windows.y, groups=windows.groups)
        n_embedded.append(len(embedded))
    assert n_embedded == [2, 0]


def test_types_that_have_no_name_of_their_own_are_hashed(windows, make_embedder):
    class Net(nn.Module):
        def __init__(self, n_channels, n_times, n_features):
            super().__init__()
            self.linear = nn.Linear(n_channels * n_times, n_features)
            self.kind = type(None)

        def forward(self, windows):
            return self.linear(windows.flatten(1))

    embedder = make_embedder(module=Net, module_params=None, max_epochs=1).fit(windows)
    kept = embedder.net_.__getstate__()
    assert all(each.__module__ != "builtins" for each in kept["_code"])
