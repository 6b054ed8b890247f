"""Warnings at the line of whoever calls the package."""

import sys
import warnings

# Through which a line of the user's may get here, as by Pipeline.fit.
_PACKAGES = frozenset({"sksleep", "sklearn", "joblib", "skorch", "torch"})
# Where a thread or a process begins: no line there is the user's.
_BEGINNINGS = frozenset({"concurrent", "multiprocessing", "threading"})
_told = set()


def warn(message, category=UserWarning):
    """Warn as of the innermost line that is in none of the packages in between.

    So Python tells whose call it was. A thread or a worker process, which knows no such
    line, tells what was told before no more.

    Parameters
    ----------
    message : str
    category : type, default=UserWarning
    """
    frame, level = sys._getframe(1), 2
    while frame is not None and _package(frame) in _PACKAGES:
        frame, level = frame.f_back, level + 1
    if frame is None or _package(frame) in _BEGINNINGS:
        if message in _told:
            return
        level = 2
    _told.add(message)
    warnings.warn(message, category, stacklevel=level)


def _package(frame):
    return (frame.f_globals.get("__name__") or "").partition(".")[0]
