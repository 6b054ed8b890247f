"""Labels that Windows have themselves."""

import numpy as np

from ._labels import UNLABELLED
from ._some_of import some_of
from ._warn import warn
from .windows import Windows

# How the warning begins that whoever knows it leaves out.
SOME_HAVE_NO_LABEL = "Some windows have no label, y = -1"


def are_own_labels(X, y):
    """Whether labels are those of the Windows, so that their class names are theirs.

    Parameters
    ----------
    X : Windows or array-like
    y : ndarray of shape (n_windows,)
        Labels; -1 is unlabelled, whatever the Windows have there.

    Returns
    -------
    are_own : bool
    """
    return isinstance(X, Windows) and bool((X.y == y)[y != UNLABELLED].all())


def find_conflict(class_names, X, numbers):
    """Find a number that labels of Windows use for another class.

    Parameters
    ----------
    class_names : tuple of str or None
        What numbers meant before; None: nobody knows.
    X : Windows or array-like
        Without any label they may have whatever names.
    numbers : array-like of int
        Those that count besides the labels of `X`.

    Returns
    -------
    conflict : (int, str, str) or None
        The number, its name and that in `X`.
    """
    if class_names is None or not isinstance(X, Windows) or (X.y < 0).all():
        return None
    pairs = list(zip(class_names, X.class_names, strict=False))
    for number in np.union1d(numbers, X.y[X.y >= 0]).astype(int).tolist():
        if number < len(pairs) and len(set(pairs[number])) > 1:
            return number, *pairs[number]
    return None


def note_own_labels(transformer, X, y):
    """Note the names of labels that a transformer passes on, and warn if some are none.

    To be called in ``fit`` of a transformer, which makes no use of `y`, but stands
    before a classifier that does.

    Parameters
    ----------
    transformer : BaseEstimator
    X : Windows or array-like
    y : array-like of shape (n_windows,) or None
    """
    transformer._known_names = None
    if not isinstance(X, Windows) or np.shape(y) != (len(X),):
        return
    y = np.asarray(y)
    if not are_own_labels(X, y):
        return
    is_hidden = y == UNLABELLED
    transformer._known_names = X.class_names, np.unique(y[~is_hidden])
    if is_hidden.any() and not _is_one_against_the_rest(X, y):
        warn(
            f"{SOME_HAVE_NO_LABEL}: scikit-learn's classifiers, but for "
            "those of sklearn.semi_supervised, and its scorers take -1 for one more "
            "class. Fit and score a Pipeline on what Windows.labelled() returns, or "
            "leave out y where there is no classifier."
        )


def _is_one_against_the_rest(X, y):
    """Tell whether -1 stands for other classes, beside all windows of one."""
    hidden, shown = (X.y[(y == UNLABELLED) == is_hidden] for is_hidden in (True, False))
    is_whole = not np.isin(hidden, shown).any()
    return is_whole and len(np.unique(shown)) == 1 and (hidden != UNLABELLED).all()


def warn_of_hidden_classes(X, y):
    """Warn where labels of Windows were renumbered so that a class has -1, no label.

    Parameters
    ----------
    X : Windows or array-like
    y : ndarray of shape (n_windows,)
    """
    if not isinstance(X, Windows) or y.dtype.kind not in "if" or are_own_labels(X, y):
        return
    is_known = X.y >= 0
    is_shown = is_known & (y != UNLABELLED)
    lost = np.setdiff1d(X.y[is_known], X.y[is_shown])
    pairs = set(zip(X.y[is_shown].tolist(), y[is_shown].tolist(), strict=True))
    # Of a few labels that are shown each class may have one number by chance.
    are_most = 2 * is_shown.sum() > is_known.sum()
    if len(lost) and are_most and len(pairs) == len(np.unique(X.y[is_shown])):
        names = some_of([repr(X.class_names[number]) for number in lost])
        warn(
            f"y is -1, no label, for all windows of {names}: they are neither learnt "
            "nor scored. If -1 is a class, give it another number."
        )


def warn_of_other_names(transformer, X):
    """Warn of labels whose numbers mean other classes than in ``fit``.

    To be called in ``transform``, where a classifier may come after it.

    Parameters
    ----------
    transformer : BaseEstimator
    X : Windows or array-like
    """
    # One that was made of given weights knows none.
    known = getattr(transformer, "_known_names", None)
    conflict = find_conflict(known[0], X, known[1]) if known else None
    if conflict:
        number, name, other = conflict
        warn(
            f"y = {number} meant {name!r} where this {type(transformer).__name__} was "
            f"fitted with labels, and means {other!r} in these windows: a classifier "
            "that was fitted with it takes one for the other. For that one, cut "
            "windows with transform of the Windower that cut those of fit, or give "
            f"both labels={list(known[0])}; to another classifier it does not matter."
        )


def check_class_names(classifier, X):
    """Raise a ValueError if labels of Windows would be taken for other classes.

    Parameters
    ----------
    classifier : StagerNetClassifier
        Fitted; if its labels were not those of Windows nothing can be said.
    X : Windows or ndarray
        Windows without any label may have whatever names.
    """
    fitted = classifier.class_names_
    conflict = find_conflict(fitted, X, classifier.classes_)
    if conflict:
        number, name, other = conflict
        raise ValueError(
            f"y = {number} means {name!r} to this classifier, as class_names were "
            f"{fitted} in fit, and {other!r} in these windows, whose class_names are "
            f"{X.class_names}. Cut them with transform of the Windower that cut those "
            f"of fit, or give both Windowers labels={list(fitted)}."
        )
