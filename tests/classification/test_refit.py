import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from sksleep.classification import _stager_net_classifier
from sksleep.classification._refit import refit_head
from sksleep.embedding._inference import apply_network
from sksleep.pretext import RelativePositioning


@pytest.mark.parametrize("n_classes", [2, 3])
def test_head_gives_the_probabilities_of_logistic_regression(n_classes):
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(50, 4)).astype(np.float32)
    labels = np.array(["wake", "REM", "N2"])[rng.integers(n_classes, size=50)]
    head = torch.nn.Linear(4, n_classes)
    refit_head(head, embeddings, labels, "balanced")
    expected = LogisticRegression(class_weight="balanced", max_iter=1000)
    expected = expected.fit(embeddings, labels).predict_proba(embeddings)
    with torch.inference_mode():
        probabilities = head(torch.from_numpy(embeddings)).softmax(1)
    np.testing.assert_allclose(probabilities, expected, atol=1e-3)


@pytest.mark.parametrize("pretext", [None, RelativePositioning(12, 30)], ids=str)
def test_head_is_fitted_anew_after_joint_training_alone(
    state_windows, make_classifier, pretext
):
    y = np.full(len(state_windows), -1)
    y[::10] = state_windows.y[::10]
    classifier = make_classifier(pretext, max_epochs=2, device="cpu").fit(
        state_windows, y
    )
    labelled = state_windows[y >= 0]
    encoder = classifier.net_.module_.eval()
    embeddings = apply_network(encoder, labelled, 6, device="cpu", n_jobs=1)
    regression = LogisticRegression(class_weight="balanced", max_iter=1000)
    expected = regression.fit(embeddings, y[y >= 0]).predict_proba(embeddings)
    difference = np.abs(classifier.predict_proba(labelled) - expected).max()
    assert (difference < 1e-3) == (pretext is not None)


def test_an_interruption_of_that_leaves_no_classifier(
    state_windows, make_classifier, monkeypatch
):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    classifier = make_classifier(RelativePositioning(12, 30), max_epochs=1)
    classifier.fit(state_windows, state_windows.y)
    monkeypatch.setattr(_stager_net_classifier, "refit_head", interrupt)
    with pytest.raises(KeyboardInterrupt):
        classifier.fit(state_windows, state_windows.y)
    with pytest.raises(NotFittedError):
        classifier.predict(state_windows)
