"""Handcrafted features of windows."""

from ._band_power import BandPower

__all__ = ["BandPower"]
