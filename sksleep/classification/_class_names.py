"""Whether a number means the same class here as in training."""

import numpy as np

from ..windows import Windows


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
    if fitted is None or not isinstance(X, Windows) or (X.y < 0).all():
        return
    for number in np.union1d(classifier.classes_, X.y[X.y >= 0]):
        name, other = (names[number : number + 1] for names in (fitted, X.class_names))
        if name and other and name != other:
            raise ValueError(
                f"y = {number} means {name[0]!r} to this classifier, as class_names "
                f"were {fitted} in fit, and {other[0]!r} in these windows, whose "
                f"class_names are {X.class_names}. Cut them with transform of the "
                "Windower that cut those of fit, or give both Windowers "
                f"labels={list(fitted)}."
            )
