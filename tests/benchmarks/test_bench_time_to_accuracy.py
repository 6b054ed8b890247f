"""The script from its options to its tables and file."""

import json
import sys

import bench_time_to_accuracy
import numpy as np
import pytest
from time_to_accuracy import make_loops, make_splits

TINY = (
    "--threads 1 --n-subjects 2 --recording-sfreq 250 --durations 60 60 60 "
    "--pairs 16 --checkpoints 2 --epochs 1 --labels 2 --draws 2 --repetitions 1"
)


@pytest.fixture(scope="module")
def recordings():
    """Return the recordings of a tiny run."""
    return bench_time_to_accuracy.simulate(2, 250.0, (60.0, 60.0, 60.0))


def test_writes_finite_numbers_and_prints_tables(
    recordings, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(bench_time_to_accuracy, "simulate", lambda *args: recordings)
    monkeypatch.setattr(bench_time_to_accuracy, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "braindecode", None)
    path = tmp_path / "results.json"
    first = "--first", "3"
    bench_time_to_accuracy.main([*TINY.split(), *first, "--json", str(path)])

    results = json.loads(path.read_text())
    [row] = results["rows"]
    assert row["repetition"] == 3
    published, [sksleep], [lower] = row["points"].values()
    assert [point["done"] for point in published] == [8, 16]
    assert sksleep["done"] == lower["done"] == 1
    for point in (*published, sksleep, lower):
        seconds = list(point["seconds"].values())
        assert np.isfinite(seconds).all()
        assert min(seconds) > 0
        assert all(0 <= value <= 1 for value in point["scores"].values())
    assert published[0]["seconds"]["train"] < published[1]["seconds"]["train"]
    assert {goal["goal"] for goal in row["goals"]} == {"8 pairs", "end", "best"}
    names = ["published", "sksleep, float32", "sksleep, bfloat16"]
    assert [rate["training"] for rate in row["rates"]] == names
    assert {goal["training"] for goal in row["goals"]} == set(names[1:])
    assert "--pairs 16" in results["command"]

    printed = capsys.readouterr().out
    assert "braindecode is not installed: left out" in printed
    assert "published: 8 in " in printed
    assert printed.count("| published | 8 |") == 2
    assert "minimum / median / maximum" in printed


def test_more_dropouts_are_trainings_of_their_own(recordings):
    options = "--precisions float32 --more-dropouts 0.5 --epochs 1"
    args = bench_time_to_accuracy.parse([*TINY.split(), *options.split()])
    loops = make_loops(args)
    assert list(loops) == [
        "published",
        "sksleep, float32",
        "sksleep, float32, dropout 0.5",
    ]
    split = make_splits(recordings, 1)[0]
    default, more = (
        next(iter(run(recordings, split, args))) for run in list(loops.values())[1:]
    )
    assert default.done == more.done
    assert not np.array_equal(default.embeddings, more.embeddings)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--pairs 3 --checkpoints 4", "--checkpoints must not exceed --pairs"),
        ("--sfreq 110", "--sfreq and --recording-sfreq must exceed 110 Hz"),
        # 9 of 12 mice in the smallest training fold, 20 windows of each state
        ("--durations 60 90 60 --labels 181", "--labels must be at most 180"),
        ("--dropout 1.5", "--dropout: must be from 0 on to below 1, got 1.5"),
        ("--more-dropouts 0.1 -1", "--more-dropouts: must be from 0 on to below 1"),
    ],
)
def test_refuses_before_anything_is_simulated(capsys, options, message):
    with pytest.raises(SystemExit, match="2"):
        bench_time_to_accuracy.main(options.split())
    assert message in capsys.readouterr().err
