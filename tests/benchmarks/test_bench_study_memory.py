import json
import sys

import bench_study_memory
import numpy as np
import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_prints_and_keeps_memory_of_each_stage(tmp_path, capsys):
    file = tmp_path / "rows.json"
    command = f"--subjects 2 --sfreq 250 --folds 2 --step 30 --n-jobs 1 --json {file}"
    command += " --repetitions 1"
    bench_study_memory.main(command.split())
    rows = json.loads(file.read_text())["rows"]
    stages = ["read", "resample, filter, cut", "cross-validate"]
    assert [row["stage"] for row in rows] == stages
    for row in rows:
        assert 600 < row["bound, MB"] < 700
        assert 0 < row["pss, MB"]["max"] <= row["rss, MB"]["max"]
        share = row["pss, MB"]["max"] / row["bound, MB"]
        assert row["pss / bound"]["max"] == pytest.approx(share)
    assert capsys.readouterr().out.count("| 1 |") == 3


def test_shared_windows_are_those_in_memory(tmp_path):
    file = tmp_path / "recording"
    bench_study_memory.simulate(250.0, file)
    recordings = bench_study_memory.read(file, 2, None)
    assert recordings[0].data.base is not recordings[1].data.base
    _, in_memory = bench_study_memory.prepare(None, 3.0, recordings)
    _, in_files = bench_study_memory.prepare(tmp_path, 3.0, recordings)
    np.testing.assert_array_equal(in_memory[[0, -1]], in_files[[0, -1]])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--subjects 3 --folds 4", "--folds must be at most --subjects"),
        ("--step 31", "--step must be at most 30 s"),
    ],
)
def test_refuses_before_long_work(options, message):
    with pytest.raises(SystemExit, match=message):
        bench_study_memory.main(options.split())
