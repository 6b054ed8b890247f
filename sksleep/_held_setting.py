"""Settings of the process that hold while any thread needs them."""

import threading
from contextlib import ContextDecorator


class HeldSetting(ContextDecorator):
    """A setting that the first thread inside changes, and the last one restores.

    Were each thread to restore what it found, one that came second would leave behind
    what the first had set.

    Parameters
    ----------
    change : callable
        Changes the setting, and returns a function that restores it. Entering
        returns what it returned to the first thread inside.
    """

    def __init__(self, change):
        self._change = change
        self._lock = threading.Lock()
        self._n_inside = 0
        self._restore = None

    def __enter__(self):
        with self._lock:
            if self._n_inside == 0:
                self._restore = self._change()
            self._n_inside += 1
            return self._restore

    def __exit__(self, *exception):
        with self._lock:
            self._n_inside -= 1
            if self._n_inside == 0:
                self._restore()
