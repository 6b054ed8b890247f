"""Windows as intervals of time, with gaps where there are none."""

from dataclasses import dataclass

import numpy as np

# Of a window. A duration that is no whole number of samples leaves less than a sample.
_SHORTEST_GAP = 0.02


@dataclass(frozen=True, eq=False)
class Intervals:
    """The stretches of time that windows stand for, sorted and without overlap.

    Windows that overlap meet in the middle of what they share.

    Attributes
    ----------
    starts, stops : ndarray of shape (n_windows,)
    """

    starts: np.ndarray
    stops: np.ndarray

    @classmethod
    def of_windows(cls, onsets, duration):
        """Make them of sorted onsets and the windows' duration, in one unit."""
        starts = np.asarray(onsets, dtype=float)
        stops = starts + duration
        overlaps = stops[:-1] > starts[1:]
        middles = (stops[:-1] + starts[1:]) / 2
        stops[:-1][overlaps] = starts[1:][overlaps] = middles[overlaps]
        return cls(starts, stops)

    @property
    def gap_follows(self):
        """Whether nothing is known from here to the next: shape (n_windows - 1,)."""
        tolerance = _SHORTEST_GAP * np.median(self.stops - self.starts)
        return self.starts[1:] - self.stops[:-1] > tolerance

    def runs(self, values):
        """Join neighbours of one value.

        Parameters
        ----------
        values : ndarray of shape (n_windows,)

        Returns
        -------
        intervals : Intervals
        values : ndarray
        """
        begins = np.r_[True, (values[1:] != values[:-1]) | self.gap_follows]
        ends = np.r_[begins[1:], True]
        return Intervals(self.starts[begins], self.stops[ends]), values[begins]

    def outline(self, values):
        """Return points of a stepped line that breaks at gaps.

        Parameters
        ----------
        values : ndarray of shape (n_windows, ...)

        Returns
        -------
        times : ndarray of shape (n_points,)
        values : ndarray of shape (n_points, ...)
            NaN where the line breaks.
        """
        times = np.column_stack([self.starts, self.stops]).ravel()
        values = np.repeat(np.asarray(values, dtype=float), 2, axis=0)
        breaks = 2 * (np.flatnonzero(self.gap_follows) + 1)
        return (
            np.insert(times, breaks, times[breaks - 1]),
            np.insert(values, breaks, np.nan, axis=0),
        )
