"""Labels of any kind as positions in a list of names."""

import numpy as np

from .._labels import UNLABELLED, check_labels, encode


def encode_labels(arrays, class_names):
    """Return labels as positions in `class_names`, and the names.

    Parameters
    ----------
    arrays : dict of str to array-like of shape (n_samples,)
        Labels, by the name of the parameter; -1 is unlabelled. They share their
        classes.
    class_names : sequence of str or None
        Labels are positions in it already. None names the classes by their labels,
        sorted.

    Returns
    -------
    encoded : dict of str to ndarray of int
    class_names : tuple of str
    """
    arrays = {name: check_labels(labels, name) for name, labels in arrays.items()}
    if class_names is not None:
        for name, labels in arrays.items():
            _check_positions(name, labels, len(class_names))
        return {name: y.astype(int) for name, y in arrays.items()}, tuple(class_names)
    known = [labels[labels != UNLABELLED] for labels in arrays.values()]
    classes = np.unique(np.concatenate(known))
    encoded = {name: encode(labels, classes) for name, labels in arrays.items()}
    return encoded, tuple(map(str, classes))


def _check_positions(name, labels, n_classes):
    positions = labels.dtype.kind in "iu"
    if len(labels) and not (
        positions and labels.min() >= UNLABELLED and labels.max() < n_classes
    ):
        raise ValueError(
            f"{name} must be positions in class_names, or -1 for no label: integers "
            f"from -1 to {n_classes - 1}."
        )
