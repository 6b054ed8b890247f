"""Simulated recordings, and who is trained on."""

from typing import NamedTuple

import numpy as np
from sklearn.model_selection import GroupKFold

from sksleep.datasets import make_tst
from sksleep.preprocessing import RegionAverager

N_FOLDS = 5


class Split(NamedTuple):
    """One fold: the subjects to train on, and the seed of everything drawn."""

    train: frozenset[str]
    seed: int

    def is_train(self, windows):
        """Tell for each window whether it is of a training subject."""
        return np.isin(windows.groups, list(self.train))


def simulate(n_subjects, sfreq, durations):
    """Return recordings of brain regions, one a subject, as float32 in memory."""
    recordings = make_tst(n_subjects, sfreq=sfreq, durations=durations, random_state=0)
    return RegionAverager().fit_transform(recordings)


def make_splits(recordings, n_repetitions, first=0):
    """Return a split for each repetition: five folds in turn, seeds of their own.

    Parameters
    ----------
    recordings : list of Recording
    n_repetitions : int
    first : int, default=0
        The first repetition's number, which is its seed.
    """
    subjects = np.array([recording.subject for recording in recordings])
    folds = GroupKFold(min(N_FOLDS, len(subjects))).split(subjects, groups=subjects)
    train = [frozenset(subjects[rows].tolist()) for rows, _ in folds]
    seeds = range(first, first + n_repetitions)
    return [Split(train[seed % len(train)], seed) for seed in seeds]
