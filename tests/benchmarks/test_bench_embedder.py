import json

import bench_embedder
import pytest
import torch

_TINY = (
    "--n-channels 2 --n-times 150 --n-recordings 2 --n-windows 60 --threads 1 "
    "--epochs 2 --repetitions 2 --devices cpu"
)


def test_prints_and_keeps_rates_of_all_tasks(tmp_path, capsys):
    file = tmp_path / "rows.json"
    bench_embedder.main([*_TINY.split(), "--json", str(file)])
    rows = json.loads(file.read_text())["rows"]
    tasks = ["ContrastivePredictiveCoding", "RelativePositioning", "TemporalShuffling"]
    expected = [*[f"fit {task}" for task in tasks], "transform"]
    found = [(row["task"], row["device"], row["precision"]) for row in rows]
    assert found == [
        (task, "cpu", precision)
        for task in expected
        for precision in ("float32", "bfloat16")
    ]
    for row in rows:
        assert len(row["seconds"]) == 2
        assert row["windows/s"]["min"] > 0
    *_, transform, _ = rows
    assert transform["windows/s"]["max"] == pytest.approx(
        120 / min(transform["seconds"])
    )
    assert transform["times as fast"] == {"min": 1, "median": 1, "max": 1}
    assert "120 windows of 2 channels x 150 samples" in capsys.readouterr().out


def test_counts_each_window_as_often_as_it_was_embedded():
    args = bench_embedder.parse([*_TINY.split(), "--n-windows", "200"])
    windows = bench_embedder.make_windows(args)
    embedder = bench_embedder.make_embedder(
        "RelativePositioning", "cpu", "default", "float32", args
    )
    embedder.fit(windows)
    assert bench_embedder.n_trained(embedder) == 2 * 400


@pytest.mark.parametrize("way", ["plain layers", "default"])
def test_ways_differ_in_what_a_gpu_has_of_its_own_alone(way):
    args = bench_embedder.parse(_TINY.split())
    embedder = bench_embedder.make_embedder(
        "RelativePositioning", "cuda", way, "float32", args
    )
    assert embedder.module_params["fast_gpu"] == (way == "default")
    assert embedder.pretext.is_capturable


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_says_that_there_is_no_gpu(capsys):
    with pytest.raises(SystemExit):
        bench_embedder.main(["--devices", "cuda"])
    assert "torch finds no GPU here" in capsys.readouterr().err
