"""Which recordings tell when to stop, where labels are few."""

import numpy as np

from ..embedding import n_to_hold_out

# With fewer labels to validate on than this per class, stopping would be chance.
_MIN_PER_CLASS = 5


def hold_out_labelled(dataset, fraction, rng):
    """Choose recordings for validation so that few labels are lost to training.

    Recordings with the fewest labels are taken first. With a pretext task, it can
    tell when to stop on recordings without labels; without one, every class must
    have some in the recordings that are held out.

    Parameters
    ----------
    dataset : PretextDataset
        Its first task is that of the labels.
    fraction : float or None
        Part of the recordings to hold out.
    rng : numpy.random.Generator

    Returns
    -------
    held_out : ndarray of int
        Empty where training would lose the last labels of a class.
    """
    index = dataset.source.recording_index
    of_labels, *of_pretext = [index[rows] for rows in dataset.rows]
    candidates = np.unique(of_labels)
    if of_pretext:
        candidates = np.unique(of_pretext[0])
        for recordings in of_pretext[1:]:
            candidates = np.intersect1d(candidates, recordings)
    n_labels = np.bincount(of_labels, minlength=index.max() + 1)
    candidates = rng.permutation(candidates)
    candidates = candidates[np.argsort(n_labels[candidates], kind="stable")]
    held_out = candidates[: n_to_hold_out(candidates, fraction)]
    minimum = 0 if of_pretext else _MIN_PER_CLASS
    return held_out if _leaves_enough(dataset, held_out, minimum) else held_out[:0]


def _leaves_enough(dataset, held_out, n_valid):
    """Tell whether every class has labels in training, and n_valid in validation."""
    labelled = dataset.rows[0]
    is_valid = np.isin(dataset.source.recording_index[labelled], held_out)
    y = dataset.y[labelled]
    n_classes = y.max() + 1
    in_training = np.bincount(y[~is_valid], minlength=n_classes)
    in_validation = np.bincount(y[is_valid], minlength=n_classes)
    return in_training.min() >= 1 and in_validation.min() >= n_valid
