"""All scripts ``bench_*.py``, one after the other."""

import json
import subprocess
import sys
from pathlib import Path

from machine import describe_machine, find_versions

_SCRIPTS = Path(__file__).parents[1]


class UnknownScriptError(ValueError):
    """There is no benchmark of that name."""


def find_scripts(names=(), folder=_SCRIPTS):
    """Return scripts by name.

    Parameters
    ----------
    names : sequence of str
        As in ``bench_<name>.py``; of none, all scripts are returned.
    folder : path
        Where the scripts are.

    Returns
    -------
    scripts : dict of Path
        By name.

    Raises
    ------
    UnknownScriptError
        If there is no script of a name.
    """
    paths = sorted(Path(folder).glob("bench_*.py"))
    scripts = {path.stem.removeprefix("bench_"): path for path in paths}
    for name in names:
        if name not in scripts:
            raise UnknownScriptError(
                f"unknown benchmark {name!r}; there are {', '.join(scripts)}"
            )
    return {name: scripts[name] for name in names or scripts}


def run_scripts(scripts, folder):
    """Run scripts, each in a process of its own, and keep what they print.

    Writes ``<script>.json`` of each, and a ``report.md`` that is complete after each.

    Parameters
    ----------
    scripts : dict of Path
        As :func:`find_scripts` returns them.
    folder : Path
        Where the results go.

    Returns
    -------
    failed : list of str
        Names of the scripts that did not end well.
    """
    folder.mkdir(parents=True, exist_ok=True)
    report, failed = _head(), []
    for name, script in scripts.items():
        print(f"\n== {script.name}", flush=True)
        file = folder / f"{script.stem}.json"
        status, output = _run(script, file)
        command = f"python benchmarks/{script.name}"
        if status:
            failed.append(name)
            output += f"\nFailed with exit status {status}.\n"
        else:  # with all its settings
            command = json.loads(file.read_text())["command"]
        report += f"\n## {name}\n\n```bash\n{command}\n```\n\n{output}"
        (folder / "report.md").write_text(report)
    return failed


def _run(script, file):
    """Run a script, show what it prints, and return its exit status and that."""
    command = [sys.executable, "-u", script, "--json", file]
    lines = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    return process.returncode, "".join(lines)


def _head():
    about = describe_machine() | find_versions()
    lines = [f"- {name}: {value}" for name, value in about.items()]
    return "# Performance\n\n" + "\n".join(lines) + "\n"
