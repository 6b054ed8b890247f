import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid

from sksleep.embedding import StagerNetEmbedder
from sksleep.embedding._batches import PretextBatches
from sksleep.pretext import (
    ContrastivePredictiveCoding,
    RelativePositioning,
    TemporalShuffling,
)


def all_tasks():
    return [
        RelativePositioning(12, 30),
        TemporalShuffling(15, 20),
        ContrastivePredictiveCoding(3, 2, 4, windows_per_sequence=8),
    ]


@pytest.mark.parametrize(("number", "chance"), [(0, 0.5), (1, 0.5), (2, 0.2)])
def test_each_task_learns(windows, make_embedder, number, chance):
    embedder = make_embedder(all_tasks()[number], max_epochs=60, patience=60, lr=0.02)
    (accuracy,) = embedder.fit(windows).pretext_accuracy_.values()
    assert accuracy > chance + 0.1


def test_all_tasks_train_one_encoder(windows, make_embedder, record_steps):
    steps = record_steps()
    embedder = make_embedder(all_tasks()).fit(windows)
    assert embedder.transform(windows).shape == (len(windows), 6)
    accuracies = embedder.pretext_accuracy_
    assert list(accuracies) == [type(task).__name__ for task in all_tasks()]
    for name in accuracies:
        assert all(f"train_accuracy_{name}" in step for step in steps)


def test_a_task_of_great_weight_drowns_the_other(windows, make_embedder, weights):
    tasks = [RelativePositioning(12, 30), RelativePositioning(24, 24)]
    embedders = [
        make_embedder(tasks, pretext_weights=pretext_weights).fit(windows)
        for pretext_weights in ([1, 1], [1000, 1], None)
    ]
    assert weights(embedders[0]) == weights(embedders[2]) != weights(embedders[1])


class sure_loss(RelativePositioning):
    """Its name makes its accuracy's column end as that of a loss."""

    def accuracy(self, scores, targets):
        return float("inf")


def test_only_a_loss_that_is_not_finite_ends_a_training(windows, make_embedder):
    embedder = make_embedder(sure_loss(12, 30), max_epochs=1).fit(windows)
    assert embedder.pretext_accuracy_ == {"sure_loss": float("inf")}


def test_parameters_of_tasks_in_a_list_are_reached_by_class_name():
    embedder = StagerNetEmbedder(all_tasks())
    grid = {
        "pretext__TemporalShuffling__tau_pos": [10, 20],
        "pretext__ContrastivePredictiveCoding__n_negatives": [7],
        "n_features": [50],
    }
    assert set(grid) <= set(embedder.get_params())
    for params in ParameterGrid(grid):
        changed = clone(embedder).set_params(**params)
        assert {name: changed.get_params()[name] for name in params} == params
    assert embedder.pretext[1].tau_pos == 15


def test_parameters_read_can_be_set_again():
    embedder = StagerNetEmbedder(all_tasks())
    embedder.set_params(**embedder.get_params())
    embedder.set_params(pretext__TemporalShuffling=TemporalShuffling(7, 9))
    assert embedder.pretext[1].tau_pos == 7


def test_parameters_are_those_of_a_task_set_with_them():
    old = RelativePositioning()
    embedder = StagerNetEmbedder([old])
    embedder.set_params(
        pretext__RelativePositioning__tau_pos=7,
        pretext__RelativePositioning=RelativePositioning(3, 9),
    )
    assert embedder.pretext[0].get_params()["tau_pos"] == 7
    assert embedder.pretext[0].tau_neg == 9
    assert old.tau_pos != 7


def test_tasks_of_one_class_are_numbered():
    embedder = StagerNetEmbedder([RelativePositioning(5), RelativePositioning(9)])
    embedder.set_params(**{"pretext__RelativePositioning-2__tau_pos": 11})
    assert [task.tau_pos for task in embedder.pretext] == [5, 11]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"pretext": []}, "a list of tasks, .* got \\[\\]"),
        ({"pretext": ["RP"]}, "a list of tasks, .* got \\['RP'\\]"),
        (
            {"pretext_weights": [1, 2]},
            "one positive number for each of 3 .* \\[1, 2\\]",
        ),
        ({"pretext_weights": [1, 2, -1]}, "one positive number for each of 3"),
        ({"pretext_weights": [1, 2, np.inf]}, "one positive number for each of 3"),
    ],
)
def test_refuses_lists_that_make_no_sense(windows, params, message):
    embedder = StagerNetEmbedder(**({"pretext": all_tasks()} | params))
    with pytest.raises(ValueError, match=message):
        embedder.fit(windows)


def test_unknown_task_names_the_known_ones():
    embedder = StagerNetEmbedder(all_tasks())
    with pytest.raises(ValueError, match=r"'RP'.* RelativePositioning, Temporal"):
        embedder.set_params(pretext__RP__tau_pos=3)


def test_recordings_that_serve_one_task_only_feed_that_one(windows, make_embedder):
    short = (windows.recording_index > 0) | (windows.onsets < 27)
    message = "RelativePositioning leaves out 1 of 5 .* 'S0'"
    with pytest.warns(UserWarning, match=message) as warned:
        embedder = make_embedder(all_tasks(), max_epochs=1).fit(windows[short])
    assert len(warned) == 1  # the other tasks take the short one, too
    assert "S0" not in embedder.held_out_
    assert np.isfinite(embedder.transform(windows)).all()


def test_each_task_has_the_batch_size_that_suits_it(
    windows, make_embedder, record_steps
):
    steps = record_steps()
    tasks = [RelativePositioning(12, 30), ContrastivePredictiveCoding(2, 2)]
    make_embedder(tasks, batch_size=None, max_epochs=1).fit(windows)
    for batch_size, expected in [(None, [32, 128]), (96, [48, 48])]:
        batches = PretextBatches(None, batch_size, tasks=tasks, seed=0, epoch=0)
        assert [batches.batch_size_of(task) for task in tasks] == expected
    assert 120 < steps[0]["train_batch_size"] < 200


@pytest.mark.parametrize("pretext", [None, "random"])
def test_refuses_to_set_parameters_of_no_task(pretext):
    embedder = StagerNetEmbedder(pretext)
    with pytest.raises(ValueError, match=r"pretext=.* has no parameters .*tau_pos"):
        embedder.set_params(pretext__tau_pos=5)
    embedder.set_params(pretext=RelativePositioning(), pretext__tau_pos=5)
    assert embedder.pretext.tau_pos == 5
