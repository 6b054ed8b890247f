"""What a study refuses."""


class StudyError(ValueError):
    """The study cannot be run as asked; the message says what would be right."""


def check_known(kind, names, known):
    """Raise a StudyError if a name is not among the known ones.

    Parameters
    ----------
    kind : str
        What the names are of, for the message.
    names, known : iterable of str
    """
    for name in names:
        if name not in known:
            raise StudyError(f"unknown {kind} {name!r}; there are {', '.join(known)}")
