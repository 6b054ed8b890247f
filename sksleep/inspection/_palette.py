"""Colours and markers that stay apart for colour-blind readers and in grey."""

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


def color_of(position):
    """Return the colour of the curve, class or subject at a position."""
    return COLORS[position % len(COLORS)]
