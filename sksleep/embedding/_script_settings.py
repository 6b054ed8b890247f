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
# What fills a list, a dict or a set, which is no setting then.
_STORES = {"DELETE_SUBSCR", "STORE_SUBSCR"}
_FILLS = {"add", "append", "clear", "extend", "insert", "pop", "setdefault", "update"}


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
    read = {each.argval for each in used if each.opname == "LOAD_GLOBAL"}
    settings = {}
    for name in (read - _changed(used, known)) & known.keys():
        if not name.startswith("__"):
            found = _as_setting(known[name], module)
            settings.update((name, each) for each in found)
    return settings


def _instructions(code):
    """Yield the instructions of a function and of those inside of it."""
    yield from dis.get_instructions(code)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _instructions(constant)


def _changed(used, known):
    """Return the names of what instructions change, as far as they tell for sure."""
    changed = {i.argval for i in used if i.opname in ("STORE_GLOBAL", "DELETE_GLOBAL")}
    for place, each in enumerate(used):
        name = None
        if each.opname in _STORES:
            name = _container(used[:place])
        elif each.opname in ("LOAD_ATTR", "LOAD_METHOD") and each.argval in _FILLS:
            name = _global_name(used[place - 1])
        if isinstance(known.get(name), list | dict | set):
            changed.add(name)
    return changed


def _container(before):
    """Return the name of the global that is indexed behind instructions, or None.

    Its key lies on the stack above it, made by as many instructions as it takes.
    """
    n_above = 1
    for each in reversed(before):
        if "JUMP" in each.opname or n_above < 0:
            return None
        if not n_above and each.opname != "EXTENDED_ARG":
            return _global_name(each)
        n_above -= dis.stack_effect(each.opcode, each.arg)
    return None


def _global_name(instruction):
    return instruction.argval if instruction.opname == "LOAD_GLOBAL" else None


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
        is_known = is_setting([value.args, value.keywords], module)
        whole = [*_as_setting(value.func, module), value.args, value.keywords]
        return [whole] if is_known else []
    if isinstance(value, type) and value.__module__ == module:
        return [_class_as_setting(value, module)]
    if hasattr(value, "__wrapped__"):  # as of functools.cache
        return _as_setting(value.__wrapped__, module)
    return [value] if is_setting(value, module) else []


def _class_as_setting(base, module):
    attributes = {}
    for name, value in vars(base).items():
        value = getattr(value, "__func__", value)  # of a staticmethod
        if isinstance(value, FunctionType):
            attributes[name] = Helper(value)
        elif not name.startswith("__") and is_setting(value, module):
            attributes[name] = value
    return [base.__name__, attributes]


def is_setting(value, module, depth=0):
    """Tell whether a value is small and plain, or made of such values.

    Parameters
    ----------
    value : object
    module : str
        The script's name: objects of its classes are looked into.
    depth : int, default=0
        How deep in others it is; no deeper ones count.
    """
    if isinstance(value, np.ndarray | torch.Tensor):
        return value.nbytes <= _MOST_BYTES
    if isinstance(value, torch.nn.Module):
        tensors = value.state_dict().values()
        return not depth and sum(tensor.nbytes for tensor in tensors) <= _MOST_BYTES
    is_here = type(value).__module__ == module and hasattr(value, "__dict__")
    if isinstance(value, SimpleNamespace) or is_here:
        value = vars(value)
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple | set | frozenset):
        is_small = depth < _DEEPEST and len(value) <= _MOST_ITEMS
        return is_small and all(is_setting(item, module, depth + 1) for item in value)
    return isinstance(value, (*PLAIN, *_NAMED))
