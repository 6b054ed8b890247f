"""What a user's own classes do, as far as their code tells."""

from types import CodeType, FunctionType

# Of these the version is known, or does not matter.
_LIBRARIES = ("abc", "builtins", "sklearn", "sksleep", "torch")
_PLAIN = (bool, bytes, float, int, str, tuple, type(None))


def own_code(classes):
    """Return what changes with the code and the attributes of a user's classes.

    Not with comments, names of files or lines. Functions that they call elsewhere do
    not count.

    Parameters
    ----------
    classes : iterable of type

    Returns
    -------
    content : str
        joblib would hash equal tuples otherwise where they are not one object.
    """
    bases = {base: None for each in classes for base in each.__mro__}
    content = [
        (base.__qualname__, name, _content(value))
        for base in bases
        if base.__module__.partition(".")[0] not in _LIBRARIES
        for name, value in sorted(vars(base).items())
        # Others with such names Python sets, some when an instance is pickled.
        if isinstance(value, FunctionType) or not name.startswith("__")
    ]
    return repr(content)


def _content(value):
    if isinstance(value, staticmethod | classmethod):
        value = value.__func__
    if isinstance(value, property):
        return tuple(map(_content, (value.fget, value.fset)))
    if isinstance(value, FunctionType):
        defaults = value.__defaults__, value.__kwdefaults__
        return _instructions(value.__code__), repr(defaults)
    return repr(value) if isinstance(value, _PLAIN) else type(value).__name__


def _instructions(code):
    constants = tuple(map(_constant, code.co_consts))
    return code.co_code, code.co_names, code.co_varnames, constants


def _constant(value):
    if isinstance(value, CodeType):
        return _instructions(value)
    # The order of a set changes from process to process.
    return sorted(map(repr, value)) if isinstance(value, frozenset) else repr(value)
