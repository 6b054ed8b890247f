"""The names of the labels that count."""

import re
import warnings
from difflib import get_close_matches


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
    if absent & instants:
        warnings.warn(
            f"The annotations {enumerate_names(absent & instants)} of the recordings "
            "given to fit have no duration, so they label no window; give them the "
            "length of what they stand for.",
            UserWarning,
            stacklevel=2,
        )
    missing, left_out = absent - instants, occurring.difference(names)
    if missing and left_out:
        warnings.warn(
            f"labels names {enumerate_names(missing)}, which no annotation of the "
            f"recordings given to fit has, but not {enumerate_names(left_out)}, which "
            "they have.",
            UserWarning,
            stacklevel=2,
        )


def is_alike(label, names):
    """Tell whether a label is one of some names, or may be spelt in another way.

    Parameters
    ----------
    label : str
    names : sequence of str

    Returns
    -------
    is_alike : bool
        Whether they share a word, as "W" and "Sleep stage W", or most letters, or one
        begins with the other, as "R" and "REM".
    """
    label, names = label.casefold(), [name.casefold() for name in names]
    if any(name.startswith(label) or label.startswith(name) for name in names):
        return True
    words = {word for name in names for word in _words(name)}
    return bool(words & set(_words(label)) or get_close_matches(label, names, 1, 0.8))


def _words(text):
    return re.findall(r"\w+", text)


def enumerate_names(names):
    """Return names as a message lists them."""
    return ", ".join(map(repr, sorted(names)))
