"""The panels of a hypnogram."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils import check_consistent_length

from .._labels import UNLABELLED
from .._optional import import_optional
from .._palette import FAINT, fill_of
from ._intervals import Intervals
from ._positions import encode_labels

_BAR_HEIGHT = 0.7  # of the distance between two states
_N_JUMPS = 300  # of a state to another, that can be told apart in a panel
_LEGEND = {
    "loc": "upper left",
    "bbox_to_anchor": (1.0, 1.0),
    "frameon": False,
    "handlelength": 1.2,
    "borderaxespad": 0.2,
}
_UNITS = ((3 * 3600, 3600, "h"), (180, 60, "min"), (0, 1, "s"))


@dataclass(frozen=True, eq=False)
class Hypnogram:
    """A hypnogram, checked and sorted by time.

    Attributes
    ----------
    intervals : Intervals
        In `unit`.
    unit : {"s", "min", "h"}
    y_pred : ndarray of int of shape (n_windows,)
    y_true : ndarray of int of shape (n_windows,) or None
    y_proba : ndarray of shape (n_windows, n_classes) or None
    class_names : tuple of str
    """

    intervals: Intervals
    unit: str
    y_pred: np.ndarray
    y_true: np.ndarray | None
    y_proba: np.ndarray | None
    class_names: tuple[str, ...]


def check_hypnogram(display):
    """Check what a display holds, and sort it by time.

    Parameters
    ----------
    display : HypnogramDisplay

    Returns
    -------
    hypnogram : Hypnogram
    """
    check_consistent_length(
        display.onsets, display.y_pred, display.y_true, display.y_proba
    )
    onsets = np.asarray(display.onsets, dtype=float)
    order = _find_order(onsets)
    if not display.duration > 0:
        raise ValueError(f"duration must be positive, got {display.duration!r} s.")
    states = {"y_pred": display.y_pred}
    if display.y_true is not None:
        states["y_true"] = display.y_true
    states, class_names = encode_labels(states, display.class_names)
    proba = _check_proba(display.y_proba, len(class_names))
    if display.class_names is None and proba is not None:
        _check_columns(proba, states["y_pred"], class_names)
    length = np.ptp(onsets) + display.duration
    scale, unit = next(part[1:] for part in _UNITS if length >= part[0])
    return Hypnogram(
        Intervals.of_windows(onsets[order] / scale, display.duration / scale),
        unit,
        states["y_pred"][order],
        states["y_true"][order] if "y_true" in states else None,
        None if proba is None else proba[order],
        class_names,
    )


def draw_states(ax, hypnogram):
    """Draw true states as bars and predicted ones as lines.

    Parameters
    ----------
    ax : matplotlib Axes
    hypnogram : Hypnogram

    Returns
    -------
    lines : list of matplotlib Line2D
        The predicted states, and the thin line that joins them.
    """
    n_classes = len(hypnogram.class_names)
    handles = []
    if hypnogram.y_true is not None:
        handles = _draw_true_states(ax, hypnogram, n_classes)
    lines = _draw_predicted_states(ax, hypnogram)
    ax.set_yticks(range(n_classes), hypnogram.class_names)
    ax.set_ylim(n_classes - 0.5, -0.5)
    ax.margins(x=0)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.legend(handles=[*handles, lines[0]], **_LEGEND)
    return lines


def draw_probabilities(ax, hypnogram):
    """Draw predicted probabilities, stacked with the first class on top.

    Parameters
    ----------
    ax : matplotlib Axes
    hypnogram : Hypnogram
    """
    times, proba = hypnogram.intervals.outline(hypnogram.y_proba)
    n_classes = len(hypnogram.class_names)
    ax.stackplot(
        times,
        proba.T[::-1],
        colors=[fill_of(position) for position in range(n_classes)][::-1],
        labels=hypnogram.class_names[::-1],
        linewidth=0,
    )
    ax.set(ylim=(0, 1), yticks=[0, 0.5, 1])
    ax.set_ylabel("Probability")
    ax.margins(x=0)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(reverse=True, **_LEGEND)


def _draw_true_states(ax, hypnogram, n_classes):
    """Draw a bar per stretch, hatched over the full height where it has no label."""
    patches = import_optional("matplotlib.patches", "matplotlib")
    intervals, states = hypnogram.intervals.runs(hypnogram.y_true)
    spans = np.column_stack([intervals.starts, intervals.stops - intervals.starts])
    for state in range(n_classes):
        bottom = state - _BAR_HEIGHT / 2
        ax.broken_barh(
            spans[states == state],
            (bottom, _BAR_HEIGHT),
            facecolor=fill_of(state),
            alpha=0.5,
            linewidth=0,
        )
    handles = [patches.Patch(facecolor="0.5", alpha=0.5, label="true")]
    if (states == UNLABELLED).any():
        hatched = {"facecolor": "none", "edgecolor": FAINT, "hatch": "////"}
        hidden = spans[states == UNLABELLED]
        ax.broken_barh(hidden, (-0.5, n_classes), linewidth=0, zorder=0, **hatched)
        handles.append(patches.Patch(label="no label", **hatched))
    return handles


def _draw_predicted_states(ax, hypnogram):
    """Draw levels boldly and jumps faintly: in hours of windows, jumps are many."""
    y_pred = np.where(hypnogram.y_pred == UNLABELLED, np.nan, hypnogram.y_pred)
    intervals, states = hypnogram.intervals.runs(y_pred)
    nothing = np.full(len(states), np.nan)
    times = np.column_stack([intervals.starts, intervals.stops, nothing])
    levels = np.column_stack([states, states, nothing])
    style = {"color": "black", "solid_capstyle": "butt"}
    bold = ax.plot(
        times.ravel(), levels.ravel(), linewidth=2, label="predicted", **style
    )
    # Below the bars, and where there are more than can be told apart, in grey.
    faint = {"linewidth": 0.3, "zorder": 0.5, "alpha": min(1, _N_JUMPS / len(states))}
    jumps = ax.plot(*hypnogram.intervals.outline(y_pred), **faint, **style)
    return [*bold, *jumps]


def _find_order(onsets):
    """Return the windows' positions by time, or raise a ValueError if there is none."""
    if not len(onsets):
        raise ValueError("There is no window to draw.")
    if not np.isfinite(onsets).all():
        raise ValueError(
            f"onsets must be finite, got {onsets[~np.isfinite(onsets)][0]} s at "
            f"position {np.flatnonzero(~np.isfinite(onsets))[0]}."
        )
    order = np.argsort(onsets, kind="stable")
    again = np.flatnonzero(np.diff(onsets[order]) == 0)
    if len(again):
        raise ValueError(
            f"Two windows begin at {onsets[order[again[0]]]:g} s: draw one recording "
            "at a time."
        )
    return order


