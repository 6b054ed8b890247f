"""Embedders of weights that were trained elsewhere."""

import numpy as np
import pytest

from sksleep.embedding import StagerNetEmbedder
from sksleep.nn import StagerNet


@pytest.mark.parametrize("name", ["CPC_stagernet_16", "RP_stagernet", "TS_stagernet"])
def test_published_weights_give_the_published_embeddings(shared_folder, name):
    folder = shared_folder("reference") / "stagernet"
    file = np.load(folder / "expected_embeddings.npz")
    windows, expected = file["windows"], file[name]
    embedder = StagerNetEmbedder.from_weights(folder / f"{name}.pth")
    error = np.linalg.norm(embedder.transform(windows) - expected)
    assert error < 1e-4 * np.linalg.norm(expected)
    assert embedder.held_out_ == []
    assert embedder.pretext_accuracy_ == {}


def test_weights_of_an_embedder_make_the_same_embedder(windows, fitted):
    encoder = fitted.net_.module_
    for module in (encoder, encoder.network):
        again = StagerNetEmbedder.from_weights(
            module.state_dict(), n_times=75, pool_sizes=(3, 4), device="cpu"
        )
        np.testing.assert_array_equal(
            again.transform(windows), fitted.transform(windows)
        )


def test_weights_may_be_of_windows_as_they_are(windows, make_embedder):
    embedder = make_embedder(max_epochs=1, normalize=False).fit(windows)
    again = StagerNetEmbedder.from_weights(
        embedder.net_.module_.state_dict(),
        n_times=75,
        pool_sizes=(3, 4),
        normalize=False,
        device="cpu",
    )
    np.testing.assert_array_equal(again.transform(windows), embedder.transform(windows))


def test_weights_of_one_channel_embed_arrays_with_it_or_without():
    embedder = StagerNetEmbedder.from_weights(
        StagerNet(1, 750).state_dict(), n_times=750
    )
    windows = np.random.default_rng(0).normal(size=(3, 750))
    np.testing.assert_array_equal(
        embedder.transform(windows), embedder.transform(windows[:, np.newaxis])
    )
    with pytest.raises(ValueError, match="X has 2 features"):
        embedder.transform(np.zeros((3, 2, 750)))


@pytest.mark.usefixtures("bfloat16_units")
def test_weights_are_put_where_and_compute_as_the_user_says(fitted, windows):
    def make(**params):
        state_dict = fitted.net_.module_.network.state_dict()
        return StagerNetEmbedder.from_weights(
            state_dict, n_times=75, pool_sizes=(3, 4), **params
        )

    embeddings = make(device="cpu", precision="bfloat16").transform(windows)
    exact = fitted.transform(windows)
    assert 1e-4 < np.linalg.norm(embeddings - exact) / np.linalg.norm(exact) < 0.05
    with pytest.raises(ValueError, match="device='gpu' is none"):
        make(device="gpu")
    with pytest.raises(ValueError, match="The 'precision' parameter"):
        make(precision="half")


def test_weights_embed_windows_of_any_names_and_rate(fitted, windows):
    embedder = StagerNetEmbedder.from_weights(
        fitted.net_.module_.state_dict(), n_times=75, pool_sizes=(3, 4), device="cpu"
    )
    embeddings = embedder.transform(windows)
    np.testing.assert_array_equal(embeddings, embedder.transform(np.asarray(windows)))
