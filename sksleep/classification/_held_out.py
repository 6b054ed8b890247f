"""Which recordings tell when to stop, where labels are few."""

import numpy as np

from ..embedding._serving_recordings import USUAL_FRACTION, draw_held_out

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
    fraction : float, "auto" or None
        As :func:`draw_held_out` takes it. "auto" is a fifth without a pretext task,
        however few windows there are: how many labels decides.
    rng : numpy.random.Generator

    Returns
    -------
    held_out : list of ndarray of int
        The recordings that are held out from each task, possibly none.
    """
    index = dataset.source.recording_index
    of_labels, *of_pretext = [index[rows] for rows in dataset.rows]
    if fraction == "auto" and not of_pretext:
        fraction = USUAL_FRACTION
    held_out = draw_held_out(of_pretext or [of_labels], fraction, rng)
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
