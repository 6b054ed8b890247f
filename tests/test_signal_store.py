"""Signals' files get their names on Windows, too, where others read and write there."""

import os

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sksleep import _signal_store
from sksleep._signal_store import SignalStore


@pytest.fixture
def keep_ones(tmp_path):
    """Return a function that keeps a signal of ones."""

    def keep():
        with SignalStore(tmp_path) as store:
            signals = [store.empty("S01", (2, 1000))]
            signals[0][:] = 1
            return store.keep(signals)[0]

    return keep


@pytest.mark.usefixtures("mapped_files_stay")
def test_another_process_may_be_first(keep_ones, tmp_path, monkeypatch):
    """It moves its file, and maps it, after this one has looked whether it is there."""
    holds, others = _signal_store._holds, []

    def holds_and_is_late(file, digest):
        is_there = holds(file, digest)
        if not others:
            others.append(None)
            others[0] = keep_ones()
        return is_there

    monkeypatch.setattr(_signal_store, "_holds", holds_and_is_late)
    signal = keep_ones()
    assert signal.filename == others[0].filename
    assert_array_equal(signal, np.ones((2, 1000)))
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("function", ["replace", "unlink"])
def test_a_file_that_is_read_elsewhere_is_waited_for(
    keep_ones, tmp_path, monkeypatch, function
):
    if function == "unlink":
        keep_ones()
    plain, refused = getattr(os, function), []

    def refuse(path, *args, **kwargs):
        refused.append(path)
        if len(refused) < 3:
            raise PermissionError(13, "used by another process")
        plain(path, *args, **kwargs)

    monkeypatch.setattr(os, function, refuse)
    monkeypatch.setattr("sksleep._whole_file._WAITS", (0.0, 0.0, 0.0))
    assert_array_equal(keep_ones(), np.ones((2, 1000)))
    assert [file.suffix for file in tmp_path.iterdir()] == [".npy"]
