"""Which recordings tell when to stop, where labels are few."""

from functools import reduce

import numpy as np

from ..embedding._serving_recordings import n_to_hold_out

# With fewer labels to validate on than this per class, stopping would be chance.
_MIN_PER_CLASS = 100


def hold_out_labelled(dataset, fraction, rng):
    """Choose recordings for validation at random, and hold their labels out if many.

    Labels too few to tell anything stay in training, those of the held-out recordings,
    too: then the pretext tasks alone tell when to stop, and without one nothing does.

    Parameters
    ----------
    dataset : PretextDataset
        Its first task is that of the labels.
    fraction : float or None
        Part of the recordings to hold out.
    rng : numpy.random.Generator

    Returns
    -------
    held_out : list of ndarray of int
        The recordings that are held out from each task, possibly none.
    """
    index = dataset.source.recording_index
    of_labels, *of_pretext = [np.unique(index[rows]) for rows in dataset.rows]
    candidates = rng.permutation(reduce(np.intersect1d, of_pretext or [of_labels]))
    held_out = candidates[: n_to_hold_out(candidates, fraction)]
    is_enough = _has_labels(dataset, held_out)
    return [held_out if is_enough else held_out[:0], *[held_out] * len(of_pretext)]


def _has_labels(dataset, held_out):
    """Tell whether every class has labels enough in training and in validation."""
    labelled = dataset.rows[0]
    is_valid = np.isin(dataset.source.recording_index[labelled], held_out)
    y = dataset.y[labelled]
    n_classes = y.max() + 1
    return all(
        np.bincount(y[part], minlength=n_classes).min() >= _MIN_PER_CLASS
        for part in (is_valid, ~is_valid)
    )
