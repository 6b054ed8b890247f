"""The data sets, read and cut into windows."""

from pathlib import Path
from typing import NamedTuple

import joblib
from sklearn.pipeline import make_pipeline

from sksleep.datasets import load_eegmat, load_sleep_edf, load_tst, make_tst
from sksleep.datasets._sleep_edf_files import find_nights
from sksleep.datasets._tst_files import find_files
from sksleep.datasets._tst_layout import split_stem
from sksleep.preprocessing import BandpassFilter, RegionAverager, Resampler, Windower

from ._errors import StudyError

DATA_SETS = ("simulated", "tst", "eegmat", "sleep-edf")


class Source(NamedTuple):
    """Which data set, and where it is.

    Parameters
    ----------
    name : str
        One of :data:`DATA_SETS`.
    path : Path or None
        Folder of the recordings; None for simulated ones.
    """

    name: str
    path: Path | None = None

    def resolve(self):
        """Return the source with a path that is the same from every folder."""
        return self if self.path is None else self._replace(path=self.path.resolve())

    def __str__(self):
        return self.name if self.path is None else f"{self.name} in {self.path}"


def check_source(source):
    """Raise a StudyError if a path is missing, or given without need."""
    if source.name == "simulated":
        if source.path is not None:
            raise StudyError(f"simulated data takes no path, got {source.path}")
    elif source.path is None:
        raise StudyError(f"{source.name} needs a path: --data {source.name} PATH")
    elif not source.path.is_dir():
        raise StudyError(f"{source.path} is not a folder")


def load_windows(source, settings, random_state, memmap_dir=None):
    """Read the recordings one by one, filter and resample them, and cut windows.

    Parameters
    ----------
    source : Source
    settings : Settings
    random_state : int
        Of simulated recordings.
    memmap_dir : path-like, default=None
        Where to put the signals, for processes to share them; None is memory.

    Returns
    -------
    windows : Windows

    Raises
    ------
    StudyError
        If a file or a recording is not as it should be, or there are fewer subjects
        than folds.
    """
    try:
        windows = _cut(source, settings, random_state, memmap_dir)
    except (ValueError, OSError) as error:
        raise StudyError(str(error)) from error
    check_subjects(windows.groups, settings.n_folds)
    return windows


def _cut(source, settings, random_state, memmap_dir):
    steps = [RegionAverager()] if settings.average_regions else []
    steps += [
        BandpassFilter(settings.l_freq, settings.h_freq),
        Resampler(settings.sfreq, memmap_dir=memmap_dir),
    ]
    signal = make_pipeline(*steps)
    recordings = [
        signal.fit_transform([recording])[0]
        for recording in _read(source, settings, random_state)
    ]
    windower = Windower(settings.window_duration, align=settings.align)
    return windower.fit_transform(recordings)


def check_subjects(subjects, n_folds):
    """Raise a StudyError if there are fewer different subjects than folds."""
    n_subjects = len(set(subjects))
    if n_subjects < n_folds:
        raise StudyError(
            f"{n_folds} folds need as many subjects, the data has {n_subjects}"
        )


def hash_windows(windows):
    """Return a digest of the windows' signal, places and labels."""
    recordings = [(r.name, r.data) for r in windows.recordings]
    places = windows.recording_index, windows.starts, windows.shape
    return joblib.hash((recordings, places, windows.y, windows.class_names))


def _read(source, settings, random_state):
    """Yield recordings; those of a folder that memory may not hold one at a time."""
    if source.name == "simulated":
        yield from make_tst(**settings.simulation, random_state=random_state)
    elif source.name == "eegmat":
        yield from load_eegmat(source.path)
    elif source.name == "sleep-edf":
        nights = find_nights(source.path)
        check_subjects([night.subject for night in nights], settings.n_folds)
        for night in nights:
            name = night.subject + night.session
            yield from load_sleep_edf(source.path, names=[name])
    else:
        all_files = find_files(source.path)
        check_subjects([split_stem(f.stem)[0] for f in all_files], settings.n_folds)
        for files in all_files:
            yield from load_tst(source.path, names=[files.stem])
