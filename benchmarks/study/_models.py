"""The models that are compared, by name.

Each is a function of the settings and a seed that returns an unfitted estimator. What
learns without labels comes before the last step; the last step learns from labels.
"""

from itertools import count

from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

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
    "CPC": lambda settings: ContrastivePredictiveCoding(
        settings.n_context, settings.n_predict
    ),
}


def embedder(pretext, settings, seed):
    """Return an embedder with the training schedule of the settings."""
    return StagerNetEmbedder(
        pretext,
        n_features=settings.n_features,
        max_epochs=settings.max_epochs,
        batch_size=settings.batch_size,
        random_state=seed,
    )


def linear(features):
    """Return a pipeline of a transformer and the linear classifier that all share.

    Features are standardised, or else their unit would decide how much they are
    regularised: that is volts in one data set and microvolts in another. The scaler
    sees the labelled windows only, as the classifier does, so that the protocols
    differ in nothing but what the embedding is learnt from.
    """
    classifier = make_pipeline(
        StandardScaler(), OneVsRestClassifier(LogisticRegression(max_iter=1000))
    )
    return Pipeline([("embed", features), ("classify", classifier)])


def _one_task(name):
    return lambda settings, seed: linear(
        embedder(_TASKS[name](settings), settings, seed)
    )


def _side_by_side(*names):
    """Return a model of several embedders, each trained on a task of its own."""
    return lambda settings, seed: linear(
        FeatureUnion(
            [
                (name, embedder(_TASKS[name](settings), settings, own_seed))
                for name, own_seed in zip(names, count(seed))
            ]
        )
    )


def _one_network(*names):
    """Return a model of one embedder that several tasks train together."""
    return lambda settings, seed: linear(
        embedder([_TASKS[name](settings) for name in names], settings, seed)
    )


def _random(settings, seed):
    return linear(embedder("random", settings, seed))


def _band_power(settings, seed):
    bands = {"delta": (1, 4), "theta": (4, 8), "alpha": (8, 13), "beta": (13, 30)}
    return linear(BandPower({**bands, "gamma": (30, settings.h_freq)}))


MODELS = {
    "RP": _one_task("RP"),
    "TS": _one_task("TS"),
    "CPC": _one_task("CPC"),
    "RP+TS": _side_by_side("RP", "TS"),
    "RP+CPC": _side_by_side("RP", "CPC"),
    "TS+CPC": _side_by_side("TS", "CPC"),
    "RP+TS+CPC": _side_by_side("RP", "TS", "CPC"),
    "RP+TS+CPC-shared": _one_network("RP", "TS", "CPC"),
    "random": _random,
    "band-power": _band_power,
}
