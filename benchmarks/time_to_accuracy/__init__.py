"""What ``bench_time_to_accuracy.py`` runs: two trainings, scored as they go."""

from ._curve import Point, compare, compare_all, first_time, mean_course
from ._data import Split, make_splits, simulate
from ._limits import find_problem
from ._loops import cut, make_loops, warm_up
from ._plain_loop import PlainLoop, draw_pairs
from ._repetition import run_repetition
from ._report import print_repetition, print_summary
from ._scores import score

__all__ = [
    "PlainLoop",
    "Point",
    "Split",
    "compare",
    "compare_all",
    "cut",
    "draw_pairs",
    "find_problem",
    "first_time",
    "make_loops",
    "make_splits",
    "mean_course",
    "print_repetition",
    "print_summary",
    "run_repetition",
    "score",
    "simulate",
    "warm_up",
]
