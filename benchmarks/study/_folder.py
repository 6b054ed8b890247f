"""The results folder: finished cells are kept, those of other settings refused."""

import json
import shutil
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from traceback import clear_frames

from sksleep._signal_store import check_folder
from sksleep._whole_file import write_whole

from ._errors import StudyError

_WAY_OUT = "name another folder with --output, or start over with --fresh"
_SIGNALS = "sksleep-signals-"
# The settings last: a clearing that is stopped leaves them to tell what cells are of.
_FILES = ("results.json", "report.md", "learning_curves.png", "settings.json")
_OURS = (
    *("cells/*.json", "cells/*.part", "checkpoints/*.pt", "checkpoints/*.part"),
    *(f"{name}.*.part" for name in _FILES),
    *_FILES,
)


class ResultsFolder:
    """The folder of one study.

    Every file is written beside its place and then moved there, so that a kill at
    any moment leaves whole files.

    Parameters
    ----------
    path : path-like
    """

    def __init__(self, path):
        self.path = Path(path)

    def make(self):
        """Make the folder, or raise a StudyError if it cannot be written to."""
        try:
            check_folder("--output", self.path)
        except ValueError as error:
            raise StudyError(str(error)) from error

    def clear(self):
        """Remove what an earlier study wrote, and nothing else."""
        for pattern in _OURS:
            for file in self.path.glob(pattern):
                file.unlink()

    def clear_signals(self):
        """Remove the signals of runs that were killed."""
        for folder in self.path.glob(f"{_SIGNALS}*"):
            shutil.rmtree(folder)

    @contextmanager
    def signal_dir(self):
        """Return a folder for signals, for as long as it is entered."""
        # Windows deletes no file that is mapped: a run's error is told all the same,
        # and what another process has mapped is left to `clear_signals`.
        with TemporaryDirectory(
            prefix=_SIGNALS, dir=self.path, ignore_cleanup_errors=True
        ) as folder:
            try:
                yield folder
            except BaseException as error:
                clear_frames(error.__traceback__)  # they hold the windows
                raise

    @property
    def checkpoint_dir(self):
        """Where the state of trainings is kept: one each, whichever cell needs it."""
        return self.path / "checkpoints"

    def check_settings(self, settings):
        """Raise a StudyError if the folder was made with other settings.

        Parameters
        ----------
        settings : dict
            Only those settings are compared that both sides have.
        """
        before = self._read("settings.json")
        if before is not None:
            common = {name: settings[name] for name in settings if name in before}
            self._check_alike("was made", before | _plain(common), before)

    def write_settings(self, settings):
        """Keep what :meth:`check_settings` compares."""
        self.write_json("settings.json", settings)

    def read_cell(self, cell):
        """Return the result of a finished cell, None if there is none."""
        return self._read(_cell_file(cell))

    def has_cell(self, cell, estimator):
        """Tell whether a cell is finished; refuse one of another estimator.

        Parameters
        ----------
        cell : Cell
        estimator : dict
            All parameters of the model now.
        """
        result = self.read_cell(cell)
        if result is not None:
            what = f"holds results of {cell.model}"
            self._check_alike(what, _plain(estimator), result["estimator"])
        return result is not None

    def write_cell(self, cell, result):
        """Keep the result of a finished cell."""
        self.write_json(_cell_file(cell), result)

    def write_json(self, name, content):
        """Write a JSON file."""
        self.write(name, json.dumps(content, indent=1).encode())

    def write(self, name, content):
        """Write a file.

        Parameters
        ----------
        name : str
        content : bytes
        """
        write_whole(self.path / name, content)

    def _check_alike(self, what, now, before):
        for name in sorted(now.keys() | before.keys()):
            if now.get(name) != before.get(name):
                raise StudyError(
                    f"{self.path} {what} with {name}={before.get(name)!r}, now it is "
                    f"{now.get(name)!r}; {_WAY_OUT}"
                )

    def _read(self, name):
        file = self.path / name
        if not file.exists():
            return None
        try:
            return json.loads(file.read_text())
        except ValueError as error:
            raise StudyError(f"{file} is damaged ({error}); {_WAY_OUT}") from error


def _cell_file(cell):
    model = cell.model.replace(" ", "-")
    return f"cells/{model}_{cell.protocol}_fold{cell.fold}.json"


def _plain(settings):
    """Return settings as they come back from a file."""
    return json.loads(json.dumps(settings))
