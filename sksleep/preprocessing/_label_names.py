"""The names of the labels that count."""

import re
from collections import Counter

from .._some_of import some_of
from .._warn import warn


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
        warn(
            f"The annotations {enumerate_names(absent & instants)} of the recordings "
            "given to fit have no duration, so they label no window; give them the "
            "length of what they stand for."
        )
    missing, left_out = absent - instants, occurring.difference(names)
    if missing and left_out:
        warn(
            f"labels names {enumerate_names(missing)}, which no annotation of the "
            f"recordings given to fit has, but not {enumerate_names(left_out)}, which "
            "they have."
        )


def warn_of_unseen_labels(labels, class_names, *, are_given):
    """Warn of labels that are none of the fitted ones, as far as a user may not know.

    Parameters
    ----------
    labels : set of str
        Those of recordings that came after the fit.
    class_names : tuple of str
    are_given : bool
        Whether the user named those that count.
    """
    unseen = labels.difference(class_names)
    if are_given:
        warn_of_spellings(labels, class_names)
    elif unseen:
        warn(
            f"The labels {enumerate_names(unseen)} do not occur in the recordings "
            "given to fit; windows there get y = -1. Give labels=[...], all that "
            "count, or fit on recordings that have them."
        )


def warn_of_spellings(labels, names=None):
    """Warn of labels that are another, or a name, but for capitals and blanks.

    Parameters
    ----------
    labels : set of str
        Those of recordings.
    names : iterable of str, default=None
        The labels that count; None if all do.
    """
    spellings = {}
    for label in sorted(labels.union(names or ())):
        spellings.setdefault(" ".join(label.casefold().split()), []).append(label)
    if names is None:
        told = [alike for alike in spellings.values() if len(alike) > 1]
        what = "each is a class of its own"
        cure = ", or name them all in labels"
    else:
        names = set(names)
        told = [
            alike
            for alike in spellings.values()
            if names & {*alike} and {*alike} - names
        ]
        what = "windows of those that are not in labels get y = -1"
        cure = ""
    if told:
        alike = some_of([" and ".join(map(repr, each)) for each in told], "; ")
        warn(
            f"Labels differ in nothing but capitals and blanks: {alike}. So {what}; "
            f"give the annotations of a state one name{cure}."
        )


def may_be_misspelt(labels, names):
    """Tell whether a recording's labels are some names, or those in another spelling.

    Parameters
    ----------
    labels : set of str
    names : sequence of str

    Returns
    -------
    may_be : bool
        Whether a label is a name but for capitals, begins one, as "R" does "REM", or
        shares a word with one alone, as "W" with "Sleep stage W"; or whether labels
        begin with two names, as "wake" and "REM" with "W" and "R".
    """
    labels = {label.casefold() for label in labels if label}
    names = {name.casefold() for name in names}
    counts = Counter(word for name in names for word in set(_words(name)))
    telling = {word for word, count in counts.items() if count == 1}
    if any(
        telling & set(_words(label)) or any(name.startswith(label) for name in names)
        for label in labels
    ):
        return True
    begun = {name for name in names for label in labels if label.startswith(name)}
    return len(begun) > 1


def _words(text):
    return re.findall(r"\w+", text)


def enumerate_names(names):
    """Return names as a message lists them."""
    return some_of([repr(name) for name in sorted(names)])
