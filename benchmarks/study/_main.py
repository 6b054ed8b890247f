"""The study, from its settings to its report."""

from dataclasses import asdict, dataclass, field
from time import perf_counter

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs

from sksleep._optional import import_optional

from ._cells import PROTOCOLS, Cell, find_limits, make_folds, run_cell
from ._data import (
    DATA_SETS,
    Source,
    check_source,
    check_subjects,
    hash_windows,
    load_windows,
)
from ._errors import check_known
from ._folder import ResultsFolder
from ._machine import describe_machine, find_versions
from ._models import MODELS
from ._report import draw_figure, score_table, write_report
from ._settings import Settings
from ._summary import summarise


@dataclass(frozen=True)
class Study:
    """What is asked for.

    Attributes
    ----------
    source : Source
    settings : Settings
    folder : ResultsFolder
    models : tuple of str
        Their names.
    protocols : tuple of str
    random_state : int
    n_jobs : int
        Cells to run at once, as in joblib.
    known_models : dict of str to callable
    """

    source: Source
    settings: Settings
    folder: ResultsFolder
    models: tuple[str, ...]
    protocols: tuple[str, ...]
    random_state: int = 0
    n_jobs: int = -1
    known_models: dict = field(default_factory=lambda: MODELS)


def check_study(study):
    """Raise a StudyError, or an ImportError, for what cannot be.

    Parameters
    ----------
    study : Study
    """
    check_known("data set", [study.source.name], DATA_SETS)
    check_known("model", study.models, study.known_models)
    check_known("protocol", study.protocols, PROTOCOLS)
    check_source(study.source)
    import_optional("matplotlib", "benchmarks")
    import_optional("tqdm", "benchmarks")
    study.folder.check_settings(_settings_of(study))


def run_study(study):
    """Run what is not yet in the results folder, and write table, figure and report.

    Parameters
    ----------
    study : Study

    Returns
    -------
    rows : list of dict
        As :func:`~study._summary.summarise` returns them.
    """
    begin = perf_counter()
    machine = describe_machine()
    _say_what_it_runs_on(study, machine)
    windows = load_windows(study.source, study.settings, study.random_state)
    print(windows)
    check_subjects(windows, study.settings.n_folds)
    settings = _settings_of(study) | {"windows": hash_windows(windows)}
    study.folder.check_settings(settings)
    study.folder.write_settings(settings)
    loaded = perf_counter()
    results, n_before = _run_cells(study, windows)
    rows = summarise(results)
    times = {
        "loading and windows (s)": round(loaded - begin, 1),
        "cells (s)": round(perf_counter() - loaded, 1),
        "cells finished by an earlier run": n_before,
        "total (s)": round(perf_counter() - begin, 1),
    }
    facts = {
        "Data": _describe_windows(study, windows),
        "Settings": asdict(study.settings)
        | {"random_state": study.random_state, "n_jobs": study.n_jobs},
        "Versions": find_versions(),
        "Machine": machine,
        "Times of this run": times,
    }
    _write(study, rows, results, facts)
    return rows


def _settings_of(study):
    """Return what must be alike for numbers to belong in one table."""
    settings = asdict(study.settings)
    # More of these is more cells, and leaves the others as they are.
    for name in ("models", "protocols"):
        del settings[name]
    return {
        "data": str(study.source),
        **settings,
        "random_state": study.random_state,
        **{f"version of {name}": value for name, value in find_versions().items()},
    }


def _say_what_it_runs_on(study, machine):
    print(f"data: {study.source}")
    print(f"models: {', '.join(study.models)}; {' and '.join(study.protocols)}")
    memory = machine["memory_gib"]
    print(
        f"machine: {machine['processor']}, {machine['cores']} cores, "
        f"{'unknown' if memory is None else memory} GiB; "
        f"{effective_n_jobs(study.n_jobs)} cells at once"
    )
    versions = find_versions().items()
    print(f"versions: {', '.join(f'{name} {value}' for name, value in versions)}")


def _run_cells(study, windows):
    """Return the results of all cells, and how many were there already."""
    folds = make_folds(windows, study.settings.n_folds, study.random_state)
    limits = find_limits(windows, folds)
    cells = [
        Cell(model, fold, protocol)
        for model in study.models
        for protocol in study.protocols
        for fold in range(len(folds))
    ]
    missing = [cell for cell in cells if study.folder.read_cell(cell) is None]
    tasks = (
        delayed(_run_and_keep)(
            study.folder,
            cell,
            study.known_models[cell.model],
            windows,
            folds[cell.fold],
            limits,
            study.settings,
        )
        for cell in missing
    )
    # One at a time: a cell that waits for another of its batch cannot be kept.
    parallel = Parallel(study.n_jobs, batch_size=1, return_as="generator_unordered")
    with import_optional("tqdm", "benchmarks").tqdm(
        total=len(cells), initial=len(cells) - len(missing), unit="cell"
    ) as progress:
        for cell in parallel(tasks):
            progress.set_postfix_str(" ".join(map(str, cell)), refresh=False)
            progress.update()
    return [study.folder.read_cell(cell) for cell in cells], len(cells) - len(missing)


def _run_and_keep(folder, cell, *args):
    folder.write_cell(cell, run_cell(cell, *args))
    return cell


def _describe_windows(study, windows):
    counts = np.bincount(windows.y[windows.y >= 0], minlength=len(windows.class_names))
    return {
        "data set": str(study.source),
        "subjects": len(np.unique(windows.groups)),
        "recordings": len(windows.recordings),
        "windows": len(windows),
        "channels": ", ".join(windows.ch_names),
        **{
            f"labelled {name}": int(n)
            for name, n in zip(windows.class_names, counts, strict=True)
        },
    }


def _write(study, rows, results, facts):
    study.folder.write_json("results.json", {"rows": rows, "cells": results, **facts})
    study.folder.write("learning_curves.png", draw_figure(rows))
    report = write_report(rows, facts, compare=study.source.name != "eegmat")
    study.folder.write("report.md", report.encode())
    for score in ("accuracy", "balanced_accuracy"):
        print(f"\n{score.replace('_', ' ')}, by labels per class")
        print(score_table(rows, score))
    print(f"\n{study.folder.path / 'report.md'}")
