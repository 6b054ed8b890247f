"""What the scripts ``bench_*.py`` share."""

import json
from argparse import ArgumentTypeError
from pathlib import Path

import pytest
from performance import (
    add_dir,
    describe_run,
    draw_growth,
    interleave,
    make_parser,
    positive,
    print_table,
    save,
    spread,
)


@pytest.fixture
def args():
    """Settings of a script with options of all kinds."""
    parser = make_parser("A benchmark.", repetitions=7)
    parser.add_argument("--n-channels", type=int, nargs="+", default=[2, 11])
    parser.add_argument("--more", type=float, nargs="+", default=[])
    parser.add_argument("--skip", action="store_true")
    parser.add_argument("--dir", type=Path)
    return parser.parse_args(["--skip", "--dir", "a folder", "--json", "out.json"])


def test_every_benchmark_has_repetitions_and_json(args):
    assert (args.repetitions, args.json) == (7, "out.json")


def test_refuses_no_repetition(capsys):
    with pytest.raises(SystemExit):
        make_parser("", repetitions=5).parse_args(["--repetitions", "0"])
    assert "must be at least 1, got 0" in capsys.readouterr().err


def test_refuses_a_file_that_cannot_be_written_before_it_measures(capsys, tmp_path):
    (tmp_path / "file").touch()
    folders = (tmp_path / "no", tmp_path / "file")
    for path in (tmp_path, *(folder / "x.json" for folder in folders)):
        with pytest.raises(SystemExit):
            make_parser("", repetitions=5).parse_args(["--json", str(path)])
        assert f"{path} cannot be written to" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf"])
def test_refuses_what_is_not_positive(text):
    assert positive("0.5") == 0.5
    with pytest.raises(ArgumentTypeError, match=f"positive and finite, got {text}"):
        positive(text)


def test_refuses_what_is_no_folder(tmp_path, capsys):
    parser = make_parser("", repetitions=5)
    add_dir(parser)
    assert parser.parse_args(["--dir", str(tmp_path)]).dir == str(tmp_path)
    with pytest.raises(SystemExit):
        parser.parse_args(["--dir", str(tmp_path / "no")])
    assert "is no folder that can be written to" in capsys.readouterr().err


def test_spread_is_minimum_median_maximum():
    assert spread([4, 1, 3]) == {"min": 1.0, "median": 3.0, "max": 4.0}


def test_table_shows_spreads_and_leaves_out_raw_values(capsys):
    print_table(
        [
            {"stage": "train", "n": 12345, "s": spread([0.12345, 1, 2]), "raw": [1]},
            {"stage": "embed", "ratio": 1234.5},
        ]
    )
    assert capsys.readouterr().out.splitlines() == [
        "| stage | n | s | ratio |",
        "| --- | --- | --- | --- |",
        "| train | 12345 | 0.123 / 1 / 2 |  |",
        "| embed |  |  | 1234 |",
    ]


def test_table_shows_chosen_columns(capsys):
    print_table([{"a": 1, "b": 2.0}], columns=["b"])
    assert capsys.readouterr().out == "| b |\n| --- |\n| 2 |\n"


def test_saves_rows_and_how_to_get_them_again(args, tmp_path):
    path = tmp_path / "results.json"
    save(path, "/somewhere/bench_x.py", args, [{"seconds": [1.5]}])
    results = json.loads(path.read_text())
    assert results["rows"] == [{"seconds": [1.5]}]
    assert results["script"] == "bench_x.py"
    assert results["command"] == (
        "python benchmarks/bench_x.py --repetitions 7 --n-channels 2 11 --skip "
        "--dir 'a folder'"
    )
    assert results["settings"]["n_channels"] == [2, 11]
    assert {"processor", "cores"} <= results["machine"].keys()
    assert {"python", "torch"} <= results["versions"].keys()


def test_saves_nothing_without_a_path(args):
    save(None, "bench_x.py", args, [])
    assert describe_run("bench_x.py", args)["script"] == "bench_x.py"


def test_tasks_take_turns_after_a_warm_up():
    done = []
    tasks = {name: lambda name=name: done.append(name) for name in "ab"}
    seconds = interleave(tasks, 2)
    assert done == list("ababab")
    assert [len(seconds[name]) for name in "ab"] == [2, 2]


def test_growth_is_drawn_against_growth_linear_in_hours(tmp_path):
    def row(stage, hours, seconds):
        memory = {"anonymous, MB": spread([280, 300]), "total, MB": spread([400])}
        times = {"seconds": spread(seconds), "files, MB": 40 * hours}
        return {"stage": stage, "hours": hours} | times | memory

    rows = [row("train", 1, [2, 3, 4]), row("embed", 1, [0.9, 1, 1.2])]
    rows += [row("train", 10, [36, 40, 44]), row("embed", 10, [7, 8, 9])]
    file = tmp_path / "growth.png"
    times, memory = draw_growth(rows, file).axes
    assert file.read_bytes().startswith(b"\x89PNG")
    drawn = [line.get_xydata().tolist() for line in times.get_lines()]
    for first, last, linear in (3, 40, 30), (1, 8, 10):
        assert drawn.count([[1, first], [10, last]]) == 1
        assert drawn.count([[1, first], [10, linear]]) == 1
    drawn = [line.get_xydata().tolist() for line in memory.get_lines()]
    for megabytes in [290, 290], [400, 400], [40, 400]:
        assert list(zip([1, 10], megabytes, strict=True)) in [
            [tuple(point) for point in line] for line in drawn
        ]
    labels = memory.get_legend_handles_labels()[1]
    assert sorted(labels)[:2] == ["embed, all", "embed, without files' pages"]
    assert "files on disk" in labels
