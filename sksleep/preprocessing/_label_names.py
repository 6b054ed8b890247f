"""The names of the labels that count."""

import warnings


def check_names(labels):
    """Return the names that a user gives as strings, or raise a ValueError.

    Parameters
    ----------
    labels : sequence of str

    Returns
    -------
    names : tuple of str
    """
    if isinstance(labels, dict):
        raise ValueError(
            "labels must be a sequence of names, which y numbers in their order "
            f"from 0, got a dict: {labels!r}."
        )
    names = tuple(labels)
    for name in names:
        if not isinstance(name, str):
            raise ValueError(f"labels must be strings, got {name!r}.")
        if names.count(name) > 1:
            raise ValueError(f"labels has {str(name)!r} more than once.")
    return tuple(str(name) for name in names)


def warn_of_absent_names(names, occurring, recordings):
    """Warn of names that may be misspelt, as they and other labels have no partner.

    And of those that only annotations without duration have, as MNE makes of events.

    Parameters
    ----------
    names : tuple of str
    occurring : set of str
        The labels that windows of the recordings may have.
    recordings : list of Recording
    """
    absent = set(names) - occurring
    instants = {a.label for r in recordings for a in r.annotations if a.duration == 0}
    warn_of_instants(absent & instants)
    missing, left_out = absent - instants, occurring.difference(names)
    if missing and left_out:
        warnings.warn(
            f"labels names {enumerate_names(missing)}, which no annotation of the "
            f"recordings given to fit has, but not {enumerate_names(left_out)}, which "
            "they have.",
            UserWarning,
            stacklevel=2,
        )


def warn_of_instants(labels):
    """Warn of labels that would count, had their annotations a duration."""
    if labels:
        warnings.warn(
            f"The annotations {enumerate_names(labels)} of the recordings given to fit "
            "have no duration, so they label no window; give them the length of what "
            "they stand for.",
            UserWarning,
            stacklevel=2,
        )


def enumerate_names(names):
    """Return names as a message lists them."""
    return ", ".join(map(repr, sorted(names)))
