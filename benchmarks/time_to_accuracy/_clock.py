"""Measuring of times."""

import time


def clock(task, *args):
    """Do something, and return its result and the seconds it took."""
    begin = time.perf_counter()
    result = task(*args)
    return result, time.perf_counter() - begin
