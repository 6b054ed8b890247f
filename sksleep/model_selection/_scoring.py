"""Scores of an estimator, and what is left where some of them fail."""

from collections.abc import Mapping
from dataclasses import dataclass
from traceback import format_exc

from sklearn.metrics import check_scoring
from sklearn.utils.metadata_routing import get_routing_for_object

from ._failures import SCORE, as_number, end_of_traceback, in_words


@dataclass(frozen=True, eq=False)
class Scoring:
    """One scorer or several, as `make_scoring` makes them of a parameter `scoring`.

    Attributes
    ----------
    scorer : callable
        Returns a number, or a dict of them by name.
    score_name : str
        Name of the score where it is a single number.
    each : dict of str to callable
        Of several scorers each by itself, by name; empty for one.
    raises : bool
        Whether an error is raised.
    """

    scorer: object
    score_name: str
    each: dict
    raises: bool

    @property
    def names(self):
        """The names of the scores, as far as they are known before there are any."""
        return list(self.each) or [self.score_name]

    def __call__(self, estimator, X, y, params):
        """Return scores and errors.

        Parameters
        ----------
        estimator : estimator
        X, y : array-like
        params : dict
            Metadata for the scorers.

        Returns
        -------
        scores : dict of str to float
            None for a scorer of several that failed; empty where one did.
        errors : dict of str to str
            What went wrong, by what was being done.
        """
        try:
            scores = self.scorer(estimator, X, y, **params)
        except Exception as error:
            if self.raises:
                raise
            if not self.each:
                return {}, {SCORE: in_words(error)}
            scores = self._score_each(estimator, X, y, params)
        if not isinstance(scores, dict):
            scores = {self.score_name: scores}
        numbers, errors = {}, {}
        for name, score in scores.items():
            if self.each and isinstance(score, str):
                errors[f"{SCORE} {name!r}"] = end_of_traceback(score)
                numbers[name] = None
            else:
                numbers[name] = as_number(name, score)
        return numbers, errors

    def _score_each(self, estimator, X, y, params):
        """Return scores as scikit-learn's scorer of several, which one may have failed.

        It asks for the methods that all need, such as predict_proba, before it begins.
        """
        scores = {}
        for name, scorer in self.each.items():
            keys = get_routing_for_object(scorer).consumes("score", params)
            try:
                own = {key: params[key] for key in keys}
                scores[name] = scorer(estimator, X, y, **own)[name]
            except Exception:
                scores[name] = format_exc()
        return scores


def make_scoring(estimator, scoring, *, raises):
    """Check the parameter `scoring`, as scikit-learn's functions have it.

    Parameters
    ----------
    estimator : estimator
    scoring : str, callable, list, tuple, set, dict or None
    raises : bool

    Returns
    -------
    scoring : Scoring
    """
    scorer = check_scoring(estimator, scoring=scoring, raise_exc=raises)
    if scoring is None or isinstance(scoring, str) or callable(scoring):
        name = scoring if isinstance(scoring, str) else "score"
        return Scoring(scorer, name, {}, raises)
    named = (
        scoring if isinstance(scoring, Mapping) else {name: name for name in scoring}
    )
    each = {
        name: check_scoring(estimator, scoring={name: one}, raise_exc=False)
        for name, one in named.items()
    }
    return Scoring(scorer, "score", each, raises)
