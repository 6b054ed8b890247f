"""Files of results, which say how to get them again."""

import json
import shlex
from pathlib import Path

from machine import describe_machine, find_versions

from sksleep._whole_file import write_whole


def save(path, script, args, rows):
    """Write results and how they came about as JSON.

    Parameters
    ----------
    path : path or None
        The file, or None to write nothing.
    script : path
        The script, usually ``__file__``.
    args : argparse.Namespace
        The script's options.
    rows : list of dict
        The results; raw values may be among them.
    """
    if path is not None:
        results = describe_run(script, args) | {"rows": rows}
        # Folders among the settings are no JSON.
        content = json.dumps(results, indent=1, default=str) + "\n"
        # A full disk leaves what earlier repetitions gave.
        write_whole(Path(path), content.encode())


def describe_run(script, args):
    """Return the script, its command, its settings, the machine and the versions."""
    settings = {name: value for name, value in vars(args).items() if name != "json"}
    name = Path(script).name
    return {
        "script": name,
        "command": f"python benchmarks/{name} {_to_options(settings)}".strip(),
        "settings": settings,
        "machine": describe_machine(),
        "versions": find_versions(),
    }


def _to_options(settings):
    words = []
    for name, value in settings.items():
        if value is None or value is False or value == []:
            continue
        words.append(f"--{name.replace('_', '-')}")
        if value is not True:
            words += map(str, value if isinstance(value, list | tuple) else [value])
    return shlex.join(words)
