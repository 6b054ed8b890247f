"""Which of a folder's recordings a reader was asked for."""


def select_named(known, names, nothing):
    """Return the recordings that names mean.

    Parameters
    ----------
    known : dict of hashable to collection of str
        The names that each recording goes by.
    names : sequence of str or None
        None means all.
    nothing : str
        How the message begins where a name is of none of them.

    Returns
    -------
    selected : list
        In ascending order.
    """
    if names is None:
        return sorted(known)
    if isinstance(names, str):
        raise ValueError(f"names must be a list; write [{names!r}].")
    selected = set()
    for name in names:
        matching = {item for item, own in known.items() if name in own}
        if not matching:
            raise ValueError(f"{nothing} {name!r}.")
        selected |= matching
    return sorted(selected)
