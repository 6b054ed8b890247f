"""Pickles of torch's objects that are the same wherever the objects lie in memory."""

import io
import pickle
import sys
import threading
from contextlib import contextmanager
from functools import reduce
from types import FunctionType

import torch

_here = threading.local()


def dump_by_value(attributes):
    """Return a pickle of objects with tensors, for skorch to load.

    torch would write the address of each tensor's memory into it. joblib hashes an
    estimator by its pickle, so a cached transform would never be found again.

    Parameters
    ----------
    attributes : dict of str to object

    Returns
    -------
    content : bytes
    code : list of type or function
        Of a script or made at run time, which only whoever pickles the whole may be
        able to write, as joblib for its workers. To be there when the content is
        loaded.
    """
    stream = io.BytesIO()
    pickler = _PicklerByValue(stream)
    pickler.dump(attributes)
    return stream.getvalue(), pickler.code


@contextmanager
def loading_with(code):
    """Have at hand what :func:`dump_by_value` returned beside its content."""
    outer = getattr(_here, "code", ())  # of a net that this one is a part of
    _here.code = code
    try:
        yield
    finally:
        _here.code = outer


class _PicklerByValue(pickle.Pickler):
    def __init__(self, stream):
        super().__init__(stream)
        self.code = []

    def reducer_override(self, obj):
        if isinstance(obj, torch.storage.TypedStorage):
            stream = io.BytesIO()
            torch.save(obj, stream)
            return torch.storage._load_from_bytes, (stream.getvalue(),)
        if isinstance(obj, type | FunctionType) and not _can_be_imported(obj):
            return _code_at, (self._place(obj),)
        return NotImplemented

    def _place(self, obj):
        for place, each in enumerate(self.code):
            if each is obj:
                return place
        self.code.append(obj)
        return len(self.code) - 1


def _code_at(place):
    return _here.code[place]


def _can_be_imported(obj):
    """Tell whether any process finds a class or function where its name says."""
    if obj.__module__ in ("__main__", "builtins"):
        return obj.__module__ == "builtins"  # pickle knows which NoneType is
    try:
        names = obj.__qualname__.split(".")
        return reduce(getattr, names, sys.modules[obj.__module__]) is obj
    except (AttributeError, KeyError):
        return False