def _check_proba(proba, n_classes):
    if proba is None:
        return None
    proba = np.asarray(proba, dtype=float)
    if proba.ndim != 2 or proba.shape[1] != n_classes:
        raise ValueError(
            f"y_proba must have shape (n_windows, {n_classes}), a column per class, "
            f"got {proba.shape}."
        )
    return proba


def _check_columns(proba, y_pred, class_names):
    """Raise a ValueError if columns are those of the classes in another order.

    Predictions may be others than the likeliest, as smoothed ones are: so only where
    each class that is predicted has a likeliest column of its own, and one of them is
    that of another class by far.
    """
    predicted = np.unique(y_pred[y_pred != UNLABELLED])
    means = [np.nan_to_num(proba[y_pred == k]).mean(axis=0) for k in predicted]
    largest = [mean.argmax() for mean in means]
    if len(set(largest)) < max(2, len(predicted)):
        return
    for position, mean, number in zip(predicted, means, largest, strict=True):
        if mean[number] > 2 * mean[position]:
            raise ValueError(
                f"Where {class_names[position]!r} is predicted, column {number} of "
                f"y_proba is by far the largest, and not column {position}, as it "
                f"should be for the classes of the labels: {', '.join(class_names)}. "
                "Give class_names, those of the columns, and labels as positions in it."
            )
