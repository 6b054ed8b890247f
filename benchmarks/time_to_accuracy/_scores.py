"""How well a linear classifier does on embeddings, from few labels and from all."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sksleep.model_selection import per_class_learning_curve

_SCORING = ("accuracy", "balanced_accuracy")


def score(embeddings, labelled, split, n_labels, n_draws):
    """Score a classifier on the subjects that were not trained on.

    Parameters
    ----------
    embeddings : ndarray of shape (n_labelled, n_features)
    labelled : Windows
        What was embedded; all have labels.
    split : Split
        Its seed decides which labels are drawn, for all embeddings alike.
    n_labels : int
        Labels per class; all labels are tried, too.
    n_draws : int
        Draws of labels to average over.

    Returns
    -------
    scores : dict of str to float
        As "accuracy, 10 labels" or "balanced accuracy, all labels".
    """
    is_train = split.is_train(labelled)
    classifier = make_pipeline(
        StandardScaler(), OneVsRestClassifier(LogisticRegression(max_iter=1000))
    )
    curve = per_class_learning_curve(
        Pipeline([("classify", classifier)]),  # scaled by the drawn windows alone
        embeddings,
        labelled.y,
        cv=[(np.flatnonzero(is_train), np.flatnonzero(~is_train))],
        samples_per_class=[n_labels, "all"],
        n_repeats=n_draws,
        scoring=_SCORING,
        error_score="raise",
        random_state=split.seed,
    )
    return {
        f"{name.replace('_', ' ')}, {limit} labels": float(curve.scores[name][k].mean())
        for k, limit in enumerate(curve.samples_per_class)
        for name in _SCORING
    }
