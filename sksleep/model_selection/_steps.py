"""A Pipeline in two: the steps that learn without labels, and the last one."""

import warnings
from copy import copy

import numpy as np
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import SelectorMixin
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import get_tags

# What a fit that misses y raises, as far as it was foreseen by its author or not.
_WITHOUT_Y_ERRORS = (AttributeError, IndexError, TypeError, ValueError)

_WITHOUT_Y = (
    "The steps before the last are fitted once per fold, on all windows and without "
    "labels."
)

_PARTS = {
    ColumnTransformer: "transformers",
    FeatureUnion: "transformer_list",
    Pipeline: "steps",
}


def split_steps(estimator):
    """Clone an estimator and part the steps before the last from the last.

    Parameters
    ----------
    estimator : estimator
        Not changed.

    Returns
    -------
    front : Pipeline
        All steps but the last, which passes its input through; with that alone if
        `estimator` is no Pipeline. Keeps the Pipeline's `memory`.
    last : Pipeline
        The last step, or the estimator itself, alone under its name: a Pipeline
        routes metadata.
    """
    estimator = clone(estimator)
    if not isinstance(estimator, Pipeline):
        estimator = Pipeline([("estimator", estimator)])
    name, last = estimator.steps[-1]
    return estimator.set_params(**{name: "passthrough"}), Pipeline([(name, last)])


def join_steps(front, last):
    """Return fitted `front` and fitted `last` as one fitted estimator.

    Parameters
    ----------
    front : Pipeline
        As :func:`split_steps` made it; not changed.
    last : estimator
        The fitted last step.

    Returns
    -------
    estimator : estimator
        A Pipeline, or `last` alone where there is no step before it.
    """
    if len(front) == 1:
        return last
    joined = copy(front)
    joined.steps = [*front.steps[:-1], (front.steps[-1][0], last)]
    return joined


def fit_front(front, X, params):
    """Fit the steps before the last without y, and transform what they were fitted on.

    Parameters
    ----------
    front : Pipeline
    X : Windows or array-like of shape (n_samples, ...)
    params : dict
        Metadata for the steps.

    Returns
    -------
    Z : array-like of shape (n_samples, ...)
    """
    try:
        return front.fit_transform(X, None, **params)
    except _WITHOUT_Y_ERRORS as error:
        error.add_note(f"{_WITHOUT_Y} Nest one that needs y with the classifier.")
        raise


def check_no_step_needs_y(estimator):
    """Raise a ValueError if a step before the last needs y, as far as one can tell.

    Parameters
    ----------
    estimator : estimator
        Only a Pipeline has steps.
    """
    if isinstance(estimator, Pipeline):
        for name, step in estimator.steps[:-1]:
            if _needs_y(step):
                raise _needs_y_error(name)


def _needs_y(step):
    if step is None or isinstance(step, str | FrozenEstimator):
        return False
    for kind, parts in _PARTS.items():
        if isinstance(step, kind):
            return any(_needs_y(part[1]) for part in getattr(step, parts))
    if get_tags(step).target_tags.required:
        return True
    # A selector's tags say False where only its score function can tell.
    if isinstance(step, SelectorMixin):
        rng = np.random.default_rng(0)
        return _fits_only_with_y(step, rng.uniform(size=(20, 10)), np.arange(20) % 2)
    return False


def _fits_only_with_y(step, X, y):
    return not _fits(step, X, None) and _fits(step, X, y)


def _fits(step, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            clone(step).fit(X, y)
        except _WITHOUT_Y_ERRORS:
            return False
    return True


def _needs_y_error(name):
    return ValueError(
        f"Step {name!r} needs y. {_WITHOUT_Y} Nest it with the classifier as one "
        f"Pipeline that is the last step: Pipeline([..., ('classify', "
        f"make_pipeline({name}, classifier))])."
    )
