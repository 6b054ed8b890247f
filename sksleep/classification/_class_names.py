"""Whether a number means the same class here as in training."""

from ..windows import Windows


def check_class_names(fitted, X):
    """Raise a ValueError if labels of Windows would be taken for other classes.

    Parameters
    ----------
    fitted : tuple of str or None
        What the classes in training were called; None: the labels were not those of
        Windows, and nothing can be said.
    X : Windows or ndarray
        Windows without any label may have whatever names.
    """
    if fitted is None or not isinstance(X, Windows) or (X.y < 0).all():
        return
    for number, (name, other) in enumerate(zip(fitted, X.class_names, strict=False)):
        if name != other:
            raise ValueError(
                f"y = {number} means {name!r} to this classifier, as class_names were "
                f"{fitted} in fit, and {other!r} in these windows, whose class_names "
                f"are {X.class_names}. Cut them with transform of the Windower that "
                f"cut those of fit, or give both Windowers labels={list(fitted)}."
            )
