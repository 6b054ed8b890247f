"""Recordings averaged over regions, filtered, resampled and cut into windows."""

from ._bandpass_filter import BandpassFilter
from ._resampler import Resampler
from ._windower import Windower

__all__ = ["BandpassFilter", "Resampler", "Windower"]
