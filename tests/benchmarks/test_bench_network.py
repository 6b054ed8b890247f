import json
from types import SimpleNamespace

import bench_network
import pytest
import torch


@pytest.fixture(autouse=True)
def same_threads():
    """Leave torch's threads as they were."""
    n_threads = torch.get_num_threads()
    yield
    torch.set_num_threads(n_threads)


def test_prints_and_keeps_rates_of_all_tasks(tmp_path, capsys):
    file = tmp_path / "rows.json"
    command = (
        "--n-channels 2 --n-times 300 --batch-size 4 --repetitions 2 --threads 1 2 "
        f"--matrix-size 64 --json {file}"
    )
    bench_network.main(command.split())
    assert torch.get_num_threads() == 2
    rows = json.loads(file.read_text())["rows"]
    assert [row["threads"] for row in rows] == 10 * [1] + 10 * [2]
    products, rows = rows[10:14], rows[14:]
    assert [(row["precision"], row["layers"]) for row in products] == [
        (precision, way)
        for precision in ("float32", "bfloat16")
        for way in ("product", "convolution")
    ]
    assert all(row["rate"]["min"] > 0 for row in products)
    variants = [(row["layers"], row["precision"]) for row in rows]
    of_one_task = [("plain", "float32"), ("fast", "float32"), ("fast", "bfloat16")]
    assert variants == 2 * of_one_task
    for row in rows:
        assert len(row["seconds"]) == 2
        assert row["rate"]["max"] == pytest.approx(4 / min(row["seconds"]))
        assert row["share of matrix product"]["min"] > 0
    assert rows[0]["times plain float32"] == {"min": 1, "median": 1, "max": 1}
    assert capsys.readouterr().out.count("windows/s") == 12


def test_the_share_is_of_the_faster_product():
    args = SimpleNamespace(matrix_size=100, batch_size=10)  # 2e6 operations
    seconds = {
        ("multiply", "product", "float32"): [1.0, 4.0],
        ("multiply", "convolution", "float32"): [2.0, 2.0],
        ("embed", "plain", "float32"): [5.0, 5.0],
    }
    *_, row = bench_network.make_rows(seconds, args, 1e5)
    assert row["share of matrix product"]["min"] == pytest.approx(0.1)
    assert row["share of matrix product"]["max"] == pytest.approx(0.2)


def test_refuses_matrices_that_the_convolution_cannot_make(capsys):
    with pytest.raises(SystemExit):
        bench_network.main(["--matrix-size", "40"])
    assert "--matrix-size 40: no multiple of 16" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--batch-size", "--n-times", "--n-channels"])
def test_refuses_sizes_of_nothing(option, capsys):
    with pytest.raises(SystemExit):
        bench_network.main([option, "0"])
    assert f"{option}: must be at least 1, got 0" in capsys.readouterr().err


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_says_that_there_is_no_gpu(capsys):
    with pytest.raises(SystemExit):
        bench_network.main(["--device", "cuda"])
    assert "torch finds no GPU here" in capsys.readouterr().err


def test_networks_that_are_compared_embed_alike():
    network = bench_network.StagerNet(11, 300)
    windows = torch.randn(3, 11, 300)
    with torch.inference_mode():
        fast, plain = (
            bench_network.make_encoder(network, layers, "float32").eval()(windows)
            for layers in ("fast", "plain")
        )
        torch.testing.assert_close(fast, plain, rtol=1e-3, atol=1e-4)
