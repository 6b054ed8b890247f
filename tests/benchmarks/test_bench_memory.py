import json
import os
import sys

import bench_memory
import numpy as np
import pytest

from sksleep._memmap import locate

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture
def args():
    """A corpus of two recordings of 3 minutes."""
    command = "--recording-hours 0.05 --sfreq 500 --n-channels 2 --hours 0.1"
    return bench_memory.make_parser().parse_args(command.split())


def test_stages_follow_each_other_and_leave_signals_in_files(args, tmp_path):
    corpus = bench_memory.make(None, 0.1, tmp_path, args)
    assert [recording.duration for recording in corpus] == [180, 180]
    prepared = bench_memory.prepare(corpus, 0.1, tmp_path, args)
    assert [recording.sfreq for recording in prepared] == [250, 250]
    assert all(locate(recording.data) for recording in corpus + prepared)
    bench_memory.train(prepared, 0.1, tmp_path, args)
    bench_memory.embed(prepared, 0.1, tmp_path, args)


def test_prints_and_keeps_what_each_stage_took(args, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bench_memory, "STAGES", {"make": bench_memory.make})
    corpora, table = tmp_path / "corpora", tmp_path / "table.json"
    corpora.mkdir()
    command = f"--hours 0.01 --n-channels 1 --dir {corpora} --json {table}"
    bench_memory.main(command.split())
    [row] = json.loads(table.read_text())["results"]
    assert (row["hours"], row["stage"]) == (0.01, "make")
    assert row["files"] == 4 * 36_000 + 128
    assert 0 < row["before"] <= row["anonymous"] <= row["total"]
    assert "make" in capsys.readouterr().out
    assert not list(corpora.iterdir())


def test_memory_grows_with_what_is_held():
    before, total_before = bench_memory.memory(os.getpid())
    held = np.ones(4_000_000)
    after, total_after = bench_memory.memory(os.getpid())
    assert after - before == pytest.approx(held.nbytes, rel=0.1)
    assert total_after - total_before == pytest.approx(held.nbytes, rel=0.1)
