"""Embeddings put into an array that is given, and what they are computed in."""

import re

import numpy as np
import pytest
import torch
from sklearn import config_context
from sklearn.pipeline import make_pipeline

from sksleep.pretext import RelativePositioning


@pytest.fixture(scope="module")
def fitted(windows, make_embedder):
    return make_embedder(max_epochs=15).fit(windows)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_transform_fills_a_given_array(windows, fitted, dtype):
    out = np.full((len(windows), 6), np.nan, dtype)
    assert fitted.transform(windows, out=out) is out
    np.testing.assert_array_equal(out, fitted.transform(windows))


def test_transform_fills_a_memory_map(windows, fitted, tmp_path):
    shape = len(windows), 6
    out = np.lib.format.open_memmap(tmp_path / "rp.npy", "w+", np.float32, shape)
    fitted.transform(windows, out=out).flush()
    np.testing.assert_array_equal(
        np.load(tmp_path / "rp.npy"), fitted.transform(windows)
    )


def test_a_pipeline_passes_the_array_on(windows, fitted):
    out = np.empty((len(windows), 6))
    with config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(fitted.set_transform_request(out=True))
        assert pipeline.transform(windows, out=out) is out


def read_only(array):
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (np.empty((300, 5)), "out must have the shape (300, 6), got (300, 5)."),
        (np.empty((300, 6), int), "out must be a numpy array of floats, got int64."),
        ([[0.0] * 6] * 300, "out must be a numpy array of floats, got list."),
        (read_only(np.empty((300, 6))), "out must be writeable"),
    ],
    ids=["shape", "integers", "list", "read-only"],
)
def test_refuses_what_embeddings_cannot_be_put_into(windows, fitted, out, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        fitted.transform(windows, out=out)


@pytest.mark.usefixtures("bfloat16_units")
def test_bfloat16_learns_and_embeds_as_float32_does(windows, make_embedder):
    embedder = make_embedder(max_epochs=15, precision="bfloat16").fit(windows)
    assert embedder.pretext_accuracy_["RelativePositioning"] > 0.65
    lower = embedder.transform(windows)
    assert lower.dtype == np.float32
    embedder.net_.module_.precision = "float32"
    exact = embedder.transform(windows)
    assert not np.array_equal(lower, exact)
    assert np.abs(lower - exact).mean() < 0.01 * exact.std()


@pytest.mark.usefixtures("bfloat16_units")
def test_bfloat16_leaves_weights_in_float32(windows, make_embedder):
    task = RelativePositioning(12, 30, windows_per_recording=16)
    embedder = make_embedder(task, max_epochs=1, precision="bfloat16").fit(windows)
    weights = embedder.net_.module_.state_dict().values()
    assert {w.dtype for w in weights if w.is_floating_point()} == {torch.float32}


def test_bfloat16_leaves_it_to_the_embedder_to_refuse_a_module(windows, make_embedder):
    class Pair(torch.nn.Module):
        def __init__(self, **sizes):
            super().__init__()

        def forward(self, windows):
            return windows, windows

    embedder = make_embedder(module=Pair, module_params={}, precision="bfloat16")
    with pytest.raises(ValueError, match="module Pair must turn windows"):
        embedder.fit(windows)


def test_refuses_another_precision(windows, make_embedder):
    with pytest.raises(ValueError, match="'precision' parameter"):
        make_embedder(precision="float16").fit(windows)
