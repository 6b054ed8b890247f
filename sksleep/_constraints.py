"""What parameters may be, in scikit-learn's grammar."""

from numbers import Integral, Real

# Private to scikit-learn, so imported in this one place.
from sklearn.utils._param_validation import Interval, StrOptions

__all__ = ["POSITIVE", "Interval", "StrOptions", "at_least"]

POSITIVE = Interval(Real, 0, None, closed="neither")


def at_least(lowest):
    """Return the constraint of an integer that is not below another."""
    return Interval(Integral, lowest, None, closed="left")
