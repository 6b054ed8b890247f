"""Colours and markers that stay apart for colour-blind readers and in grey."""

import numpy as np

from ._optional import import_optional

# Okabe and Ito, "Color Universal Design" (2008); yellow last, it is faint on white.
COLORS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
    "#F0E442",
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
FAINT = "0.75"  # what has no label


def fill_of(position):
    """Return the colour of the areas of a class: lighter where colours come again."""
    colors = import_optional("matplotlib.colors", "matplotlib")
    n_rounds, position = divmod(position, len(COLORS))
    full = np.array(colors.to_rgb(COLORS[position]))
    return tuple(1 - (1 - full) / (1 + n_rounds))


def color_of(position):
    """Return the colour of the curve, class or subject at a position."""
    return COLORS[position % len(COLORS)]
