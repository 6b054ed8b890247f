"""Labels of any kind as positions in a list of names."""

import numpy as np

from .._labels import UNLABELLED, check_labels, encode


def encode_labels(arrays, class_names):
    """Return labels as positions in `class_names`, and the names.

    Parameters
    ----------
    arrays : list of array-like of shape (n_samples,)
        Labels; -1 is unlabelled. They share their classes.
    class_names : sequence of str or None
        Labels are positions in it already. None names the classes by their labels,
        sorted.

    Returns
    -------
    encoded : list of ndarray of int
    class_names : tuple of str
    """
    arrays = [check_labels(labels, "labels") for labels in arrays]
    if class_names is not None:
        for labels in arrays:
            _check_positions(labels, len(class_names))
        return [labels.astype(int) for labels in arrays], tuple(class_names)
    known = [labels[labels != UNLABELLED] for labels in arrays]
    classes = np.unique(np.concatenate(known))
    return [encode(labels, classes) for labels in arrays], tuple(map(str, classes))


def _check_positions(labels, n_classes):
    positions = labels.dtype.kind in "iu"
    if len(labels) and not (
        positions and labels.min() >= UNLABELLED and labels.max() < n_classes
    ):
        raise ValueError(
            "Labels must be positions in class_names, or -1 for no label: integers "
            f"from -1 to {n_classes - 1}."
        )
