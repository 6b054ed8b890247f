"""Tables in GitHub's Markdown, and the spread of what was measured."""

from numbers import Real

import numpy as np

_SPREAD = ("min", "median", "max")


def spread(values):
    """Return minimum, median and maximum of some numbers.

    Parameters
    ----------
    values : array-like of float of shape (n_repetitions,)

    Returns
    -------
    spread : dict
        With the keys "min", "median" and "max".
    """
    return dict(zip(_SPREAD, np.quantile(values, [0, 0.5, 1]).tolist(), strict=True))


def print_table(rows, columns=None):
    """Print rows as a table.

    Parameters
    ----------
    rows : list of dict
        A row may lack columns. A spread is written "min / median / max", or as one
        number if it is of one; a number with 3 significant digits.
    columns : sequence of str, default=None
        The keys to show, in this order; None shows all but lists of raw values.
    """
    if columns is None:
        columns = _find_columns(rows)
    lines = [list(columns), ["---"] * len(columns)]
    lines += [[_to_text(row.get(name)) for name in columns] for row in rows]
    print("\n".join(f"| {' | '.join(line)} |" for line in lines), flush=True)


def _find_columns(rows):
    items = [item for row in rows for item in row.items()]
    return list(dict.fromkeys(k for k, v in items if not isinstance(v, list)))


def _to_text(value):
    if isinstance(value, dict):
        numbers = [value[name] for name in _SPREAD]
        return " / ".join(
            map(_to_text, numbers if len(set(numbers)) > 1 else numbers[:1])
        )
    if isinstance(value, Real) and not isinstance(value, int):
        return f"{value:.0f}" if abs(value) >= 999.5 else f"{value:.3g}"
    return "" if value is None else str(value)
