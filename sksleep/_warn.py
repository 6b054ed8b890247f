"""Warnings at the line of whoever calls the package."""

import sys
import warnings

# Through which a line of the user's may get here, as by Pipeline.fit.
_PACKAGES = frozenset({"sksleep", "sklearn", "joblib", "skorch", "torch"})
# Where a thread or a process begins: no line there is the user's.
_BEGINNINGS = frozenset({"concurrent", "multiprocessing", "threading"})


def warn(message, category=UserWarning):
    """Warn as of the innermost line that is in none of the packages in between.

    So Python tells whose call it was. A thread or a worker process, which knows no such
    line, warns as of the line in this package.

    Parameters
    ----------
    message : str
    category : type, default=UserWarning
    """
    frame, level = sys._getframe(1), 2
    while frame is not None and _package(frame) in _PACKAGES:
        frame, level = frame.f_back, level + 1
    if frame is None or _package(frame) in _BEGINNINGS:
        level = 2
    warnings.warn(message, category, stacklevel=level)


def _package(frame):
    return (frame.f_globals.get("__name__") or "").partition(".")[0]
