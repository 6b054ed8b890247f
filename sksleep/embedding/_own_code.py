"""What a user's own classes and parameters are, as far as their code tells."""

import dis
import re
from functools import partial, partialmethod
from types import CodeType, FunctionType, MethodType

import joblib
import numpy as np
import torch

# Of these the version is known, or does not matter.
_LIBRARIES = ("abc", "builtins", "sklearn", "sksleep", "skorch", "torch")
_PLAIN = (bool, bytes, complex, float, int, str, type(None))
# What is larger, or deeper in one another, is data, and not what a script has set.
_MOST_BYTES, _MOST_ITEMS, _DEEPEST = 1 << 20, 1000, 3


def own_code(classes):
    """Return what changes with the code and the attributes of a user's classes.

    Not with comments, names of files or lines, and the same in every process. Of what
    they read from their module, settings count (numbers, texts, lists of them, small
    arrays) and functions, without what those call; what was imported counts by name.

    Parameters
    ----------
    classes : iterable of type

    Returns
    -------
    content : str
        joblib would hash equal tuples otherwise where they are not one object.
    """
    bases = {base: None for each in classes for base in each.__mro__}
    own = [base for base in bases if _is_own(base)]
    return repr(sorted(repr(_content_of_class(base)) for base in own))


def content_of(value):
    """Return what changes with a parameter, classes in it by their names alone.

    joblib hashes classes and functions by pickling where they are found, and in another
    process those of a script or a notebook are not found.

    Parameters
    ----------
    value : object
        Hashed by joblib where it is nothing of the user's own.

    Returns
    -------
    content : str
    """
    return repr(_content(value, (), joblib.hash))


def structure_of(module):
    """Return what changes with the layers of a network, and with their sizes.

    Parameters
    ----------
    module : torch.nn.Module

    Returns
    -------
    structure : tuple
    """
    state = module.state_dict()
    sizes = {name: tuple(getattr(state[name], "shape", ())) for name in state}
    # Where something lies in memory is all that differs from process to process.
    return re.sub(r" at 0x[0-9a-f]+", "", repr(module)), sizes


def _is_own(base):
    return base.__module__.partition(".")[0] not in _LIBRARIES


def _content_of_class(base):
    return base.__qualname__, [
        (name, _content(value, (), _hash_or_nothing))
        for name, value in sorted(vars(base).items())
        # Others with such names Python sets, some when an instance is pickled.
        if isinstance(value, FunctionType) or not name.startswith("__")
    ]


def _content(value, outer, hash_other):
    """Describe a value without the place where it lies in memory.

    Parameters
    ----------
    value : object
    outer : tuple of int
        Identities of what it is in: a function may be in its own closure.
    hash_other : callable
        For what is neither plain nor the user's own.
    """
    if isinstance(value, _PLAIN):
        return repr(value)
    if id(value) in outer:
        return "itself"
    describe = partial(_content, outer=(*outer, id(value)), hash_other=hash_other)
    if isinstance(value, CodeType):
        constants = [describe(constant) for constant in value.co_consts]
        return value.co_code, value.co_names, value.co_varnames, constants
    if isinstance(value, dict):
        return sorted((repr(describe(key)), describe(value[key])) for key in value)
    if isinstance(value, list | tuple):
        return [describe(item) for item in value]
    if isinstance(value, set | frozenset):  # whose order is another in each process
        return sorted(repr(describe(item)) for item in value)
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, torch.Tensor) and value.layout == torch.strided:
        # joblib would hash the place of its memory.
        numbers = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        return str(value.dtype), tuple(value.shape), joblib.hash(numbers.numpy())
    if isinstance(value, torch.nn.Module) and not _is_own(type(value)):
        state = value.state_dict()
        return structure_of(value), [describe(state[name]) for name in state]
    parts = _parts(value)
    name = getattr(value, "__qualname__", type(value).__qualname__)
    return name, hash_other(value) if parts is None else [describe(p) for p in parts]


def _parts(value):
    """Return what makes a function or an object of the user's; None of others."""
    if isinstance(value, FunctionType):
        cells = [_of_cell(cell) for cell in value.__closure__ or ()]
        code, settings = value.__code__, _settings(value)
        return [code, value.__defaults__, value.__kwdefaults__, cells, settings]
    if isinstance(value, staticmethod | classmethod):
        return [value.__func__]
    if isinstance(value, MethodType):
        return [value.__func__, value.__self__]
    if isinstance(value, property):
        return [value.fget, value.fset]
    if isinstance(value, partial | partialmethod):
        return [value.func, value.args, value.keywords]
    if hasattr(value, "__wrapped__"):  # as of functools.cache
        return [value.__wrapped__]
    if _is_own(type(value)) and hasattr(value, "__dict__"):
        return [vars(value)]
    return None


def _settings(function):
    """Return what a function of the user's may read from its module, by name."""
    known = function.__globals__
    settings = {}
    for name in _global_names(function.__code__) & known.keys():
        value = known[name]
        if isinstance(value, FunctionType):
            # Theirs would lead on and on, in the end through all of a library.
            is_here = value.__module__ == function.__module__
            settings[name] = value.__code__ if is_here else value.__qualname__
        elif not name.startswith("__") and _is_setting(value):
            settings[name] = value
    return settings


def _global_names(code):
    inner = [const for const in code.co_consts if isinstance(const, CodeType)]
    names = {i.argval for i in dis.get_instructions(code) if "GLOBAL" in i.opname}
    return names.union(*map(_global_names, inner))


def _is_setting(value, depth=0):
    if isinstance(value, np.ndarray | torch.Tensor):
        return value.nbytes <= _MOST_BYTES
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple | set | frozenset):
        is_small = depth < _DEEPEST and len(value) <= _MOST_ITEMS
        return is_small and all(_is_setting(item, depth + 1) for item in value)
    return isinstance(value, (*_PLAIN, type))


def _hash_or_nothing(value):
    """Return the hash of an attribute, None of one that cannot be pickled."""
    try:
        return joblib.hash(value)
    except Exception:  # whatever pickling it raises
        return None


def _of_cell(cell):
    try:
        return cell.cell_contents
    except ValueError:  # empty yet
        return None
