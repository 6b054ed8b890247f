"""The class head, fitted to the embeddings as they are after training."""

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from .._blas_threads import one_blas_thread


def refit_head(head, embeddings, labels, class_weight):
    """Give a class head the weights of a logistic regression.

    In training the head sees embeddings that change and have dropout, and takes too
    few steps to settle; the optimum for those that the network gives now is cheap.

    Parameters
    ----------
    head : torch.nn.Linear
        From embeddings to one score for each class, whose softmax is probability.
    embeddings : ndarray of shape (n_labelled, n_features)
    labels : ndarray of shape (n_labelled,)
        As many different ones as the head has scores.
    class_weight : dict, "balanced" or None
    """
    regression = LogisticRegression(class_weight=class_weight, max_iter=1000)
    with one_blas_thread:  # their number would change the last bits
        regression.fit(embeddings, labels)
    weight, bias = regression.coef_, regression.intercept_
    if len(weight) == 1:  # of two classes, the score of the second against the first
        weight, bias = (np.concatenate([-each, each]) / 2 for each in (weight, bias))
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(weight))
        head.bias.copy_(torch.from_numpy(bias))
