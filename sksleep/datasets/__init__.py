"""Readers and writers of recordings."""

from ._eegmat import load_eegmat
from ._make_tst import make_tst
from ._mne import from_mne

__all__ = ["from_mne", "load_eegmat", "make_tst"]
