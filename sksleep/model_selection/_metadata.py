"""Metadata, such as onsets, dealt out to the steps of a Pipeline."""

from dataclasses import dataclass
from functools import partial

from sklearn import get_config
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing, check_consistent_length
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    get_routing_for_object,
)

from .._warn import warn
from ..windows import Windows
from ._steps import split_steps
from ._unlabelled import estimators_in


@dataclass(frozen=True)
class StepParams:
    """Metadata, arrays with an entry per window, by who gets it.

    Attributes
    ----------
    front_fit, front_transform : dict
        For the steps before the last.
    last_fit : dict
        For the last step.
    score : dict
        For the scorer.
    """

    front_fit: dict
    front_transform: dict
    last_fit: dict
    score: dict


def deal_params(estimator, scorer, params, data):
    """Deal out metadata as scikit-learn's Pipeline does, or raise a ValueError.

    Parameters
    ----------
    estimator : estimator
    scorer : callable
        Gets metadata with metadata routing alone.
    params : dict or None
        With metadata routing by the names requested; else by ``step__name`` for a
        Pipeline, and by plain name for another estimator.
    data : LabelledData
        Its groups are dealt out, too, with metadata routing and unless `params` has
        others, to whoever asks for ``groups``.

    Returns
    -------
    params : StepParams
    """
    params = {} if params is None else dict(params)
    for value in params.values():
        check_consistent_length(data.y, value)
    _check_none_is_transformed(estimator, params)
    front, last = split_steps(estimator)
    if _routes():
        find_names = partial(_names_by_routing, front, last, scorer)
        if data.groups is not None and any(find_names({"groups"})):
            params = {"groups": data.groups} | params
        names = find_names(params)
    else:
        if not isinstance(estimator, Pipeline):
            params = {f"{last.steps[0][0]}__{key}": params[key] for key in params}
        names = _names_by_prefix(front, last, params)
    _check_all_are_taken(params, names)
    front_fit, front_transform, last_fit, score = (
        {key: params[key] for key in part} for part in names
    )
    if data.groups is not None and not isinstance(data.X, Windows):
        _warn_of_one_recording([*front.steps[:-1], *last.steps], front_fit | last_fit)
    if _routes():
        score = _route(estimator, scorer, params)
    return StepParams(front_fit, front_transform, last_fit, score)


def take_params(params, rows):
    """Return metadata for some rows only; None stays None."""
    return {
        key: None if value is None else _safe_indexing(value, rows)
        for key, value in params.items()
    }


def _check_all_are_taken(params, names):
    unknown = params.keys() - set().union(*names)
    if not unknown:
        return
    if _routes():
        cure = (
            "Let a step ask for it with set_fit_request, or a scorer with "
            "set_score_request."
        )
    else:
        cure = "Write step__name, or enable metadata routing."
    raise ValueError(f"params: no step takes {', '.join(sorted(unknown))}. {cure}")


def _check_none_is_transformed(estimator, params):
    """Raise a ValueError if a Pipeline would transform metadata for its last step."""
    names = set(getattr(estimator, "transform_input", None) or ()) & set(params)
    if names:
        raise ValueError(
            f"The Pipeline's transform_input of {', '.join(sorted(names))} cannot be "
            "kept here, where the last step is fitted apart from those before it; "
            "transform that metadata first."
        )


def _warn_of_one_recording(steps, params):
    """Warn of pretext tasks that would take an array's rows for one recording."""
    for name, step in steps:
        parts = [step, *estimators_in(step)] if hasattr(step, "get_params") else []
        learning = [each for each in parts if _learns_pairs(each)]
        untold = [each for each in learning if not _is_told(each, name, params)]
        if untold:
            cure = (
                f"give params={{'{name}__groups': the recording of each row, "
                f"'{name}__onsets': when it begins}}, without {name!r} and underscores "
                "where there is no Pipeline or with metadata routing"
                if untold[0] is step
                else "with metadata routing, set_fit_request(groups=True, onsets=True) "
                "of it, and params={'groups': the recording of each row, 'onsets': "
                "when it begins}"
            )
            warn(
                f"{type(untold[0]).__name__} takes all rows of an array for one "
                "recording, and so compares windows of several subjects, unless it is "
                f"told: {cure}; or use Windows."
            )


def _learns_pairs(estimator):
    if isinstance(estimator, FrozenEstimator):  # which has its estimator's attributes
        return False
    has_task = getattr(estimator, "accepts_unlabelled", False)
    return bool(has_task) and hasattr(estimator, "pretext")


def _is_told(estimator, step_name, params):
    """Tell whether an estimator in a step gets the recording of each row."""
    if not _routes():
        keys = [key for key in params if key.startswith(f"{step_name}__")]
        return any(key.endswith("__groups") and params[key] is not None for key in keys)
    key = estimator.get_metadata_routing().fit.requests.get("groups")
    key = "groups" if key is True else key  # or another name for it
    return isinstance(key, str) and params.get(key) is not None


def _routes():
    return get_config()["enable_metadata_routing"]


def _names_by_routing(front, last, scorer, params):
    front, last = front.get_metadata_routing(), last.get_metadata_routing()
    return (
        front.consumes("fit_transform", params),
        front.consumes("transform", params),
        last.consumes("fit", params),
        get_routing_for_object(scorer).consumes("score", params),
    )


def _route(estimator, scorer, params):
    """Return the scorer's metadata by its own names.

    Raise scikit-learn's error where nobody said whether a step or scorer gets some.
    """
    router = MetadataRouter(owner="per_class_learning_curve")
    for callee, taker in (("fit", estimator), ("score", scorer)):
        mapping = MethodMapping().add(caller="fit", callee=callee)
        router.add(**{callee: taker}, method_mapping=mapping)
        own = get_routing_for_object(taker)
        if isinstance(own, MetadataRouter):  # whose own takers are not asked otherwise
            own.route_params(params=params, caller=callee)
    return router.route_params(params=params, caller="fit")["score"]["score"]


def _names_by_prefix(front, last, params):
    return (
        _with_prefix(front.steps[:-1], params),
        (),
        _with_prefix(last.steps, params),
        (),
    )


def _with_prefix(steps, params):
    prefixes = tuple(f"{name}__" for name, _ in steps)
    return [key for key in params if key.startswith(prefixes)]
