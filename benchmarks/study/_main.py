"""The study, from its settings to its report."""

from dataclasses import asdict
from itertools import chain
from time import perf_counter

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from machine import describe_machine, find_versions

from sksleep._optional import import_optional

from ._cells import Cell, CellRunner, describe_estimator
from ._data import hash_windows, load_windows
from ._folds import find_limits, make_folds
from ._models import combines_networks
from ._report import draw_figure, score_table, write_report
from ._study import check_study
from ._summary import summarise


def run_study(study):
    """Run what is not yet in the results folder, and write table, figure and report.

    Parameters
    ----------
    study : Study

    Returns
    -------
    rows : list of dict
        As :func:`~study._summary.summarise` returns them.

    Raises
    ------
    StudyError
        If the study cannot be run as asked; before any training.
    """
    check_study(study)
    _say_what_it_runs_on(study)
    if study.fresh:
        study.folder.clear_signals()
    with study.folder.signal_dir() as memmap_dir:
        return _run(study, memmap_dir)


def _run(study, memmap_dir):
    begin = perf_counter()
    windows = load_windows(study.source, study.settings, study.random_state, memmap_dir)
    print(windows, flush=True)
    _open_folder(study, windows)
    loaded = perf_counter()
    results, n_before = _run_cells(study, windows)
    times = {
        "loading and windows (s)": round(loaded - begin, 1),
        "cells (s)": round(perf_counter() - loaded, 1),
        "cells finished by an earlier run": n_before,
    }
    facts = _describe_study(study, windows) | {"Times of this run": times}
    return _write(study, results, facts)


def _say_what_it_runs_on(study):
    machine, versions = describe_machine(), find_versions()
    print(f"data: {study.source}")
    print(f"models: {', '.join(study.models)}; {' and '.join(study.protocols)}")
    print(
        f"machine: {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory']}; {effective_n_jobs(study.n_jobs)} cells at once"
    )
    listed = ", ".join(f"{name} {value}" for name, value in versions.items())
    print(f"versions: {listed}", flush=True)


def _open_folder(study, windows):
    settings = study.decisive | {"windows": hash_windows(windows)}
    if study.fresh:
        study.folder.clear()
    study.folder.check_settings(settings)
    study.folder.write_settings(settings)


def _run_cells(study, windows):
    """Return the results of all cells, and how many were there already."""
    folds = make_folds(windows, study.settings.n_folds, study.random_state)
    estimators = _make_estimators(study, folds)
    missing = {
        cell: estimator
        for cell, estimator in estimators.items()
        if not study.folder.has_cell(cell, describe_estimator(estimator))
    }
    n_before = len(estimators) - len(missing)
    limits = find_limits(windows, folds)
    runner = CellRunner(study.folder, windows, folds, limits, study.settings)
    # One at a time: a cell that waits for others of its batch is not kept yet.
    parallel = Parallel(study.n_jobs, batch_size=1, return_as="generator_unordered")
    finished = chain.from_iterable(
        parallel(delayed(runner)(cell, missing[cell]) for cell in wave)
        for wave in _waves(missing)
    )
    _follow(finished, n_before, len(estimators))
    return [study.folder.read_cell(cell) for cell in estimators], n_before


def _make_estimators(study, folds):
    """Return the estimator of every cell, by cell."""
    return {
        Cell(model, number, protocol): study.known_models[model](
            study.settings, fold.model_seed
        )
        for model in study.models
        for protocol in study.protocols
        for number, fold in enumerate(folds)
    }


def _waves(estimators):
    """Part the cells: those with several networks find them trained by the others."""
    waves = [], []
    for cell, estimator in estimators.items():
        waves[combines_networks(estimator)].append(cell)
    return waves


def _follow(finished, n_before, n_cells):
    """Show a bar with the time left, while cells get finished."""
    tqdm = import_optional("tqdm", "benchmarks").tqdm
    with tqdm(total=n_cells, initial=n_before, unit="cell") as progress:
        for cell in finished:
            progress.set_postfix_str(" ".join(map(str, cell)), refresh=False)
            progress.update()


def _describe_study(study, windows):
    """Return data, settings, versions and machine, by heading."""
    n_labelled = np.bincount(windows.y + 1, minlength=len(windows.class_names) + 1)[1:]
    data = {
        "data set": str(study.source),
        "subjects": len(np.unique(windows.groups)),
        "recordings": len(windows.recordings),
        "windows": len(windows),
        "channels": ", ".join(windows.ch_names),
    }
    for name, n in zip(windows.class_names, n_labelled.tolist(), strict=True):
        data[f"labelled {name}"] = n
    return {
        "Data": data,
        "Settings": asdict(study.settings)
        | {
            "models": study.models,
            "protocols": study.protocols,
            "random_state": study.random_state,
            "n_jobs": study.n_jobs,
        },
        "Versions": find_versions(),
        "Machine": describe_machine(),
    }


def _write(study, results, facts):
    """Write all files, print the tables, and return their rows."""
    rows = summarise(results)
    study.folder.write_json("results.json", {"rows": rows, "cells": results, **facts})
    study.folder.write("learning_curves.png", draw_figure(rows))
    are_mice = study.source.name in ("simulated", "tst")
    report = write_report(rows, facts, compare=are_mice)
    study.folder.write("report.md", report.encode())
    for score in ("accuracy", "balanced_accuracy"):
        print(f"\n{score.replace('_', ' ')}, by labels per class")
        print(score_table(rows, score))
    print(f"\n{study.folder.path / 'report.md'}")
    return rows
