"""A whole study: its files, its interruption, its independence of processes."""

import json
from dataclasses import replace

import matplotlib.figure
import numpy as np
import pytest
from study import MODELS, ResultsFolder, run_study
from study._data import load_windows
from study._report import draw_figure, training_table

from sksleep.classification import StagerNetClassifier

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

    report = (study.folder.path / "report.md").read_text("utf-8")
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


@pytest.mark.filterwarnings("ignore:validation_fraction=0.2 holds no recording out")
@pytest.mark.parametrize("n_folds", [2, 3])
def test_report_tells_epochs_and_accuracies_of_the_pretext_task(make_study, n_folds):
    # With two folds of three subjects, one trains on one subject and holds none out.
    study = make_study(models=("RP",), settings={"max_epochs": 2, "n_folds": n_folds})
    make = study.known_models["RP"]

    def held_out(settings, seed):
        return make(settings, seed).set_params(embed__validation_fraction=0.2)

    [row] = run_study(replace(study, known_models={"RP": held_out}))
    [training] = row["trainings"]
    assert training["epochs"] == 2
    assert 0 <= training["accuracies"]["RelativePositioning"] <= 1
    assert "| RelativePositioning 0." in training_table([row])


def test_report_tells_that_few_windows_held_none_out(make_study):
    [row] = run_study(make_study(models=("RP",)))
    assert "| none held out |" in " ".join(training_table([row]).split())


def test_report_tells_epochs_with_all_labels_where_labels_train(make_study):
    study = make_study(
        models=("full supervision",), settings={"max_epochs_supervised": 5}
    )
    seen = []
    make = study.known_models["full supervision"]

    class Noted(StagerNetClassifier):
        def fit(self, X, y):
            super().fit(X, y)
            seen.append((np.count_nonzero(y >= 0), len(self.net_.history)))
            return self

    def noted(settings, seed):
        return Noted(**make(settings, seed).get_params(deep=False))

    [row] = run_study(replace(study, known_models={"full supervision": noted}))
    [training] = row["trainings"]
    n_limits = len(row["limits"])
    assert len(seen) == 3 * n_limits
    with_all = [max(seen[k : k + n_limits])[1] for k in range(0, len(seen), n_limits)]
    assert training["epochs"] == np.mean(with_all)


def test_figure_has_a_panel_for_each_protocol_and_shows_all_names(monkeypatch):
    figures = []

    class Figure(matplotlib.figure.Figure):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            figures.append(self)

    monkeypatch.setattr(matplotlib.figure, "Figure", Figure)
    rng = np.random.default_rng(0)
    rows = [
        {
            "model": model,
            "protocol": protocol,
            "label_counts": [1, 10, 100, 1280.0],
            "balanced_accuracy": {"values": rng.uniform(size=(4, 5, 3)).tolist()},
        }
        for model in MODELS
        for protocol in ("inductive", "transductive")
    ]
    draw_figure(rows)
    [figure] = figures
    assert [ax.get_title() for ax in figure.axes] == ["inductive", "transductive"]
    [legend] = [ax.get_legend() for ax in figure.axes if ax.get_legend() is not None]
    assert [text.get_text() for text in legend.get_texts()] == list(MODELS)
    box = legend.get_window_extent()
    assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
    assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1
    assert all(ax.bbox.width > figure.bbox.width / 3 for ax in figure.axes)


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
