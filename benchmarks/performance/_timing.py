"""Measuring of times."""

import time


def clock(task, *args):
    """Do something, and return its result and the seconds it took."""
    begin = time.perf_counter()
    result = task(*args)
    return result, time.perf_counter() - begin


def interleave(tasks, repetitions):
    """Measure tasks in turn, so that what else the machine does touches them alike.

    Parameters
    ----------
    tasks : dict of callable
        Name to what is to be done.
    repetitions : int
        How often each is measured; once more, before, to warm up.

    Returns
    -------
    seconds : dict of list of float
        Name to the time of each repetition.
    """
    seconds = {name: [] for name in tasks}
    for repetition in range(1 + repetitions):
        for name, task in tasks.items():
            begin = time.perf_counter()
            task()
            if repetition:
                seconds[name].append(time.perf_counter() - begin)
    return seconds
