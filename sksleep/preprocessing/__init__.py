"""Recordings averaged over regions, filtered, resampled and cut into windows."""

from ._bandpass_filter import BandpassFilter
from ._region_averager import TST_REGIONS, RegionAverager
from ._resampler import Resampler
from ._windower import Windower

__all__ = ["TST_REGIONS", "BandpassFilter", "RegionAverager", "Resampler", "Windower"]
