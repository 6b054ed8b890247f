import json

import bench_scaling
import numpy as np
import pytest
from bench_scaling import Setting

_TINY = (
    "--hours 0.05 0.1 --channels 1 2 --cores 1 2 --base-hours 0.05 --base-channels 1 "
    "--recording-hours 0.05 --sfreq 250 --repetitions 1"
)


def test_prints_and_keeps_times_of_each_stage(tmp_path, capsys):
    file = tmp_path / "rows.json"
    bench_scaling.main([*_TINY.split(), "--json", str(file)])
    rows = json.loads(file.read_text())["rows"]
    assert len(rows) == 3 * (2 + 2 + 2)
    for first, second in zip(rows[::2], rows[1::2], strict=True):
        assert first["ratio"] == first["ratio per unit"]
        assert set(first["ratio"].values()) == {1}
        assert second["value"] == 2 * first["value"]
        perfect = 0.5 if second["changed"] == "cores" else 2
        ratios = np.divide(second["raw seconds"], first["raw seconds"])
        assert second["ratio"]["max"] == pytest.approx(max(ratios))
        assert second["ratio per unit"]["min"] == pytest.approx(min(ratios) / perfect)
    assert capsys.readouterr().out.count("| train one epoch |") == 6


def test_one_thing_is_changed_at_a_time():
    args = bench_scaling.make_options().parse_args(_TINY.split())
    scales = bench_scaling.find_scales(args)
    assert scales["hours"] == [Setting(0.05, 1, 1), Setting(0.1, 1, 1)]
    assert scales["channels"] == [Setting(0.05, 1, 1), Setting(0.05, 2, 1)]
    assert scales["cores"] == [Setting(0.05, 1, 1), Setting(0.05, 1, 2)]


def test_settings_have_their_hours_and_channels_and_equal_results_on_all_cores():
    args = bench_scaling.make_options().parse_args(_TINY.split())
    recording = bench_scaling.simulate(13, args)
    assert recording.duration == 180
    assert len(recording.ch_names) >= 13
    [one] = bench_scaling.prepare([recording], 1)
    [two] = bench_scaling.prepare([recording], 2)
    np.testing.assert_array_equal(one.data, two.data)


def test_refuses_hours_of_a_part_of_a_recording():
    with pytest.raises(SystemExit, match=r"0\.75 hours are not a number"):
        bench_scaling.main(["--hours", "0.5", "0.75"])
    # 0.3 / 0.1 is a little less than 3.
    options = ["--recording-hours", "0.1", "--base-hours", "0.1", "--hours", "0.3"]
    bench_scaling.check(bench_scaling.make_options().parse_args(options))
