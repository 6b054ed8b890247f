import json
import sys

import bench_preprocessing
import pytest

TINY = "--hours 0.01 --n-channels 1 --sfreq 256 --n-jobs 1 --repetitions 1"


# Of 0.0121 hours MNE makes another number of samples at 100 Hz.
@pytest.mark.parametrize("hours", ["0.01", "0.0121"])
def test_prints_and_keeps_times_of_the_same_results(tmp_path, capsys, hours):
    pytest.importorskip("mne")
    table = tmp_path / "table.json"
    options = [*TINY.split(), "--hours", hours, "--json", str(table)]
    bench_preprocessing.main(options)
    rows = json.loads(table.read_text())["rows"]
    assert [row["what"] for row in rows][:2] == [
        "FIR low-pass 55 Hz",
        "IIR low-pass 55 Hz",
    ]
    assert "256 to 64 Hz, MNE's polyphase" in capsys.readouterr().out
    for row in rows:
        is_filter = "MNE's" not in row["what"]
        most = 0.01 if hours == "0.01" else 0.3  # of a shifted signal
        assert row["difference"] < (1e-5 if is_filter else most)
        for ratio in ("ratio", "ratio, float64 at hand", "ratio, Raw"):
            assert row[ratio]["min"] > 0


def test_says_that_mne_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "mne", None)
    with pytest.raises(ImportError, match=r"needs mne.*sksleep\[mne\]"):
        bench_preprocessing.main(TINY.split())
