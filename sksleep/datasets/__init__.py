"""Readers and writers of recordings, and simulated ones."""

from ._eegmat import load_eegmat
from ._make_tst import make_tst
from ._mne import from_mne, parts_from_mne
from ._save_tst import save_tst
from ._sleep_edf import load_sleep_edf
from ._tst import load_tst

__all__ = [
    "from_mne",
    "load_eegmat",
    "load_sleep_edf",
    "load_tst",
    "make_tst",
    "parts_from_mne",
    "save_tst",
]
