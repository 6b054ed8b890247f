import numpy as np
import pytest
import torch

from sksleep.classification._label_task import LabelTask
from sksleep.embedding._batches import PretextDataset
from sksleep.embedding._input import locate_windows
from sksleep.pretext import RelativePositioning


def gradients(influence):
    """Return the gradients of the loss for embeddings and head."""
    torch.manual_seed(0)
    task = LabelTask(3, np.ones(3, np.float32), influence)
    head = task.make_head(5)
    embeddings = torch.randn(4, 5, requires_grad=True)
    scores = head(embeddings, torch.tensor([[2], [0]]))
    torch.testing.assert_close(scores, head.linear(embeddings[[2, 0]]))
    task.loss(scores, torch.tensor([1, 2])).backward()
    return embeddings.grad, head.linear.weight.grad


@pytest.mark.parametrize("influence", [0.0, 0.25])
def test_influence_scales_what_reaches_the_encoder_alone(influence):
    of_embeddings, of_head = gradients(1.0)
    of_embeddings_scaled, of_head_too = gradients(influence)
    assert of_embeddings.abs().max() > 0
    torch.testing.assert_close(of_embeddings_scaled, influence * of_embeddings)
    torch.testing.assert_close(of_head_too, of_head)


@pytest.mark.parametrize(
    ("pretext", "influence"),
    [(None, 1.0), (RelativePositioning(12, 30), 0.0025)],
    ids=["labels alone", "with a pretext task"],
)
def test_influence_is_the_square_of_the_labelled_part(
    state_windows, make_classifier, pretext, influence
):
    y = np.full(len(state_windows), -1)
    y[::20] = state_windows.y[::20]  # a twentieth
    classifier = make_classifier(pretext, max_epochs=1).fit(state_windows, y)
    [labels, *_] = classifier.net_.tasks
    assert labels.task.influence == pytest.approx(influence)


@pytest.mark.parametrize(("every", "expected"), [(1, 32), (2, 16), (20, 4)])
def test_labelled_windows_of_a_step_are_as_large_a_part_as_have_a_label(
    state_windows, make_classifier, every, expected
):
    y = np.full(len(state_windows), -1)
    y[::every] = state_windows.y[::every]
    task = RelativePositioning(12, 30, windows_per_recording=16)
    params = {"batch_size": None, "max_epochs": 1, "validation_fraction": None}
    net = make_classifier(task, **params).fit(state_windows, y).net_
    windows, rows = np.arange(len(state_windows)), np.flatnonzero(y >= 0)
    source = locate_windows(state_windows, None, None)
    dataset = PretextDataset(source, [rows, windows], y)
    batches = net.get_iterator(dataset, training=True)
    assert batches.batch_size_of(net.tasks[0].task) == expected
    # Labels do not make the epoch longer than the pretext task does.
    assert net.history[0]["train_batch_count"] <= np.ceil(len(windows) / 32) + 1


@pytest.mark.parametrize(("n_labels", "n_steps"), [(20, 4), (5, 2), (1000, 8), (1, 1)])
def test_few_labels_make_several_steps(n_labels, n_steps):
    index, onsets = np.zeros(n_labels, dtype=int), np.arange(float(n_labels))
    rng = np.random.default_rng(0)
    batches = LabelTask(2, None).plan_epoch(index, onsets, 128, rng)
    windows = [batch.windows for batch in batches]
    assert len(windows) == n_steps
    assert sorted(np.concatenate(windows)) == list(range(n_labels))


@pytest.mark.parametrize("n_labels", [2, 3, 9])
def test_no_step_has_a_single_window(n_labels):
    """Over which a batch normalisation would have no variance."""
    index, onsets = np.zeros(n_labels, dtype=int), np.arange(float(n_labels))
    batches = LabelTask(2, None).plan_epoch(index, onsets, 2, np.random.default_rng(0))
    assert min(len(batch.windows) for batch in batches) > 1
