"""Recordings averaged over regions, filtered, resampled and cut into windows."""

from ._windower import Windower

__all__ = ["Windower"]
