"""A study of seconds: three simulated mice, a few minutes each."""

from dataclasses import replace

import pytest
from study import ResultsFolder, Settings, Source, Study
from study._data import load_windows

TINY = Settings(
    average_regions=True,
    l_freq=None,
    h_freq=40.0,
    sfreq=125.0,
    align="annotation",
    tau_pos=6.0,
    tau_neg=15.0,
    max_epochs=1,
    max_epochs_supervised=1,
    n_repeats=2,
    n_repeats_end_to_end=1,
    models=("RP", "band-power"),
    protocols=("inductive",),
    bands={"low": (1, 8), "high": (8, 40)},
    simulation={
        "n_subjects": 3,
        "sfreq": 125.0,
        "durations": (36.0, 36.0, 60.0),
        "gaps": (2, 8),
        "electrodes_per_region": (1, 1),
    },
    n_folds=3,
    n_features=4,
)


@pytest.fixture(scope="session")
def windows():
    """Return the windows of that study."""
    return load_windows(Source("simulated"), TINY, random_state=0)


@pytest.fixture(autouse=True)
def simulate_once(monkeypatch, windows):
    """Let all studies of simulated recordings share one simulation."""

    def load(source, *args):
        return windows if source.name == "simulated" else load_windows(source, *args)

    monkeypatch.setattr("study._main.load_windows", load)


@pytest.fixture
def make_study(tmp_path):
    """Return a function that makes a study; it takes changes of it and of settings."""

    def make(folder="results", *, settings=None, **changes):
        study = Study(
            Source("simulated"),
            replace(TINY, **(settings or {})),
            ResultsFolder(tmp_path / folder),
            models=("RP", "band-power"),
            protocols=("inductive",),
            n_jobs=1,
        )
        return replace(study, **changes)

    return make
