"""Points of a learning curve that could not be fitted or scored."""

from contextlib import suppress
from numbers import Number, Real

from sklearn.exceptions import FitFailedWarning

from .._some_of import some_of
from .._warn import warn

FIT, SCORE = "fit", "score"


def check_error_score(error_score):
    """Raise a ValueError unless it is "raise" or a number."""
    is_number = isinstance(error_score, Real) and not isinstance(error_score, bool)
    if not is_number and not (isinstance(error_score, str) and error_score == "raise"):
        raise ValueError(
            f"error_score must be 'raise' or a number, got {error_score!r}."
        )


def in_words(error):
    """Return what an exception is and says."""
    return f"{type(error).__name__}: {error}"


def end_of_traceback(text):
    """Return what an exception is and says, from the text of its traceback."""
    lines = text.strip().split("\n")
    n_frames = max(
        (i + 1 for i, line in enumerate(lines) if line[:1] == " "), default=0
    )
    return "\n".join(lines[n_frames:]) or lines[-1]


def as_number(name, score):
    """Return a score as a number, or raise a ValueError if it is none."""
    with suppress(AttributeError, ValueError):
        score = score.item()  # of numpy
    if not isinstance(score, Number):
        raise ValueError(f"scoring must return numbers, got {score!r} for {name!r}.")
    return score


def tell_failures(plan, results, error_score):
    """Warn of points that failed, or raise a ValueError if no fit succeeded.

    Parameters
    ----------
    plan : Plan
    results : list of FoldResult
        One per fold of the plan.
    error_score : float
        What the points that failed are set to.
    """
    places = {}
    for fold, result in enumerate(results):
        for (limit, repeat), point in result.points.items():
            for what, message in point.errors.items():
                place = f"{plan.limits[limit]} per class, fold {fold}, repeat {repeat}"
                places.setdefault((what, message), []).append(place)
    if not places:
        return
    told = some_of([_tell(*failure, places[failure]) for failure in places], " ")
    errors = [point.errors for result in results for point in result.points.values()]
    if all(FIT in each for each in errors):
        raise ValueError(f"No point of the curve could be fitted. {told}")
    is_fit = any(FIT in each for each in errors)
    warn(
        f"{sum(map(bool, errors))} of {len(errors)} points failed and are set to "
        f"{error_score}. {told}",
        FitFailedWarning if is_fit else UserWarning,
    )


def _tell(what, message, places):
    n_more = len(places) - 1
    rest = f" and {n_more} more" if n_more else ""
    return f"{what.capitalize()} of {places[0]}{rest}: {message}"
