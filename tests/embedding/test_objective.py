"""What tells which epoch is the best, and what is reported of it."""

from types import SimpleNamespace

import numpy as np
from skorch.history import History

from sksleep.embedding._net import EpochMeans
from sksleep.pretext import ContrastivePredictiveCoding, RelativePositioning


def test_the_objective_is_the_sum_of_the_means_of_each_task():
    history = History()
    history.new_epoch()
    for losses in ({"A": 1.0, "B": 5.0}, {"A": 3.0}):
        history.new_batch()
        for name, loss in losses.items():
            history.record_batch(f"valid_objective_{name}", loss)
    EpochMeans().on_epoch_end(SimpleNamespace(history=history))
    assert history[-1]["valid_objective"] == 2.0 + 5.0


def test_the_objective_of_all_tasks_tells_when_to_stop(windows, make_embedder):
    """And not the mean of steps' losses, of which one task has more than the other."""
    tasks = [RelativePositioning(12, 30, n_tuples=200)]
    tasks.append(ContrastivePredictiveCoding(3, 2, 4))
    params = {"pretext_weights": [3.0, 1.0], "patience": 2, "lr": 0.03}
    others = []
    for seed in range(3):
        embedder = make_embedder(tasks, max_epochs=40, random_state=seed, **params)
        history = embedder.fit(windows).net_.history
        best = int(np.argmin(history[:, "valid_objective"]))
        assert len(history) == best + 3
        others.append(np.argmin(history[:, "valid_loss"]) != best)
    assert any(others)


def test_the_accuracy_is_that_of_the_epoch_whose_weights_are_kept(
    windows, make_embedder
):
    embedder = make_embedder(max_epochs=40, patience=2, lr=0.05).fit(windows)
    history = embedder.net_.history
    best = int(np.argmin(history[:, "valid_objective"]))
    accuracies = history[:, "valid_accuracy_RelativePositioning"]
    assert embedder.pretext_accuracy_ == {"RelativePositioning": accuracies[best]}
    assert accuracies[best] != accuracies[-1]
