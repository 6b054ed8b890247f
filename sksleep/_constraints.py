"""What parameters may be, in scikit-learn's grammar."""

from numbers import Integral, Real

# Private to scikit-learn, so imported in this one place.
from sklearn.utils._param_validation import (
    Interval,
    StrOptions,
    validate_parameter_constraints,
)

__all__ = [
    "FRACTION",
    "NOT_NEGATIVE",
    "N_JOBS",
    "POSITIVE",
    "AtLeast",
    "Numbers",
    "StrOptions",
    "check_count",
    "is_integer",
    "validate_parameter_constraints",
]


class Numbers(Interval):
    """An interval of numbers. Unlike for scikit-learn, True is none."""

    def is_satisfied_by(self, val):
        return not isinstance(val, bool) and super().is_satisfied_by(val)


class AtLeast(Numbers):
    """Integers that are not below another."""

    def __init__(self, lowest):
        super().__init__(Integral, lowest, None, closed="left")


NOT_NEGATIVE = Numbers(Real, 0, None, closed="left")
POSITIVE = Numbers(Real, 0, None, closed="neither")
FRACTION = Numbers(Real, 0, 1, closed="neither")
N_JOBS = [Interval(Integral, None, -1, closed="right"), AtLeast(1), None]  # not 0


def is_integer(value, lowest):
    """Tell whether a value is an integer that is not below another, and no bool."""
    return AtLeast(lowest).is_satisfied_by(value)


def check_count(name, value):
    """Raise a ValueError unless a value is an integer of at least 1.

    Parameters
    ----------
    name : str
        What the message calls it.
    value : object
    """
    if not is_integer(value, 1):
        raise ValueError(f"{name} must be an integer of at least 1, got {value!r}.")
