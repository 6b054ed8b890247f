"""Whether a number means the same class here as in training."""

from .._own_labels import find_conflict


def check_class_names(classifier, X):
    """Raise a ValueError if labels of Windows would be taken for other classes.

    Parameters
    ----------
    classifier : StagerNetClassifier
        Fitted; if its labels were not those of Windows nothing can be said.
    X : Windows or ndarray
        Windows without any label may have whatever names.
    """
    # One that was pickled before it knew names has none.
    fitted = getattr(classifier, "class_names_", None)
    numbers = () if fitted is None else classifier.classes_
    conflict = find_conflict(fitted, X, numbers)
    if conflict:
        number, name, other = conflict
        raise ValueError(
            f"y = {number} means {name!r} to this classifier, as class_names were "
            f"{fitted} in fit, and {other!r} in these windows, whose class_names are "
            f"{X.class_names}. Cut them with transform of the Windower that cut those "
            f"of fit, or give both Windowers labels={list(fitted)}."
        )
