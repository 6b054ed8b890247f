"""Memory of processes, watched from outside."""

import os
import sys
from functools import partial
from multiprocessing import get_context

import numpy as np
import pytest
from performance import process_memory, tree_memory, watch

from sksleep._memory import new_bytes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

_N_BYTES = 80_000_000


def test_memory_grows_with_what_is_held():
    before = process_memory(os.getpid())
    held = new_bytes(_N_BYTES)  # fresh pages: malloc may have freed ones that it kept
    held[:] = 1
    after = process_memory(os.getpid())
    for name in before:
        assert after[name] - before[name] == pytest.approx(held.nbytes, rel=0.1)


def test_tree_has_the_memory_of_a_child_and_shares_what_they_share():
    held = np.ones(_N_BYTES // 8)
    before = tree_memory(os.getpid())
    here, there = get_context("fork").Pipe()
    child = get_context("fork").Process(target=_read_and_wait, args=(there, held))
    child.start()
    here.recv()
    after = tree_memory(os.getpid())
    here.send("end")
    child.join()
    assert after["rss"] - before["rss"] > held.nbytes
    assert after["pss"] - before["pss"] < held.nbytes / 2


def test_pages_shared_with_who_watches_count(tmp_path):
    np.ones(_N_BYTES // 8).tofile(tmp_path / "shared")
    held = np.memmap(tmp_path / "shared", mode="r")
    here, there = get_context("fork").Pipe()
    child = get_context("fork").Process(target=_read_and_wait, args=(there, held))
    child.start()
    here.recv()
    before = tree_memory(child.pid)["pss"]
    held.sum()
    after = tree_memory(child.pid)["pss"]
    here.send("end")
    child.join()
    assert before > held.nbytes
    assert after == pytest.approx(before, rel=0.05)


def test_each_stage_takes_what_the_last_one_returned():
    stages = {"first": partial(np.add, 1), "second": partial(np.multiply, 3)}
    usages, result = watch(stages, 1, look=tree_memory, interval=0.01)
    assert result == 6
    assert list(usages) == ["first", "second"]
    for usage in usages.values():
        assert usage["seconds"] >= 0
        assert 0 < usage["before"]["pss"] <= usage["peak"]["pss"]


def test_says_that_a_stage_failed(capfd):
    with pytest.raises(SystemExit, match="has failed"):
        watch({"fail": partial(int, "x")}, None, look=process_memory, interval=0.01)
    assert "Error" in capfd.readouterr().err


def _read_and_wait(pipe, held):
    pipe.send(held.sum())
    pipe.recv()
