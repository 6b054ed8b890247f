"""Losses and accuracies of an epoch's steps, on their way from the device."""

from itertools import islice

import torch

# Fetched at once: each time, a GPU has to end what it does, and then waits.
_N_STEPS = 64


class StepNumbers:
    """Writes the numbers of steps into a history, those of many steps at a time.

    Parameters
    ----------
    check : callable
        Called with each dict of numbers, by name; may raise.
    """

    def __init__(self, check):
        self._check = check
        self._waiting = []

    def add(self, row, names, values):
        """Have the numbers of one step written sooner or later.

        Parameters
        ----------
        row : dict
            Where to.
        names : list of str
        values : tensor of shape (len(names),)
        """
        self._waiting.append((row, names, values))
        if len(self._waiting) == _N_STEPS:
            self.write()

    def write(self):
        """Write what waits."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        fetched = iter(torch.cat([values for *_, values in waiting]).tolist())
        for row, names, _ in waiting:
            numbers = dict(zip(names, islice(fetched, len(names)), strict=True))
            row |= numbers
            self._check(numbers)
