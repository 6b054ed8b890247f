import json
import sys

import bench_memory
import pytest

from sksleep._memmap import locate

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture
def args():
    """A corpus of two recordings of 3 minutes."""
    command = "--recording-hours 0.05 --sfreq 500 --n-channels 2 --hours 0.1"
    command += " --repetitions 1"
    return bench_memory.make_options().parse_args(command.split())


def test_stages_follow_each_other_and_leave_signals_in_files(args, tmp_path):
    corpus = bench_memory.make(0.1, tmp_path, args, None)
    assert [recording.duration for recording in corpus] == [180, 180]
    prepared = bench_memory.prepare(tmp_path, args, corpus)
    assert [recording.sfreq for recording in prepared] == [250, 250]
    assert all(locate(recording.data) for recording in corpus + prepared)
    bench_memory.train(tmp_path, args, prepared)
    bench_memory.embed(tmp_path, args, prepared)


def test_long_recordings_repeat_their_noise(args, tmp_path, monkeypatch):
    monkeypatch.setattr(bench_memory, "_BLOCK", 100)
    [first, second] = bench_memory.make_recording(0, 250, tmp_path, args).data
    for channel in first, second:
        assert (channel[100:] == channel[:150]).all()
    assert (first != second).any()
    assert sorted(first[:100]) == sorted(second[:100])


def test_prints_and_keeps_what_each_stage_took(tmp_path, monkeypatch, capsys):
    def make_first_stages(*args):
        stages = make_stages(*args)
        return {name: stages[name] for name in ("make", "prepare")}

    make_stages = bench_memory.make_stages
    monkeypatch.setattr(bench_memory, "make_stages", make_first_stages)
    corpora, table = tmp_path / "corpora", tmp_path / "table.json"
    corpora.mkdir()
    command = f"--hours 0.01 --n-channels 1 --dir {corpora} --json {table}"
    command += f" --repetitions 1 --figure {tmp_path / 'growth.png'}"
    bench_memory.main(command.split())
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")
    row, prepared = json.loads(table.read_text())["rows"]
    assert (row["hours"], row["stage"]) == (0.01, "make")
    assert prepared["stage"] == "prepare"
    assert row["files, MB"] * 1e6 == 4 * 36_000 + 128
    assert row["seconds per hour"]["max"] == row["seconds"]["max"] / 0.01
    sizes = [row[f"{name}, MB"]["max"] for name in ("before", "anonymous", "total")]
    assert 0 < sizes[0] <= sizes[1] <= sizes[2]
    assert "| 0.01 | make |" in capsys.readouterr().out
    assert not list(corpora.iterdir())


@pytest.mark.parametrize(
    ("option", "stages"),
    [("--threads 1", "make prepare train embed"), ("--no-prepare", "make train embed")],
)
def test_filtering_and_resampling_can_be_left_out(option, stages, tmp_path):
    args = bench_memory.make_options().parse_args(option.split())
    names = list(bench_memory.make_stages(0.1, tmp_path, args))
    assert names == stages.split()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--hours 1 1e9", r"1e\+09 hours need .* GB are free"),
        ("--step 40", "must be at most 30 s"),
        ("--sfreq 110", "must exceed 110 Hz"),
    ],
)
def test_refuses_before_long_work(tmp_path, options, message):
    with pytest.raises(SystemExit, match=message):
        bench_memory.main([*options.split(), "--dir", str(tmp_path)])


@pytest.mark.parametrize(
    ("hours", "n_times"),
    [("1.4", [2520, 2520]), ("2.5", [3000] * 3), ("1", [3600]), ("0.07", [252])],
)
def test_no_recording_is_longer_than_asked(tmp_path, hours, n_times):
    options = ["--sfreq", "1", "--n-channels", "1"]
    args = bench_memory.make_options().parse_args(options)
    recordings = bench_memory.make(float(hours), tmp_path, args, None)
    assert [recording.n_times for recording in recordings] == n_times
