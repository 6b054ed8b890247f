"""The models that are compared, by name.

Each is a function of the settings and a seed that returns an unfitted estimator. What
learns without labels comes before the last step; the last step learns from labels.
"""

from itertools import count

from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import StandardScaler

from sksleep.embedding import StagerNetEmbedder
from sksleep.features import BandPower
from sksleep.pretext import RelativePositioning

_TASKS = {
    "RP": lambda settings: RelativePositioning(settings.tau_pos, settings.tau_neg),
}


def embedder(pretext, settings, seed):
    """Return an embedder with the training schedule of the settings."""
    return StagerNetEmbedder(pretext, max_epochs=settings.max_epochs, random_state=seed)


def linear(features):
    """Return a pipeline of a transformer and the linear classifier that all share."""
    return Pipeline(
        [
            ("embed", features),
            ("scale", StandardScaler()),
            ("classify", OneVsRestClassifier(LogisticRegression(max_iter=1000))),
        ]
    )


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


def _random(settings, seed):
    return linear(embedder("random", settings, seed))


def _band_power(settings, seed):
    bands = {"delta": (1, 4), "theta": (4, 8), "alpha": (8, 13), "beta": (13, 30)}
    return linear(BandPower({**bands, "gamma": (30, settings.h_freq)}))


MODELS = {
    "RP": _one_task("RP"),
    "random": _random,
    "band-power": _band_power,
}
