"""What the scripts ``bench_*.py`` share: options, timing, tables, files of results."""

from ._growth import draw_growth
from ._memory import process_memory, tree_memory, watch
from ._options import (
    add_dir,
    at_least,
    check_step,
    make_parser,
    new_file,
    positive,
    probability,
)
from ._results import describe_run, save
from ._suite import UnknownScriptError, find_scripts, run_scripts
from ._table import print_table, spread
from ._timing import clock, interleave

__all__ = [
    "UnknownScriptError",
    "add_dir",
    "at_least",
    "check_step",
    "clock",
    "describe_run",
    "draw_growth",
    "find_scripts",
    "interleave",
    "make_parser",
    "new_file",
    "positive",
    "print_table",
    "probability",
    "process_memory",
    "run_scripts",
    "save",
    "spread",
    "tree_memory",
    "watch",
]
