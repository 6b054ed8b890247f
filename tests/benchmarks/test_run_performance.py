"""Benchmarks run by ``run_all.py --performance``."""

import json
import textwrap

import pytest
from performance import UnknownScriptError, find_scripts, run_scripts
from run_all import main


@pytest.fixture
def scripts(tmp_path):
    """Three benchmarks, of which the first lacks a package."""
    good = """
        import json, sys
        file = sys.argv[sys.argv.index("--json") + 1]
        print("| n |", "| --- |", "| 1 |", sep=chr(10))
        json.dump({"command": "python benchmarks/bench_x.py --n 1"}, open(file, "w"))
    """
    bad = "print('half'); import no_such_package"
    for name, text in {"bad": bad, "good": good, "other": good}.items():
        (tmp_path / f"bench_{name}.py").write_text(textwrap.dedent(text))
    return find_scripts(folder=tmp_path)


def test_finds_all_scripts_or_those_named(scripts):
    assert list(scripts) == ["bad", "good", "other"]
    assert {"memory", "network", "scaling", "study_memory"} <= find_scripts().keys()
    assert list(find_scripts(["network", "memory"])) == ["network", "memory"]
    with pytest.raises(UnknownScriptError, match="unknown benchmark 'x'; there are "):
        find_scripts(["x"])


def test_script_that_fails_is_named_and_the_others_run(scripts, tmp_path, capfd):
    folder = tmp_path / "results" / "performance"
    assert run_scripts(scripts, folder) == ["bad"]
    report = (folder / "report.md").read_text()
    assert "half\n\nFailed with exit status 1." in report
    assert report.count("python benchmarks/bench_x.py --n 1") == 2
    assert report.count("| n |\n| --- |\n| 1 |\n") == 2
    assert "python benchmarks/bench_bad.py" in report
    assert json.loads((folder / "bench_good.json").read_text())
    printed = capfd.readouterr()
    assert printed.out.count("| n |\n") == 2
    assert "no_such_package" in printed.err


def test_exit_status_tells_of_failures(scripts, tmp_path, monkeypatch):
    monkeypatch.setattr("run_all.find_scripts", lambda names=(): scripts)
    with pytest.raises(SystemExit, match="failed: bad") as exit_:
        main(["--performance", "--output", str(tmp_path / "results")])
    assert exit_.value.code != 0
    scripts.pop("bad")
    main(["--performance", "--output", str(tmp_path / "results")])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--data tst somewhere", "--data belongs to the study, not to --performance"),
        ("--models RP", "--models belongs to the study"),
        ("--full", "--full belongs to the study"),
        ("--n-jobs 1", "--n-jobs belongs to the study"),
    ],
)
def test_refuses_options_of_the_study(arguments, message, capsys, tmp_path):
    command = f"--performance network {arguments} --output {tmp_path / 'results'}"
    with pytest.raises(SystemExit, match="2"):
        main(command.split())
    assert message in capsys.readouterr().err
    assert not (tmp_path / "results").exists()


def test_refuses_a_results_folder_that_is_a_file(
    scripts, capsys, tmp_path, monkeypatch
):
    monkeypatch.setattr("run_all.find_scripts", lambda names=(): scripts)
    (tmp_path / "results").touch()
    with pytest.raises(SystemExit, match="2"):
        main(["--performance", "--output", str(tmp_path / "results")])
    assert "cannot be written to" in capsys.readouterr().err


def test_refuses_benchmarks_that_are_not_there(capsys, tmp_path):
    with pytest.raises(SystemExit, match="2"):
        main(["--performance", "speed", "--output", str(tmp_path / "results")])
    assert not (tmp_path / "results").exists()
    assert (
        "unknown benchmark 'speed'; there are embedder, memory, "
        in capsys.readouterr().err
    )
