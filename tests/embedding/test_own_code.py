"""What counts as a change of a user's code."""

import copy
import os
import subprocess
import sys
from functools import cache, partial, partialmethod, wraps
from textwrap import dedent

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from sksleep.embedding._own_code import content_of, own_code


def times(factor):
    """Return a decorator that multiplies."""

    def decorate(function):
        @wraps(function)
        def multiplied(self, x):
            return factor * function(self, x)

        return multiplied

    return decorate


def double(self, x):
    return 2 * x


def treble(self, x):
    return 3 * x


def make(**attributes):
    """Return a class of a user."""
    return type("Own", (nn.Module,), attributes)


def with_default(activation):
    def forward(self, x, activation=activation):
        return activation(x)

    return forward


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (double, treble),
        (times(2)(double), times(3)(double)),
        (times(2)(double), times(2)(treble)),
        (with_default(functional.relu), with_default(torch.tanh)),
        (with_default(lambda x: x), with_default(lambda x: 2 * x)),
        (property(partial(double, 1)), property(partial(double, 2))),
        (partialmethod(double, 1), partialmethod(double, 2)),
        (staticmethod(double), staticmethod(treble)),
        ([1.0, 2.0], [1.0, 3.0]),
        ({"scale": 1}, {"scale": 2}),
        ({"a", "b"}, {"a", "c"}),
        ((torch.tanh, 1), (torch.relu, 1)),
        (64, 32),
    ],
)
def test_other_code_and_attributes_are_a_change(one, other):
    assert own_code([make(part=one)]) != own_code([make(part=other)])
    assert own_code([make(part=one)]) == own_code([make(part=one)])
    inherited = type("Heir", (make(part=one),), {})
    assert own_code([inherited]) != own_code([type("Heir", (make(part=other),), {})])


def test_comments_and_the_order_of_classes_are_none():
    commented = {}
    exec("\n\ndef double(self, x):\n    # Twice.\n    return 2 * x", commented)
    assert own_code([make(f=double)]) == own_code([make(f=commented["double"])])
    assert own_code([make(f=double), make(f=treble)]) == own_code(
        [make(f=treble), make(f=double)]
    )
    assert own_code([nn.Module, nn.Linear]) == own_code([])


def test_a_function_may_be_in_its_own_closure():
    def factorial(n):
        return n * factorial(n - 1) if n else 1

    assert own_code([make(f=factorial)])


class Own:
    """An object of a user."""

    def __init__(self, value):
        self.value = value
        self.itself = self

    def method(self, x):
        return x


def scaled(factor):
    return lambda x: factor * x


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (scaled(np.float32(1)), scaled(np.float32(2))),
        (scaled(np.ones(3)), scaled(np.zeros(3))),
        (scaled(Own(1)), scaled(Own(2))),
        (partial(double, x=1), partial(double, x=2)),
        (partial(double, x=1), partial(treble, x=1)),
        (Own(1), Own(2)),
        (Own(1).method, Own(2).method),
        (cache(double), cache(treble)),
        ({"act": torch.tanh}, {"act": torch.relu}),
        ({"act": double}, {"act": treble}),
        ({double}, {treble}),
        ([nn.ReLU], [nn.Tanh]),
        (np.sin, np.cos),
        (np.array([1.0]), np.array([2.0])),
        (nn.ReLU(), nn.LeakyReLU()),
        (1, 2),
    ],
)
def test_other_parameters_are_a_change(one, other):
    assert content_of(one) == content_of(copy.deepcopy(one))
    assert content_of(one) != content_of(other)


def test_the_order_of_a_dict_is_none():
    assert content_of({"a": 1, "b": [2]}) == content_of({"b": (2,), "a": 1})


def test_it_is_the_same_in_every_process(tmp_path):
    (tmp_path / "own.py").write_text(
        dedent(
            """
            from functools import partial
            import torch
            from torch import nn
            from torch.nn import functional
            from sksleep.embedding._own_code import content_of, own_code

            class Own(nn.Module):
                activations = (torch.tanh, functional.relu, lambda x: x)
                names = frozenset({"alpha", "beta", "gamma", "delta"})

                def forward(self, x, kinds=frozenset("abcdefg"), act=functional.relu):
                    return act(x) if x in {"one", "two", "three"} else self.names

            parameters = {"of": Own, "act": partial(Own.forward, x=2), "in": {Own}}
            print(own_code([Own]), content_of(parameters))
            """
        )
    )

    def run(seed):
        env = os.environ | {"PYTHONHASHSEED": seed}
        command = [sys.executable, str(tmp_path / "own.py")]
        return subprocess.check_output(command, env=env, text=True)

    assert run("1") == run("2")
