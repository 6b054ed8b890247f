import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import TSNE

from sksleep._palette import COLORS
from sksleep.inspection import EmbeddingDisplay

rng = np.random.default_rng(0)
embedding = rng.normal(size=(60, 5)) * [3, 2, 1, 1, 1]
states = np.repeat([0, 1, -1], 20)


class Flatten(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.asarray(X).reshape(len(X), -1)


def points_by_color(display):
    """{colour: the set of points that have it}."""
    out = {}
    for scatter in display.scatter_:
        for point, color in zip(
            scatter.get_offsets(), scatter.get_facecolors(), strict=True
        ):
            out.setdefault(to_hex(color).upper(), set()).add(tuple(point))
    return out


def legend(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def test_the_plane_is_that_of_the_first_principal_components():
    display = EmbeddingDisplay.from_embedding(embedding)
    expected = PCA(2).fit(embedding)
    np.testing.assert_allclose(display.points, expected.transform(embedding))
    share = 100 * expected.explained_variance_ratio_[0]
    assert display.ax_.get_xlabel() == f"PC 1 ({share:.0f} %)"
    assert display.ax_.get_legend() is None


def test_every_point_has_the_colour_of_its_label():
    display = EmbeddingDisplay.from_embedding(
        embedding, states, class_names=["wake", "sleep"]
    )
    assert legend(display) == ["wake", "sleep", "unlabelled"]
    found = points_by_color(display)
    for label, color in ((0, COLORS[0]), (1, COLORS[1]), (-1, to_hex("0.75").upper())):
        assert found[color] == {tuple(p) for p in display.points[states == label]}


def test_points_without_a_label_lie_below():
    display = EmbeddingDisplay.from_embedding(embedding, states)
    below = display.scatter_[0].get_offsets()[:20]
    unlabelled = display.points[states == -1]
    assert {tuple(p) for p in below} == {tuple(p) for p in unlabelled}


def test_two_dimensions_are_left_as_they_are():
    display = EmbeddingDisplay.from_embedding(embedding[:, :2])
    np.testing.assert_array_equal(display.points, embedding[:, :2])
    assert display.ax_.get_ylabel() == "Dimension 2"


def test_any_projection_is_cloned_and_fitted():
    projection = TSNE(perplexity=5, random_state=0, max_iter=250)
    display = EmbeddingDisplay.from_embedding(embedding, projection=projection)
    assert display.ax_.get_xlabel() == "TSNE 1"
    assert not hasattr(projection, "embedding_")


def test_many_subjects_differ_in_colour_or_marker():
    names = [f"S{number:02d}" for number in range(30)]
    display = EmbeddingDisplay.from_embedding(embedding, np.tile(names, 2))
    assert legend(display) == names
    assert len(display.scatter_) == 4
    handles = display.ax_.get_legend().legend_handles
    looks = {(handle.get_color(), handle.get_marker()) for handle in handles}
    assert len(looks) == 30


@pytest.mark.parametrize(
    ("color_by", "names"),
    [
        ("state", ["wake", "NREM", "REM", "unlabelled"]),
        ("subject", ["S1", "S2"]),
        ("session", ["S1_a", "S1_b", "S2_a"]),
    ],
)
def test_windows_are_coloured_by_state_subject_or_session(windows, color_by, names):
    display = EmbeddingDisplay.from_estimator(Flatten(), windows, color_by=color_by)
    assert legend(display) == names
    assert len(display.points) == len(windows)


def test_given_labels_come_before_those_of_the_windows(windows):
    display = EmbeddingDisplay.from_estimator(Flatten(), windows, windows.onsets > 40)
    assert legend(display) == ["False", "True"]


def test_draws_on_given_axes_in_a_given_style():
    figure, ax = plt.subplots()
    display = EmbeddingDisplay.from_embedding(embedding, ax=ax, scatter_kw={"s": 7})
    assert (display.ax_, display.figure_) == (ax, figure)
    assert display.scatter_[0].get_sizes() == [7]


def test_draws_on_axes_that_share_both_limits():
    _, axes = plt.subplots(1, 2, sharex=True, sharey=True)
    for ax in axes:
        EmbeddingDisplay.from_embedding(embedding, ax=ax).figure_.canvas.draw()
        assert ax.get_aspect() == 1


def test_names_of_a_style_may_be_short():
    display = EmbeddingDisplay.from_embedding(embedding, scatter_kw={"lw": 2})
    assert display.scatter_[0].get_linewidths() == [2]


def test_axes_that_share_one_limit_fill_their_place():
    _, axes = plt.subplots(1, 2, sharey=True)
    EmbeddingDisplay.from_embedding(embedding, ax=axes[0]).figure_.canvas.draw()
    assert axes[0].get_adjustable() == "datalim"


@pytest.mark.parametrize("name", ["c", "color", "marker", "facecolor"])
def test_refuses_what_tells_labels_apart(name):
    with pytest.raises(ValueError, match=f"scatter_kw must not have {name}: colours"):
        EmbeddingDisplay.from_embedding(embedding, states, scatter_kw={name: "k"})


def test_refuses_a_classifier_for_an_embedder(windows):
    with pytest.raises(ValueError, match=r"no transform.*model\[:-1\]"):
        EmbeddingDisplay.from_estimator(LogisticRegression(), windows)


def test_refuses_an_unknown_colouring(windows):
    with pytest.raises(ValueError, match="color_by must be 'state', 'subject' or"):
        EmbeddingDisplay.from_estimator(Flatten(), windows, color_by="night")


def test_refuses_a_projection_that_is_not_plane():
    with pytest.raises(ValueError, match=r"PCA made an array of shape \(60, 3\)"):
        EmbeddingDisplay.from_embedding(embedding, projection=PCA(3))


def test_refuses_what_is_no_plane():
    with pytest.raises(ValueError, match=r"two dimensions, got .* \(60, 3\)"):
        EmbeddingDisplay(embedding[:, :3]).plot()
    with pytest.raises(ValueError, match=r"shape \(60, 1\) has no plane"):
        EmbeddingDisplay.from_embedding(embedding[:, :1])


def test_refuses_labels_of_another_length():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        EmbeddingDisplay.from_embedding(embedding, states[:-1])


def test_without_matplotlib_says_what_to_install(monkeypatch, windows):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"sksleep\[matplotlib\]"):
        EmbeddingDisplay.from_estimator(Flatten(), windows)


@pytest.mark.parametrize(("n_subjects", "n_entries"), [(30, 30), (31, 1), (200, 1)])
def test_a_legend_of_many_names_counts_them(n_subjects, n_entries):
    points = np.random.default_rng(0).normal(size=(2 * n_subjects, 2))
    names = [f"subject {k}" for k in range(n_subjects)]
    display = EmbeddingDisplay.from_embedding(points, names + names)
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert len(texts) == n_entries
    assert n_entries > 1 or texts == [f"{n_subjects} labels"]
    display.figure_.canvas.draw()
