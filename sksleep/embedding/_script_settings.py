"""What a function of a user's reads from the script that it is in."""

import dis
from dataclasses import dataclass
from functools import partial
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    ModuleType,
    SimpleNamespace,
)

import numpy as np
import torch

# Of these the version is known, or does not matter.
_LIBRARIES = ("abc", "builtins", "sklearn", "sksleep", "skorch", "torch")
# What is larger, or deeper in one another, is data, and not what a script has set.
_MOST_BYTES, _MOST_ITEMS, _DEEPEST = 1 << 20, 1000, 3

# What its repr tells all about, and what is known by its name.
PLAIN = (bool, bytes, complex, float, int, str, type(None))
PLAIN += (np.generic, range, slice, torch.dtype)
_NAMED = (BuiltinFunctionType, FunctionType, ModuleType, np.ufunc, type)
# A function that does such a thing may fill a list or a dict, which is no setting then.
_CHANGES = {"DELETE_SUBSCR", "STORE_SUBSCR"}
_CHANGES |= {
    "add",
    "append",
    "clear",
    "extend",
    "insert",
    "pop",
    "setdefault",
    "update",
}


@dataclass(frozen=True, eq=False)
class Helper:
    """A function of a script, to be described without what it reads in turn."""

    function: FunctionType


def is_own(base):
    """Tell whether a class is of no library whose version is known."""
    return base.__module__.partition(".")[0] not in _LIBRARIES


def settings_of(function):
    """Return what a function reads from its script, by name.

    Parameters
    ----------
    function : function

    Returns
    -------
    settings : dict of str to object
        Settings as they are, functions as :class:`Helper`, classes by their attributes,
        and what was imported by name.
    """
    known, module = function.__globals__, function.__module__
    used = list(_instructions(function.__code__))
    stored = {i.argval for i in used if i.opname in ("STORE_GLOBAL", "DELETE_GLOBAL")}
    read = {i.argval for i in used if i.opname == "LOAD_GLOBAL"} - stored
    may_change = any({i.opname, i.argval} & _CHANGES for i in used)
    settings = {}
    for name in read & known.keys():
        value = known[name]
        is_filled = may_change and isinstance(value, list | dict | set)
        if not name.startswith("__") and not is_filled:
            settings.update((name, each) for each in _as_setting(value, module))
    return settings


def _instructions(code):
    """Yield instructions that have a name, of a function and those inside of it."""
    for instruction in dis.get_instructions(code):
        if isinstance(instruction.argval, str) or instruction.opname in _CHANGES:
            yield instruction
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _instructions(constant)


def _as_setting(value, module):
    """Return a value as it is to be described in a list, which is empty if it is not.

    Parameters
    ----------
    value : object
    module : str
        The script's name.
    """
    if isinstance(value, FunctionType):
        is_here = value.__module__ == module
        return [Helper(value) if is_here else f"{value.__module__}.{value.__name__}"]
    if isinstance(value, partial):
        is_known = _is_setting([value.args, value.keywords], module)
        whole = [*_as_setting(value.func, module), value.args, value.keywords]
        return [whole] if is_known else []
    if isinstance(value, type) and value.__module__ == module:
        return [_class_as_setting(value, module)]
    if hasattr(value, "__wrapped__"):  # as of functools.cache
        return _as_setting(value.__wrapped__, module)
    return [value] if _is_setting(value, module) else []


def _class_as_setting(base, module):
    attributes = {}
    for name, value in vars(base).items():
        value = getattr(value, "__func__", value)  # of a staticmethod
        if isinstance(value, FunctionType):
            attributes[name] = Helper(value)
        elif not name.startswith("__") and _is_setting(value, module):
            attributes[name] = value
    return [base.__name__, attributes]


def _is_setting(value, module, depth=0):
    if isinstance(value, np.ndarray | torch.Tensor):
        return value.nbytes <= _MOST_BYTES
    if isinstance(value, torch.nn.Module):
        tensors = value.state_dict().values()
        return sum(tensor.nbytes for tensor in tensors) <= _MOST_BYTES
    is_here = type(value).__module__ == module and hasattr(value, "__dict__")
    if isinstance(value, SimpleNamespace) or is_here:
        value = vars(value)
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple | set | frozenset):
        is_small = depth < _DEEPEST and len(value) <= _MOST_ITEMS
        return is_small and all(_is_setting(item, module, depth + 1) for item in value)
    return isinstance(value, (*PLAIN, *_NAMED))
