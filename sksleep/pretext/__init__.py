"""Pretext tasks: what the network learns from signal without labels."""

from ._base import Batch, PretextTask
from ._relative_positioning import RelativePositioning

__all__ = ["Batch", "PretextTask", "RelativePositioning"]
