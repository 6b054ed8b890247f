"""The results folder: finished cells are kept, those of other settings refused."""

import json
import os
from pathlib import Path

from ._errors import StudyError


class ResultsFolder:
    """The folder of one study.

    Every file is written beside its place and then moved there, so that a kill at
    any moment leaves whole files.

    Parameters
    ----------
    path : path-like
        Made when something is written.
    """

    def __init__(self, path):
        self.path = Path(path)

    def clear(self):
        """Remove what an earlier study wrote, and nothing else."""
        cells = (self.path / "cells").glob("*.json")
        ours = ("settings.json", "results.json", "report.md", "learning_curves.png")
        for file in [*cells, *(self.path / name for name in ours)]:
            file.unlink(missing_ok=True)

    def check_settings(self, settings):
        """Raise a StudyError if the folder was made with other settings.

        Parameters
        ----------
        settings : dict
            Only those settings are compared that both sides have.
        """
        before = self._read("settings.json")
        if before is None:
            return
        for name, value in _plain(settings).items():
            if name in before and before[name] != value:
                raise StudyError(
                    f"{self.path} was made with {name}={before[name]!r}, now it is "
                    f"{value!r}; name another folder with --output, or start over "
                    "with --fresh"
                )

    def write_settings(self, settings):
        """Keep what :meth:`check_settings` compares."""
        self.write_json("settings.json", settings)

    def read_cell(self, cell):
        """Return the result of a finished cell, None if there is none."""
        return self._read(_cell_file(cell))

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
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f"{file.name}.part")
        part.write_bytes(content)
        os.replace(part, file)

    def _read(self, name):
        file = self.path / name
        return json.loads(file.read_text()) if file.exists() else None


def _cell_file(cell):
    model = cell.model.replace(" ", "-")
    return f"cells/{model}_{cell.protocol}_fold{cell.fold}.json"


def _plain(settings):
    """Return settings as they come back from a file."""
    return json.loads(json.dumps(settings))
