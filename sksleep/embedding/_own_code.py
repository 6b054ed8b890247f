"""What a user's own classes do, as far as their code tells, and their names."""

from functools import partial, partialmethod
from types import CodeType, FunctionType, MethodType

# Of these the version is known, or does not matter.
_LIBRARIES = ("abc", "builtins", "sklearn", "sksleep", "skorch", "torch")
_PLAIN = (bool, bytes, complex, float, int, str, type(None))


def own_code(classes):
    """Return what changes with the code and the attributes of a user's classes.

    Not with comments, names of files or lines, and the same in every process. Functions
    and classes elsewhere that they call do not count.

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


def named(value):
    """Return a parameter with the names of classes in it instead of themselves.

    joblib hashes classes and functions by pickling where they are found, and in another
    process those of a script or a notebook are not found.

    Parameters
    ----------
    value : object

    Returns
    -------
    value : object
        As it was, if no class or function of such is in it.
    """
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, FunctionType):
        return repr(_content(value, ()))
    if isinstance(value, dict):
        return {key: named(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return [named(item) for item in value]
    if type(value).__module__ == "__main__" and hasattr(value, "__dict__"):
        return named(type(value)), named(vars(value))
    return value


def _is_own(base):
    return base.__module__.partition(".")[0] not in _LIBRARIES


def _content_of_class(base):
    return base.__qualname__, [
        (name, _content(value, ()))
        for name, value in sorted(vars(base).items())
        # Others with such names Python sets, some when an instance is pickled.
        if isinstance(value, FunctionType) or not name.startswith("__")
    ]


def _content(value, outer):
    """Describe a value without the place where it lies in memory.

    Parameters
    ----------
    value : object
    outer : tuple of int
        Identities of what it is in: a function may be in its own closure.
    """
    if isinstance(value, _PLAIN):
        return repr(value)
    if id(value) in outer:
        return "itself"
    inside = (*outer, id(value))
    if isinstance(value, CodeType):
        constants = [_content(constant, inside) for constant in value.co_consts]
        return value.co_code, value.co_names, value.co_varnames, constants
    if isinstance(value, dict):
        return [(repr(key), _content(value[key], inside)) for key in value]
    if isinstance(value, list | tuple):
        return [_content(item, inside) for item in value]
    if isinstance(value, set | frozenset):  # whose order is another in each process
        return sorted(repr(_content(item, inside)) for item in value)
    parts = [_content(part, inside) for part in _parts(value)]
    name = getattr(value, "__qualname__", type(value).__qualname__)
    return name, parts


def _parts(value):
    """Return what makes a function, or what is like one, what it is."""
    if isinstance(value, FunctionType):
        cells = [_of_cell(cell) for cell in value.__closure__ or ()]
        return [value.__code__, value.__defaults__, value.__kwdefaults__, cells]
    if isinstance(value, staticmethod | classmethod | MethodType):
        return [value.__func__]
    if isinstance(value, property):
        return [value.fget, value.fset]
    if isinstance(value, partial | partialmethod):
        return [value.func, value.args, value.keywords]
    return []


def _of_cell(cell):
    try:
        return cell.cell_contents
    except ValueError:  # empty yet
        return None
