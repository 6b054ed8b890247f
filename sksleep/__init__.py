"""Embeddings of brain signals learnt without labels, in scikit-learn's grammar."""

from importlib import import_module

from .recording import Annotation, Recording
from .windows import Windows

__version__ = "0.1.0"

_SUBPACKAGES = (
    "classification",
    "datasets",
    "embedding",
    "features",
    "inspection",
    "model_selection",
    "nn",
    "preprocessing",
    "pretext",
)

__all__ = ["Annotation", "Recording", "Windows", *_SUBPACKAGES]


def __getattr__(name):
    # Lazy, so that a script that only reads files does not wait for torch.
    if name in _SUBPACKAGES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return [*__all__, "__version__"]
