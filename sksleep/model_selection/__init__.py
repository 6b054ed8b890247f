"""How few labels per class a classifier needs."""

from ._curve import PerClassLearningCurve
from ._display import PerClassLearningCurveDisplay
from ._learning_curve import per_class_learning_curve
from ._limit import limit_per_class

__all__ = [
    "PerClassLearningCurve",
    "PerClassLearningCurveDisplay",
    "limit_per_class",
    "per_class_learning_curve",
]
