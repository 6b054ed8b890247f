"""The parts of a picture of learning curves."""

from weakref import WeakKeyDictionary

import numpy as np

from .._palette import COLORS, MARKERS, color_of

_SIDE_STEP = 0.04  # between error bars of neighbouring curves, in decades
# Of the curves when colours come again; chance is dashed.
_LINE_STYLES = ("-", ":", "-.")
_CLOSE = 0.08  # ticks nearer than this share of the axis would overlap
# Of the lines that are curves: counts, and what their ticks are called.
_ticks_of = WeakKeyDictionary()


def curves_on(ax, but=()):
    """Return the lines that :func:`draw_curve` has drawn on axes.

    Parameters
    ----------
    ax : matplotlib Axes
    but : sequence of matplotlib Line2D
        Lines that do not count.
    """
    return [line for line in ax.lines if line in _ticks_of and line not in but]


def draw_curve(ax, name, counts, scores, *, all_count, position, n_curves, spread):
    """Draw the means of one curve as a line, and their spread.

    Parameters
    ----------
    ax : matplotlib Axes
    name : str
    counts : array-like of shape (n_limits,)
    scores : array-like of shape (n_limits, n_folds, n_repeats)
    all_count : float or None
        The count that is labelled "all".
    position, n_curves : int
        Which of how many curves this is.
    spread : {"band", "bar", None}

    Returns
    -------
    line : matplotlib Line2D
    """
    ticks = {float(n): "all" if n == all_count else f"{n:g}" for n in np.ravel(counts)}
    scores = np.asarray(scores, dtype=float).reshape(len(counts), -1)
    drawn = ~np.isnan(scores).all(axis=1)
    counts, scores = np.asarray(counts, dtype=float)[drawn], scores[drawn]
    means, deviations = np.nanmean(scores, axis=1), np.nanstd(scores, axis=1)
    color = color_of(position)
    if spread == "band":
        lower, upper = means - deviations, means + deviations
        ax.fill_between(counts, lower, upper, color=color, alpha=0.15, linewidth=0)
    elif spread == "bar":
        counts = counts * 10 ** (_SIDE_STEP * (position - (n_curves - 1) / 2))
        ax.errorbar(counts, means, deviations, fmt="none", color=color, capsize=2)
    n_rounds = position // len(COLORS)
    marker = {"marker": MARKERS[(position + n_rounds) % len(MARKERS)], "color": color}
    line_style = _LINE_STYLES[n_rounds % len(_LINE_STYLES)]
    [line] = ax.plot(counts, means, label=name, linestyle=line_style, **marker)
    _ticks_of[line] = ticks
    partial = np.isnan(scores).any(axis=1)
    hollow = {"linestyle": "", "markerfacecolor": "white", "zorder": 2.5}
    ax.plot(counts[partial], means[partial], **marker, **hollow)
    return line


def finish_axes(ax, score_name):
    """Label the axes; ticks stand at the limits of all curves, and at "all".

    Parameters
    ----------
    ax : matplotlib Axes
    score_name : str or None
    """
    ticks = {}
    for line in curves_on(ax):
        for count, label in _ticks_of[line].items():
            ticks.setdefault(count, set()).add(label)
    counts = sorted(ticks)
    labels = [", ".join(sorted(ticks[count])) for count in counts]
    ax.set_xscale("log")
    ax.set_xticks(counts, _stagger(counts, labels))
    ax.set_xticks([], minor=True)
    ax.set_xlabel("Labels per class")
    if score_name is not None:
        ax.set_ylabel(score_name)
    ax.spines[["top", "right"]].set_visible(False)


def _stagger(counts, labels):
    """Put a label a line lower where it would touch the one before."""
    places = np.log10(counts)
    width, last = np.ptp(places), -np.inf
    staggered = []
    for place, label in zip(places, labels, strict=True):
        touches = place - last < _CLOSE * width
        staggered.append(f"\n{label}" if touches else label)
        last = last if touches else place
    return staggered
