"""The models that are compared, by name.

Each is a function of the settings and a seed that returns an unfitted estimator. What
learns without labels comes before the last step; the last step learns from labels.
"""

from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import StandardScaler

from sksleep.classification import StagerNetClassifier
from sksleep.embedding import StagerNetEmbedder
from sksleep.features import BandPower
from sksleep.pretext import (
    ContrastivePredictiveCoding,
    RelativePositioning,
    TemporalShuffling,
)

_TASKS = {
    "RP": lambda settings: RelativePositioning(settings.tau_pos, settings.tau_neg),
    "TS": lambda settings: TemporalShuffling(settings.tau_pos, settings.tau_neg),
    "CPC": lambda settings: ContrastivePredictiveCoding(),
}
# As published: with the network's default, which is chosen for pretext tasks, full
# supervision has 0.02 less with all labels.
_DROPOUT_SUPERVISED = 0.5


def _schedule(settings):
    return {"n_features": settings.n_features, "max_epochs": settings.max_epochs}


def embedder(pretext, settings, seed):
    """Return an embedder with the training schedule of the settings."""
    return StagerNetEmbedder(pretext, **_schedule(settings), random_state=seed)


def embedder_of_task(name, settings, seed):
    """Return the embedder of one task, with initial weights of its own.

    It is the same one in all models that have it, so that it is trained once.
    """
    seed += list(_TASKS).index(name)
    return embedder(_TASKS[name](settings), settings, seed)


def linear(features):
    """Return a pipeline of a transformer and the linear classifier that all share.

    Embeddings and shares of power have no unit, and go to it as they are:
    benchmarks/DEFAULTS.md tells what scaling them costs.
    """
    return Pipeline([("embed", features), ("classify", _classifier())])


def _classifier():
    return OneVsRestClassifier(LogisticRegression(max_iter=1000))


def combines_networks(estimator):
    """Tell whether a model has several networks, each as another model has it alone."""
    first = estimator[0] if isinstance(estimator, Pipeline) else estimator
    return isinstance(first, FeatureUnion)


def _one_task(name):
    return lambda settings, seed: linear(embedder_of_task(name, settings, seed))


def _side_by_side(*names):
    """Return a model of several embedders, each trained on a task of its own."""
    return lambda settings, seed: linear(
        FeatureUnion([(name, embedder_of_task(name, settings, seed)) for name in names])
    )


def _one_network(*names):
    """Return a model of one embedder that several tasks train together."""
    return lambda settings, seed: linear(
        embedder([_TASKS[name](settings) for name in names], settings, seed)
    )


def _end_to_end(name=None):
    """Return a network trained on labels, and with them on a pretext task if named."""

    def make(settings, seed):
        schedule = _schedule(settings)
        if name is None:
            schedule["max_epochs"] = settings.max_epochs_supervised
            schedule["module_params"] = {"dropout": _DROPOUT_SUPERVISED}
        pretext = None if name is None else _TASKS[name](settings)
        return StagerNetClassifier(pretext, **schedule, random_state=seed)

    return make


def _random(settings, seed):
    return linear(embedder("random", settings, seed))


def _absolute_band_power(settings, seed):
    """Return a model of handcrafted features that have a unit.

    It would decide how much they are regularised, volts in one data set and microvolts
    in another. Means and deviations need no label, so they are those of all training
    windows: of three labelled ones they would be noise.
    """
    return Pipeline(
        [
            ("embed", BandPower(settings.bands)),
            ("scale", StandardScaler()),
            ("classify", _classifier()),
        ]
    )


def _relative_band_power(settings, seed):
    """Return a model of handcrafted features by which no size counts."""
    return linear(BandPower(settings.bands, relative=True))


MODELS = {
    "RP": _one_task("RP"),
    "TS": _one_task("TS"),
    "CPC": _one_task("CPC"),
    "RP+TS": _side_by_side("RP", "TS"),
    "RP+CPC": _side_by_side("RP", "CPC"),
    "TS+CPC": _side_by_side("TS", "CPC"),
    "RP+TS+CPC": _side_by_side("RP", "TS", "CPC"),
    "RP+TS+CPC-shared": _one_network("RP", "TS", "CPC"),
    "joint": _end_to_end("RP"),
    "full supervision": _end_to_end(),
    "random": _random,
    "band-power": _absolute_band_power,
    "relative band-power": _relative_band_power,
}
