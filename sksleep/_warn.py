"""Warnings at the line of whoever calls the package."""

import sys
import warnings

# Through which a line of the user's may get here, as by Pipeline.fit or folds in
# threads of joblib.
_PACKAGES = frozenset({"sksleep", "sklearn", "joblib", "skorch", "torch"})


def warn(message, category=UserWarning):
    """Warn as of the innermost line that is in none of the packages in between.

    So Python tells whose call it was, and tells the same once for each such line.

    Parameters
    ----------
    message : str
    category : type, default=UserWarning
    """
    frame, level = sys._getframe(1), 2
    while frame is not None and _package(frame) in _PACKAGES:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def _package(frame):
    return frame.f_globals.get("__name__", "").partition(".")[0]
