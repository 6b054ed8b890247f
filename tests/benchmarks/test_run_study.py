"""A whole study: its files, its interruption, its independence of processes."""

import json

import numpy as np
import pytest
from study import ResultsFolder, run_study
from study._data import load_windows

CELLS_OF_TWO_MODELS = 6


class Killed(BaseException):
    """Stands for a signal that nothing catches."""


@pytest.fixture
def kill_at(monkeypatch):
    """Return a function that lets a run be killed when it keeps its n-th cell."""

    def kill(n):
        keep, kept = ResultsFolder.write_cell, []

        def write_cell(self, cell, result):
            kept.append(cell)
            if len(kept) == n:
                raise Killed
            keep(self, cell, result)

        monkeypatch.setattr(ResultsFolder, "write_cell", write_cell)
        return kept

    return kill


def scores_of(rows):
    return {row["model"]: (row["accuracy"], row["balanced_accuracy"]) for row in rows}


def test_writes_table_figure_and_report(make_study, capsys, monkeypatch):
    monkeypatch.setattr("study._main.load_windows", load_windows)  # no shortcut
    study = make_study()
    [rp, band_power] = run_study(study)

    report = (study.folder.path / "report.md").read_text()
    assert f"{rp['accuracy']['mean'][-1]:.3f} ±" in report
    assert "| RP         | published" in report.replace("RP    |", "RP         |")
    results = json.loads((study.folder.path / "results.json").read_text())
    assert results["rows"][1]["balanced_accuracy"] == band_power["balanced_accuracy"]
    assert {"Settings", "Versions", "Machine", "Times of this run"} <= results.keys()
    assert (study.folder.path / "learning_curves.png").read_bytes()[1:4] == b"PNG"

    printed = capsys.readouterr().out
    assert "cores" in printed.splitlines()[2]
    assert printed.count("| band-power | inductive") == 2


def test_means_are_those_of_all_folds_and_repeats(make_study):
    study = make_study(models=("band-power",))
    [row] = run_study(study)
    cells = json.loads((study.folder.path / "results.json").read_text())["cells"]
    values = np.array([cell["scores"]["accuracy"] for cell in cells])
    assert values.shape == (study.settings.n_folds, len(row["limits"]), 2)
    np.testing.assert_allclose(row["accuracy"]["mean"], values.mean(axis=(0, 2)))
    np.testing.assert_allclose(row["accuracy"]["std"], values.std(axis=(0, 2)))


def test_killed_run_goes_on_to_the_same_numbers(make_study, kill_at, monkeypatch):
    whole = run_study(make_study("whole"))

    kill_at(2)
    with pytest.raises(Killed):
        run_study(make_study("killed"))
    monkeypatch.undo()
    run_again = kill_at(None)
    resumed = run_study(make_study("killed"))

    assert scores_of(resumed) == scores_of(whole)
    assert len(run_again) == CELLS_OF_TWO_MODELS - 1


def test_finished_study_runs_no_cell_again(make_study, kill_at):
    study = make_study(models=("band-power",))
    first = run_study(study)
    run_again = kill_at(1)
    assert run_study(study) == first
    assert run_again == []


def test_further_models_join_a_finished_study(make_study, kill_at):
    run_study(make_study(models=("band-power",)))
    run_again = kill_at(None)
    rows = run_study(make_study(models=("band-power", "random")))
    assert [row["model"] for row in rows] == ["band-power", "random"]
    assert {cell.model for cell in run_again} == {"random"}


def test_numbers_do_not_depend_on_the_number_of_processes(make_study):
    one = run_study(make_study("one", models=("RP",)))
    two = run_study(make_study("two", models=("RP",), n_jobs=2))
    assert scores_of(one) == scores_of(two)


def test_report_tells_epochs_and_accuracies_of_the_pretext_task(make_study):
    [row] = run_study(make_study(models=("RP",), settings={"max_epochs": 2}))
    [training] = row["trainings"]
    assert training["epochs"] == 2
    assert 0 <= training["accuracies"]["RelativePositioning"] <= 1


def test_network_that_several_models_use_is_trained_once_in_a_fold(make_study):
    study = make_study(models=("RP+TS", "RP", "TS"))
    [both, *alone] = run_study(study)
    assert len(list(study.folder.checkpoint_dir.glob("*.pt"))) == 2 * 3
    assert both["trainings"] == [row["trainings"][0] for row in alone]


def test_end_to_end_models_have_draws_of_their_own_number(make_study):
    study = make_study(models=("full supervision", "band-power"))
    rows = run_study(study)
    n_repeats = [np.shape(row["accuracy"]["values"])[2] for row in rows]
    assert n_repeats == [study.settings.n_repeats_end_to_end, study.settings.n_repeats]
