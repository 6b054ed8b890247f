"""Memory of processes, watched from outside; needs Linux."""

import multiprocessing
import os
import time
from pathlib import Path

_PROC = Path("/proc")


def watch(stages, state=None, *, look, interval):
    """Run stages one after the other in a process of their own and watch its memory.

    Parameters
    ----------
    stages : dict of callable
        Name to a function that takes what the stage before returned.
    state : object
        What the first stage takes.
    look : callable
        From the number of a process to its memory in bytes, a dict:
        :func:`process_memory` or :func:`tree_memory`.
    interval : float
        Seconds from look to look.

    Returns
    -------
    usages : dict of dict
        For each stage, "seconds", and memory "before" and at its "peak".
    state : object
        What the last stage returned.
    """
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_run, args=(there, list(stages.values()), state))
    process.start()
    there.close()
    try:
        _receive(here)  # all is imported
        usages = {name: _watch(process.pid, here, look, interval) for name in stages}
        here.send("end")
        return usages, _receive(here)
    finally:
        here.close()
        process.join()


def process_memory(pid):
    """Return anonymous memory of a process, and all, with pages of files."""
    fields = _read_fields(_PROC / str(pid) / "status")
    return {"anonymous": fields.get("RssAnon", 0), "total": fields.get("VmRSS", 0)}


def tree_memory(pid):
    """Return memory of a process and those it has started, shared pages counted once.

    The proportional set size (pss) divides a page among the processes that have it;
    the resident set size (rss) counts it for each of them. This process has imported
    much the same libraries: its part of their pages is added to the first, which so is
    what the others would have without it, or a little more.
    """
    tree = _find_tree(pid)
    memories = [_proportional_memory(one) for one in tree]
    memory = {name: sum(m[name] for m in memories) for name in ("pss", "rss")}
    if os.getpid() not in tree:
        shared = _proportional_memory(os.getpid())["files"]
        memory["pss"] = min(memory["pss"] + shared, memory["rss"])
    return memory


def _run(pipe, stages, state):
    pipe.send("ready")
    for stage in stages:
        pipe.recv()
        begin = time.perf_counter()
        state = stage(state)
        pipe.send(time.perf_counter() - begin)
    pipe.recv()
    pipe.send(state)


def _watch(pid, pipe, look, interval):
    before = peak = look(pid)
    pipe.send("go")
    while not pipe.poll(interval):
        peak = {name: max(peak[name], now) for name, now in look(pid).items()}
    return {"seconds": _receive(pipe), "before": before, "peak": peak}


def _receive(pipe):
    try:
        return pipe.recv()
    except EOFError:
        raise SystemExit("the process that was watched has failed") from None


def _proportional_memory(pid):
    try:
        fields = _read_fields(_PROC / str(pid) / "smaps_rollup")
    except (FileNotFoundError, ProcessLookupError):  # it has ended by now
        fields = {}
    memory = {"pss": fields.get("Pss", 0), "rss": fields.get("Rss", 0)}
    # A file in a folder in memory counts as shared memory.
    files = fields.get("Pss_File", 0) + fields.get("Pss_Shmem", 0)
    return memory | {"files": files}


def _find_tree(pid):
    """Return the numbers of a process and of its children's children."""
    children = {}
    for folder in _PROC.glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        # The name of a process, in parentheses, may hold anything.
        parent = int(stat.rpartition(")")[2].split()[1])
        children.setdefault(parent, []).append(int(folder.name))
    tree = [pid]
    for one in tree:
        tree += children.get(one, [])
    return tree


def _read_fields(path):
    """Return the fields of a file of /proc that are in kB, as bytes."""
    lines = [line.split() for line in path.read_text().splitlines()]
    return {
        words[0].rstrip(":"): 1024 * int(words[1])
        for words in lines
        if len(words) == 3 and words[2] == "kB"
    }
