"""Lists in messages."""

_N_SHOWN = 5


def some_of(texts, separator=", "):
    """Return the first of some texts, and how many more there are.

    Parameters
    ----------
    texts : sequence of str
    separator : str, default=", "

    Returns
    -------
    text : str

    Examples
    --------
    >>> from sksleep._some_of import some_of
    >>> some_of(["M1", "M2", "M3", "M4", "M5", "M6", "M7"])
    'M1, M2, M3, M4, M5 and 2 more'
    """
    shown = separator.join(texts[:_N_SHOWN])
    n_more = len(texts) - _N_SHOWN
    return shown if n_more <= 0 else f"{shown} and {n_more} more"
