"""A checkpoint's file is there as a whole, or not, or known to be damaged."""

import os
import re

import pytest
import torch

from sksleep.embedding._state_file import read_state, write_state

STATE = {"weights": torch.arange(2000.0), "history": [{"epoch": 1}]}


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "state.pt"
    write_state(file, STATE)
    return file


def test_a_state_comes_back(file):
    state = read_state(file, "cpu")
    assert torch.equal(state["weights"], STATE["weights"])
    assert state["history"] == STATE["history"]
    assert [each.name for each in file.parent.iterdir()] == ["state.pt"]


@pytest.mark.parametrize("place", [0, 40, 0.3, 0.6, 0.9, -1])
def test_a_flipped_bit_is_noticed(file, place):
    content = bytearray(file.read_bytes())
    place = int(place * len(content)) if isinstance(place, float) else place
    content[place] ^= 1
    file.write_bytes(content)
    with pytest.raises(ValueError, match=rf"checkpoint {re.escape(str(file))} cannot"):
        read_state(file, "cpu")


@pytest.mark.parametrize("n_bytes", [0, 10, 1000])
def test_a_file_cut_short_is_noticed(file, n_bytes):
    file.write_bytes(file.read_bytes()[:n_bytes])
    with pytest.raises(ValueError, match="delete it, and the training begins anew"):
        read_state(file, "cpu")


def test_on_a_full_disk_the_state_before_stays(file, monkeypatch):
    def fail(number):
        raise OSError(28, "No space left on device")

    before = file.read_bytes()
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match=r"state\.pt cannot be written; is the disk full"):
        write_state(file, {"weights": torch.ones(3)})
    assert file.read_bytes() == before
    assert [each.name for each in file.parent.iterdir()] == ["state.pt"]


@pytest.mark.parametrize("n_times", [2, 99])
def test_a_file_that_is_open_elsewhere_is_waited_for(file, monkeypatch, n_times):
    """Windows moves nothing to where another program reads."""
    replace, refused = os.replace, []

    def refuse(*args):
        refused.append(args)
        if len(refused) <= n_times:
            raise PermissionError(13, "used by another process")
        replace(*args)

    monkeypatch.setattr(os, "replace", refuse)
    monkeypatch.setattr("sksleep._whole_file._WAITS", (0.0, 0.0, 0.0))
    if n_times == 2:
        write_state(file, {"weights": torch.ones(3)})
        assert torch.equal(read_state(file, "cpu")["weights"], torch.ones(3))
        return
    with pytest.raises(OSError, match="or the file open elsewhere"):
        write_state(file, {"weights": torch.ones(3)})
    assert [each.name for each in file.parent.iterdir()] == ["state.pt"]


def test_processes_of_one_number_write_to_files_of_their_own(file, monkeypatch):
    # As in two containers, where all are number 1.
    parts, fsync = [], os.fsync

    def sync(number):
        parts.append({each.name for each in file.parent.glob("*.part")})
        fsync(number)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "getpid", lambda: 1)
    for _ in range(2):
        write_state(file, STATE)
    assert len(parts[0] | parts[1]) == 2
