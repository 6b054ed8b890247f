import json

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
        f"--n-channels 2 --n-times 300 --batch-size 4 --repetitions 2 --json {file}"
    )
    bench_network.main(command.split())
    [product, *rows] = json.loads(file.read_text())["rows"]
    assert product["rate"]["min"] > 0
    tasks = ["train, fast", "train, plain", "embed, fast", "embed, plain"]
    assert [row["task"] for row in rows] == tasks
    for row in rows:
        assert len(row["seconds"]) == 2
        assert row["rate"]["max"] == pytest.approx(4 / min(row["seconds"]))
        assert row["share of matrix product"]["min"] > 0
    assert rows[1]["times plain layers"] == {"min": 1, "median": 1, "max": 1}
    assert capsys.readouterr().out.count("windows/s") == 4


def test_networks_that_are_compared_embed_alike():
    fast = bench_network.StagerNet(11, 300).eval()
    windows = torch.randn(3, 11, 300)
    with torch.inference_mode():
        embeddings = fast(windows)
        fast.fast_cpu = False
        torch.testing.assert_close(fast(windows), embeddings, rtol=1e-3, atol=1e-4)
