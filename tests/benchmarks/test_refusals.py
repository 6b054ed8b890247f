"""What a study refuses, before any training."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from run_all import main
from study import Source, StudyError, run_study
from study._cells import Cell


@pytest.mark.parametrize(
    ("settings", "changes", "message"),
    [
        ({"max_epochs": 2}, {}, "made with max_epochs=1, now it is 2"),
        ({"n_repeats": 3}, {}, "made with n_repeats=2, now it is 3"),
        ({}, {"random_state": 1}, "made with random_state=0, now it is 1"),
    ],
)
def test_refuses_a_folder_of_other_settings(make_study, settings, changes, message):
    run_study(make_study(models=("band-power",)))
    other = make_study(models=("band-power",), settings=settings, **changes)
    before = {p: p.read_bytes() for p in other.folder.path.rglob("*.*")}
    with pytest.raises(StudyError, match=message):
        run_study(other)
    assert {p: p.read_bytes() for p in other.folder.path.rglob("*.*")} == before


def test_refuses_a_folder_of_other_signal(make_study, monkeypatch):
    run_study(make_study(models=("band-power",)))
    monkeypatch.setattr("study._main.hash_windows", lambda windows: "another")
    with pytest.raises(StudyError, match="made with windows="):
        run_study(make_study(models=("band-power",)))


def test_refuses_cells_of_a_model_that_has_changed(make_study):
    study = make_study(models=("band-power",))
    run_study(study)

    def changed(settings, seed):
        make = study.known_models["band-power"]
        return make(settings, seed).set_params(embed__batch_size=7)

    with pytest.raises(StudyError, match="band-power with embed__batch_size='64'"):
        run_study(
            make_study(models=("band-power",), known_models={"band-power": changed})
        )


def test_fresh_starts_over_and_leaves_other_files(make_study):
    study = make_study(models=("band-power",))
    run_study(study)
    note = study.folder.path / "note.txt"
    note.write_text("mine")
    run_study(
        make_study(models=("random",), settings={"max_epochs": 2}, fresh=True),
    )
    settings = json.loads((study.folder.path / "settings.json").read_text())
    assert settings["max_epochs"] == 2
    assert not list(study.folder.path.glob("cells/band-power*"))
    assert note.read_text() == "mine"


def test_a_clearing_that_is_stopped_leaves_the_settings(make_study, monkeypatch):
    """Or cells that are left would be taken for those of whatever comes next."""
    folder = make_study().folder
    folder.write_settings({"random_state": 0})
    folder.write_cell(Cell("band-power", 0, "inductive"), {})
    removed = []

    def unlink(file):
        if removed:
            raise KeyboardInterrupt
        removed.append(file)

    monkeypatch.setattr(Path, "unlink", unlink)
    with pytest.raises(KeyboardInterrupt):
        folder.clear()
    assert removed[0].parent.name == "cells"
    with pytest.raises(StudyError, match="was made with random_state=0, now it is 1"):
        folder.check_settings({"random_state": 1})


def test_leaves_what_is_not_its_own(make_study):
    """Also signals of a run that goes on in the same folder."""
    study = make_study(models=("band-power",))
    study.folder.make()
    mine = [
        study.folder.path / name
        for name in ("signals/S01.edf", "movie.part", "results.json.bak")
    ]
    mine[0].parent.mkdir()
    for file in mine:
        file.touch()
    with study.folder.signal_dir() as signals:
        run_study(study)
        assert Path(signals).is_dir()
    run_study(make_study(models=("band-power",), fresh=True))
    assert all(file.exists() for file in mine)


def test_signals_of_a_killed_run_are_cleared(make_study):
    study = make_study(models=("band-power",))
    study.folder.make()
    left = study.folder.path / "sksleep-signals-x"
    left.mkdir()
    (left / "S01.npy").touch()
    run_study(study)
    assert left.exists()
    run_study(make_study(models=("band-power",), fresh=True))
    assert not left.exists()


@pytest.mark.usefixtures("mapped_files_stay")
@pytest.mark.parametrize("is_held", [False, True])
def test_an_error_is_told_although_its_traceback_holds_a_map(
    make_study, monkeypatch, is_held
):
    monkeypatch.setattr(shutil, "_use_fd_functions", False)  # nor has Windows them
    folder, held = make_study().folder, []
    folder.make()

    def refuse(signals):
        np.save(Path(signals) / "S01.npy", np.zeros(3))
        signal = np.load(Path(signals) / "S01.npy", mmap_mode="r")
        held.extend([signal] * is_held)  # as by another process
        raise StudyError("made with other settings")

    with pytest.raises(StudyError, match="other settings"), folder.signal_dir() as path:
        refuse(path)
    assert Path(path).exists() == is_held


def test_names_a_result_that_is_damaged(make_study):
    folder = make_study().folder
    cell = Cell("band-power", 0, "inductive")
    folder.write_cell(cell, {})
    [file] = folder.path.glob("cells/*")
    file.write_bytes(b"")
    with pytest.raises(StudyError, match=rf"{file.name} is damaged .*--fresh"):
        folder.read_cell(cell)


def test_fresh_keeps_the_old_results_when_the_study_is_refused(make_study):
    study = make_study(models=("band-power",))
    run_study(study)
    with pytest.raises(StudyError, match="unknown model 'X'"):
        run_study(make_study(models=("X",), fresh=True))
    assert (study.folder.path / "report.md").exists()


def test_refuses_fewer_subjects_than_folds(make_study):
    study = make_study(settings={"n_folds": 4})
    with pytest.raises(StudyError, match=r"4 folds need as many subjects, .* has 3"):
        run_study(study)


def test_refuses_a_results_folder_that_is_a_file(make_study, tmp_path, monkeypatch):
    (tmp_path / "results").touch()
    monkeypatch.setattr("study._main.load_windows", None)
    with pytest.raises(StudyError, match=r"--output=.* cannot be written to"):
        run_study(make_study())


def test_a_data_set_is_the_same_from_every_folder(make_study, tmp_path, monkeypatch):
    absolute = make_study(source=Source("tst", tmp_path)).decisive
    monkeypatch.chdir(tmp_path.parent)
    relative = make_study(source=Source("tst", Path(tmp_path.name))).decisive
    assert absolute == relative


def test_names_the_file_that_cannot_be_read(make_study, tmp_path):
    (tmp_path / "LFP_Data").mkdir()
    (tmp_path / "LFP_Data" / "MouseA_030515_HCOFTS_LFP.mat").touch()
    with pytest.raises(StudyError, match=r"HCOFTS_LFP.mat has no partner"):
        run_study(make_study(source=Source("tst", tmp_path)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--data mice", "unknown data set 'mice'; there are simulated, tst, eegmat, "),
        ("--models RP PR", "unknown model 'PR'; there are RP, "),
        ("--data tst", "tst needs a path"),
        ("--data tst no-such-folder", "no-such-folder is not a folder"),
        ("--data eegmat a b", "takes a name and one path"),
        ("--data simulated a", "takes no path, got a"),
        ("--repeats 0", "must be at least 1, got 0"),
        ("--quick --full", "not allowed with argument"),
        ("--protocol none", "invalid choice: 'none'"),
    ],
)
def test_command_line_refuses(arguments, message, capsys, tmp_path):
    with pytest.raises(SystemExit, match="2"):
        main([*arguments.split(), "--output", str(tmp_path / "results")])
    assert message in capsys.readouterr().err
    assert not (tmp_path / "results").exists()


def test_says_which_extra_brings_a_missing_package(make_study, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with pytest.raises(ImportError, match=r"sksleep\[benchmarks\]"):
        run_study(make_study())
