"""An embedding in two dimensions, coloured by state or by subject."""

import numpy as np
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.utils import check_array, check_consistent_length

from .._labels import UNLABELLED
from .._optional import import_optional
from .._palette import COLORS, FAINT, MARKERS, color_of
from ..windows import Windows
from ._positions import encode_labels

_MOST_NAMES = 30  # in a legend


class EmbeddingDisplay:
    """Windows as points in a plane, near where their embeddings are near.

    Use :meth:`from_estimator` or :meth:`from_embedding` to make one.

    Parameters
    ----------
    points : array-like of shape (n_windows, 2)
        Where the windows lie.
    labels : array-like of shape (n_windows,), default=None
        State, subject or whatever is to be told apart by colour; -1 is unlabelled.
    class_names : sequence of str, default=None
        Names; labels are then positions in it. None names by the labels, sorted.
    axis_names : pair of str, default=("Dimension 1", "Dimension 2")
        What the axes are called.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    scatter_ : list of matplotlib PathCollection
        One per marker: the ninth name begins again with the first colour and takes
        the next marker.

    Examples
    --------
    >>> from sksleep.inspection import EmbeddingDisplay
    >>> display = EmbeddingDisplay(
    ...     [[0, 0], [1, 0], [0, 2], [1, 2]], labels=["wake", "wake", "REM", -1]
    ... ).plot()
    >>> [text.get_text() for text in display.ax_.get_legend().get_texts()]
    ['REM', 'wake', 'unlabelled']
    """

    def __init__(
        self,
        points,
        *,
        labels=None,
        class_names=None,
        axis_names=("Dimension 1", "Dimension 2"),
    ):
        self.points = points
        self.labels = labels
        self.class_names = class_names
        self.axis_names = axis_names

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        labels=None,
        *,
        color_by="state",
        projection=None,
        class_names=None,
        ax=None,
        scatter_kw=None,
    ):
        """Transform windows, project the embedding to a plane and draw it.

        Parameters
        ----------
        estimator : fitted transformer
            Makes embeddings of windows. Of a Pipeline with a classifier at its end,
            give all steps but the last: ``model[:-1]``.
        X : Windows or array-like of shape (n_windows, ...)
            What it transforms.
        labels : array-like of shape (n_windows,), default=None
            What to colour by; for Windows, None means `color_by`.
        color_by : {"state", "subject", "session"}, default="state"
            What to colour Windows by. Ignored where there are labels.
        projection, class_names, ax, scatter_kw
            As in :meth:`from_embedding`.

        Returns
        -------
        display : EmbeddingDisplay

        Raises
        ------
        ValueError
            If the estimator has no ``transform``, `color_by` is none of these, or not
            "state" where X is no Windows, or as :meth:`from_embedding` does.
        ImportError
            If matplotlib is not installed.

        Examples
        --------
        >>> import numpy as np
        >>> from sksleep import Recording
        >>> from sksleep.features import BandPower
        >>> from sksleep.inspection import EmbeddingDisplay
        >>> from sksleep.preprocessing import Windower
        >>> rng = np.random.default_rng(0)
        >>> recordings = [
        ...     Recording(rng.normal(size=(2, 6000)), 200, ["Fpz", "Cz"], subject)
        ...     for subject in ("S01", "S02")
        ... ]
        >>> windows = Windower(3.0).fit_transform(recordings)
        >>> display = EmbeddingDisplay.from_estimator(
        ...     BandPower().fit(windows), windows, color_by="subject"
        ... )
        >>> [text.get_text() for text in display.ax_.get_legend().get_texts()]
        ['S01', 'S02']
        """
        import_optional("matplotlib", "matplotlib")
        if not hasattr(estimator, "transform"):
            raise ValueError(
                f"{type(estimator).__name__} has no transform; of a Pipeline with a "
                "classifier at its end, give model[:-1]."
            )
        if labels is None and color_by not in ("state", "subject", "session"):
            raise ValueError(
                f"color_by must be 'state', 'subject' or 'session', got {color_by!r}."
            )
        if labels is None and isinstance(X, Windows):
            labels, class_names = _labels_of_windows(X, color_by, class_names)
        elif labels is None and color_by != "state":
            raise ValueError(
                f"color_by={color_by!r} needs Windows, got {type(X).__name__}; of a "
                "Pipeline that takes recordings give model[1:] and "
                "model[0].transform(recordings), where the first step cuts windows."
            )
        return cls.from_embedding(
            estimator.transform(X),
            labels,
            projection=projection,
            class_names=class_names,
            ax=ax,
            scatter_kw=scatter_kw,
        )

    @classmethod
    def from_embedding(
        cls,
        embedding,
        labels=None,
        *,
        projection=None,
        class_names=None,
        ax=None,
        scatter_kw=None,
    ):
        """Project an embedding to a plane and draw it.

        Parameters
        ----------
        embedding : array-like of shape (n_windows, n_features)
            What the embedder made of the windows.
        labels : array-like of shape (n_windows,), default=None
            What to colour by; -1 is unlabelled.
        projection : transformer, default=None
            Cloned, and fitted to the embedding, of which it makes two dimensions:
            for example ``TSNE()``. None means :class:`~sklearn.decomposition.PCA`,
            and leaves an embedding of two dimensions as it is.
        class_names : sequence of str, default=None
            As in :class:`EmbeddingDisplay`.
        ax : matplotlib Axes, default=None
            As in :meth:`plot`.
        scatter_kw : dict, default=None
            As in :meth:`plot`.

        Returns
        -------
        display : EmbeddingDisplay

        Raises
        ------
        ValueError
            If the embedding has a NaN or a single feature, the projection makes
            anything but two dimensions, or as :meth:`plot` does.
        ImportError
            If matplotlib is not installed.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sksleep.inspection import EmbeddingDisplay
        >>> iris = load_iris()
        >>> display = EmbeddingDisplay.from_embedding(
        ...     iris.data, iris.target, class_names=iris.target_names
        ... )
        >>> display.ax_.get_xlabel()
        'PC 1 (92 %)'
        """
        points, axis_names = _project(embedding, projection)
        display = cls(
            points, labels=labels, class_names=class_names, axis_names=axis_names
        )
        return display.plot(ax=ax, scatter_kw=scatter_kw)

    def plot(self, ax=None, *, scatter_kw=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a new figure.
        scatter_kw : dict, default=None
            Passed to :meth:`matplotlib.axes.Axes.scatter`, for example
            ``{"s": 2}``. Colours and markers are those of the labels, not to be given.

        Returns
        -------
        self : EmbeddingDisplay

        Raises
        ------
        ValueError
            If labels are not as many as points, or no positions in `class_names`,
            where there are such, or `scatter_kw` has a colour or marker.
        ImportError
            If matplotlib is not installed.
        """
        plt = import_optional("matplotlib.pyplot", "matplotlib")
        points = check_array(self.points)
        if points.shape[1] != 2:
            raise ValueError(
                f"points must have two dimensions, got an array of shape "
                f"{points.shape}; EmbeddingDisplay.from_embedding projects others."
            )
        labels, names = self._encode(len(points))
        if ax is None:
            _, ax = plt.subplots(layout="constrained", figsize=(5.2, 4))
        self.ax_, self.figure_ = ax, ax.figure
        self.scatter_ = _scatter(ax, points, labels, _check_style(scatter_kw))
        ax.set(
            xlabel=self.axis_names[0], ylabel=self.axis_names[1], xticks=[], yticks=[]
        )
        # Limits that both are shared with other axes are not these axes' to change.
        adjustable = "box" if _shares_both(ax) else "datalim"
        ax.set_aspect("equal", adjustable=adjustable)
        ax.spines[["top", "right"]].set_visible(False)
        _draw_legend(ax, names, unlabelled=(labels == UNLABELLED).any())
        return self

    def _encode(self, n_points):
        if self.labels is None:
            return np.zeros(n_points, dtype=int), ()
        check_consistent_length(self.points, self.labels)
        encoded, names = encode_labels({"labels": self.labels}, self.class_names)
        return encoded["labels"], names


def _labels_of_windows(windows, color_by, class_names):
    if color_by == "state":
        return windows.y, windows.class_names if class_names is None else class_names
    if color_by == "subject":
        return windows.groups, class_names
    names = np.array([recording.name for recording in windows.recordings])
    return names[windows.recording_index], class_names


def _project(embedding, projection):
    """Return points of shape (n_windows, 2), and what the axes are called."""
    embedding = check_array(embedding)
    if projection is None and embedding.shape[1] == 2:
        return embedding, ("Dimension 1", "Dimension 2")
    if projection is None and min(embedding.shape) < 2:
        raise ValueError(
            f"An embedding of shape {embedding.shape} has no plane to be drawn in; two "
            "windows and two features are the least."
        )
    projection = PCA(2, random_state=0) if projection is None else clone(projection)
    points = np.asarray(projection.fit_transform(embedding))
    if points.shape != (len(embedding), 2):
        raise ValueError(
            f"projection must make {len(embedding)} points of two dimensions, "
            f"{type(projection).__name__} made an array of shape {points.shape}."
        )
    if isinstance(projection, PCA):
        shares = projection.explained_variance_ratio_
        return points, tuple(f"PC {i + 1} ({100 * shares[i]:.0f} %)" for i in range(2))
    name = type(projection).__name__
    return points, (f"{name} 1", f"{name} 2")


def _shares_both(ax):
    """Tell whether axes share their x and their y with others."""
    groups = ax.get_shared_x_axes(), ax.get_shared_y_axes()
    return all(len(group.get_siblings(ax)) > 1 for group in groups)


def _check_style(scatter_kw):
    """Return the user's style by the full names of its properties."""
    cbook = import_optional("matplotlib.cbook", "matplotlib")
    collections = import_optional("matplotlib.collections", "matplotlib")
    style = cbook.normalize_kwargs(scatter_kw, collections.PathCollection)
    taken = sorted({"c", "color", "facecolor", "marker"} & set(style))
    if taken:
        raise ValueError(
            f"scatter_kw must not have {', '.join(taken)}: colours and markers are "
            "those of the labels."
        )
    return style


def _scatter(ax, points, labels, scatter_kw):
    """Draw the points in random order, so that no class hides another."""
    order = np.random.RandomState(0).permutation(len(points))
    order = np.r_[order[labels[order] < 0], order[labels[order] >= 0]]
    colors = np.array([*(color_of(i) for i in range(len(COLORS))), FAINT])
    markers = np.maximum(labels, 0) // len(COLORS)
    style = {
        "s": np.clip(2e4 / len(points), 3, 30),
        "alpha": 0.7,
        "linewidth": 0,
        "rasterized": len(points) > 5000,
        **scatter_kw,
    }
    return [
        ax.scatter(
            *points[rows].T,
            c=colors[np.where(labels[rows] < 0, -1, labels[rows] % len(COLORS))],
            marker=MARKERS[marker % len(MARKERS)],
            **style,
        )
        for marker in np.unique(markers)
        if len(rows := order[markers[order] == marker])
    ]


def _draw_legend(ax, names, unlabelled):
    lines = import_optional("matplotlib.lines", "matplotlib")
    entries = [
        (name, color_of(i), MARKERS[i // len(COLORS) % len(MARKERS)])
        for i, name in enumerate(names)
    ]
    if len(entries) > _MOST_NAMES:
        # Colours come again and again, and the names would fill the figure.
        entries = [(f"{len(entries)} labels", FAINT, "")]
    entries += [("unlabelled", FAINT, MARKERS[0])] if unlabelled else []
    handles = [
        lines.Line2D([], [], linestyle="", color=color, marker=marker, label=name)
        for name, color, marker in entries
    ]
    if handles:
        ax.legend(
            handles=handles,
            loc="upper left",
            bbox_to_anchor=(1, 1),
            frameon=False,
            ncols=1 + (len(handles) - 1) // 15,
            handletextpad=0.2,
        )
