from types import SimpleNamespace

import pytest
import torch
from skorch.history import History

from sksleep.embedding._net import EpochMeans
from sksleep.embedding._step_numbers import StepNumbers


@pytest.mark.parametrize("n_steps", [0, 1, 63, 64, 65, 130])
def test_each_step_gets_its_numbers(n_steps):
    rows, checked = [{"batch_size": n} for n in range(n_steps)], []
    numbers = StepNumbers(checked.append)
    for n, row in enumerate(rows):
        names = ["loss", "accuracy"] if n % 3 else ["loss"]
        numbers.add(row, names, torch.tensor([float(n), -float(n)][: len(names)]))
    numbers.write()
    numbers.write()
    expected = [
        {"loss": n, "accuracy": -n} if n % 3 else {"loss": n} for n in range(n_steps)
    ]
    assert checked == expected
    assert rows == [{"batch_size": n} | row for n, row in enumerate(expected)]


def test_refuses_fewer_numbers_than_names():
    numbers = StepNumbers(lambda numbers: None)
    numbers.add({}, ["loss", "accuracy"], torch.tensor([1.0]))
    with pytest.raises(ValueError, match="shorter"):
        numbers.write()


def test_raises_soon_after_a_number_that_is_refused():
    def check(numbers):
        if numbers["loss"] == 3:
            raise FloatingPointError

    numbers, added = StepNumbers(check), []

    def add_many():
        for n in range(1000):
            added.append(n)
            numbers.add({}, ["loss"], torch.tensor([float(n)]))

    with pytest.raises(FloatingPointError):
        add_many()
    assert len(added) < 100


def test_an_epoch_has_the_mean_of_a_task_s_own_batches():
    net = SimpleNamespace(history=History())
    net.history.new_epoch()
    net.history[-1]["batches"] = [
        {"valid_objective_A": 1.0, "valid_accuracy_A": 0.0, "valid_objective_B": 4.0},
        {"valid_objective_A": 3.0, "valid_accuracy_A": 0.5},
    ]
    EpochMeans().on_epoch_end(net)
    assert net.history[-1]["valid_objective"] == 6.0
    assert net.history[-1]["valid_accuracy_A"] == 0.25
