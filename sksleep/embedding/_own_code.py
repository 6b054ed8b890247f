"""What a user's own classes and parameters are, as far as their code tells."""

from enum import Enum
from functools import partial, partialmethod
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MethodType,
    ModuleType,
    SimpleNamespace,
)

import joblib
import numpy as np
import torch
from torch.nn.parameter import is_lazy

from ._script_settings import PLAIN, Helper, is_own, is_setting, settings_of

_OF_EVERY_MODULE = vars(torch.nn.Module()).keys()


def own_code(classes):
    """Return what changes with the code and the attributes of a user's classes.

    Not with comments, names of files or lines, and the same in every process. What they
    read from their script counts: settings, such as numbers, texts, lists of them and
    small arrays, functions and classes, but not what those read in turn. What was
    imported counts by name.

    Parameters
    ----------
    classes : iterable of type

    Returns
    -------
    content : str
        joblib would hash equal tuples otherwise where they are not one object.
    """
    bases = {base: None for each in classes for base in each.__mro__}
    describe = _Describer(_hash_or_nothing)
    contents = [
        (base.__name__, describe(_attributes(base))) for base in bases if is_own(base)
    ]
    return repr(sorted(map(repr, contents)))


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
    return repr(_Describer(joblib.hash)(value))


def structure_of(module):
    """Return what changes with the layers of a network, but not with its weights.

    Parameters
    ----------
    module : torch.nn.Module

    Returns
    -------
    structure : str
    """
    return repr(_Describer(_hash_or_nothing, has_numbers=False)(module))


class _Describer:
    """Describes a value without the place where it lies in memory.

    Parameters
    ----------
    hash_other : callable
        For what is neither plain nor the user's own.
    has_numbers : bool
        Whether the numbers in tensors count, besides their dtype and shape.
    """

    def __init__(self, hash_other, has_numbers=True):
        self.hash_other = hash_other
        self.has_numbers = has_numbers

    def __call__(self, value, outer=()):
        """Describe a value inside of others, given by identity: it may be in itself."""
        if isinstance(value, PLAIN) and not isinstance(value, Enum):
            return repr(value)
        if id(value) in outer:
            return "itself"
        describe = partial(self, outer=(*outer, id(value)))
        if isinstance(value, CodeType):
            constants = [describe(constant) for constant in value.co_consts]
            return value.co_code, value.co_names, value.co_varnames, constants
        if isinstance(value, dict):
            items = [(describe(key), describe(value[key])) for key in value]
            return sorted(items, key=repr)
        if isinstance(value, list | tuple):
            return [describe(item) for item in value]
        if isinstance(value, set | frozenset):  # whose order differs by process
            return sorted(repr(describe(item)) for item in value)
        if isinstance(value, type):  # cloudpickle gives nested ones another qualname
            return f"{value.__module__}.{value.__name__}"
        if isinstance(value, ModuleType):
            return value.__name__
        if isinstance(value, torch.Tensor) and value.layout == torch.strided:
            return self._describe_tensor(value)
        if isinstance(value, torch.nn.Module):
            return self._describe_module(value, describe)
        parts = _parts(value)
        name = getattr(value, "__name__", type(value).__name__)
        if parts is None:
            return name, self.hash_other(value)
        return name, [describe(part) for part in parts]

    def _describe_module(self, module, describe):
        """Describe its layers in their order, and what each has of its own.

        Neither hooks, which have other numbers each time, nor objects of libraries.
        """
        layers = []
        for name, layer in module.named_modules():
            own = {
                key: vars(layer)[key] for key in vars(layer).keys() - _OF_EVERY_MODULE
            }
            script = type(layer).__module__
            own = {key: own[key] for key in own if is_setting(own[key], script)}
            layers.append([name, type(layer), layer.training, own])
        # In their order, which a dict would lose.
        return describe([layers, list(module.state_dict(keep_vars=True).items())])

    def _describe_tensor(self, tensor):
        if is_lazy(tensor):  # it takes its size from the first embeddings
            return str(tensor.dtype), "lazy", tensor.requires_grad
        about = str(tensor.dtype), tuple(tensor.shape), tensor.requires_grad
        if not self.has_numbers or tensor.is_meta:
            return about
        # joblib would hash the place of its memory.
        numbers = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous()
        return *about, joblib.hash(numbers.reshape(-1).view(torch.uint8).numpy())


def _parts(value):
    """Return what makes a function or an object of the user's; None of others."""
    if isinstance(value, FunctionType):
        return [*_parts(Helper(value)), settings_of(value)]
    if isinstance(value, Helper):
        function = value.function
        cells = [_of_cell(cell) for cell in function.__closure__ or ()]
        return [
            function.__code__,
            function.__defaults__,
            function.__kwdefaults__,
            cells,
        ]
    if isinstance(value, staticmethod | classmethod):
        return [value.__func__]
    if isinstance(value, MethodType):
        return [value.__func__, value.__self__]
    if isinstance(value, property):
        return [value.fget, value.fset]
    if isinstance(value, partial | partialmethod):
        return [value.func, value.args, value.keywords]
    if isinstance(value, Enum):
        return [value.name, value.value]
    if hasattr(value, "__wrapped__"):  # as of functools.cache
        return [value.__wrapped__]
    if isinstance(value, SimpleNamespace) or _is_open(type(value)):
        return [vars(value)] if hasattr(value, "__dict__") else None
    return None


def _is_open(kind):
    """Tell whether objects are of the user's or of ours, which may hold the user's."""
    return is_own(kind) or kind.__module__.startswith("sksleep.")


def _attributes(base):
    """Return what a class has of its own."""
    return {
        name: value
        for name, value in vars(base).items()
        # Others with such names Python sets, some when an instance is pickled.
        if isinstance(value, FunctionType) or not name.startswith("__")
    }


def _hash_or_nothing(value):
    """Return the hash of an attribute, None of one that cannot be pickled."""
    if isinstance(value, BuiltinFunctionType | np.ufunc):
        return value.__name__
    try:
        return joblib.hash(value)
    except Exception:  # whatever pickling it raises
        return None


def _of_cell(cell):
    try:
        return cell.cell_contents
    except ValueError:  # empty yet
        return None
