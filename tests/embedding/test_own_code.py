"""What counts as a change of a user's code."""

import copy
from collections import OrderedDict
from functools import cache, partial, partialmethod, wraps

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from sksleep.embedding._own_code import content_of, own_code, structure_of


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


def in_script(code, **settings):
    """Return a user's class whose method is in a script with these settings."""
    script = {"__name__": "script"} | settings
    exec(code, script)
    return make(forward=script["forward"])


def with_setting(setting):
    return in_script("def forward(self, x):\n    return x * SETTING", SETTING=setting)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (32, 64),
        ("relu", "gelu"),
        ([1, {"a": 2}], [1, {"a": 3}]),
        (nn.ReLU, nn.GELU),
        (functional.relu, functional.gelu),
        (np.ones(2), np.zeros(2)),
        (torch.ones(2), torch.zeros(2)),
    ],
)
def test_other_settings_of_a_script_are_a_change(one, other):
    assert own_code([with_setting(one)]) != own_code([with_setting(other)])
    assert own_code([with_setting(one)]) == own_code([with_setting(one)])


@pytest.mark.parametrize(
    "data", [[object()], np.random.default_rng(1), np.zeros(1 << 18), [0] * 2000]
)
def test_data_are_no_settings(data):
    assert own_code([with_setting(data)]) == own_code([with_setting(object())])


def test_settings_that_are_not_read_are_none():
    code = "def forward(self, x):\n    return x.SETTING"
    one, other = (own_code([in_script(code, SETTING=each)]) for each in (1, 2))
    assert one == other


_IMPORTS = """
import functools
from enum import Enum
from types import SimpleNamespace
import numpy as np, torch
from torch import nn
from torch.nn import functional as F
"""
_USES = "\ndef forward(self, x):\n    return [helper(each) for each in x]"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("def helper(x): return x + 1", "def helper(x): return x + 2"),
        ("def helper(x, k=1): return x", "def helper(x, k=2): return x"),
        ("def helper(x, *, k=1): return x", "def helper(x, *, k=2): return x"),
        (
            "@torch.no_grad()\ndef helper(x): return x",
            "@torch.no_grad()\ndef helper(x): return 2 * x",
        ),
        (
            "@functools.cache\ndef helper(x): return x",
            "@functools.cache\ndef helper(x): return 2 * x",
        ),
        (
            "def make(k): return lambda x: k * x\nhelper = make(1)",
            "def make(k): return lambda x: k * x\nhelper = make(2)",
        ),
        (
            "helper = functools.partial(F.leaky_relu, negative_slope=0.1)",
            "helper = functools.partial(F.leaky_relu, negative_slope=0.2)",
        ),
        ("from torch import tanh as helper", "from torch import relu as helper"),
        ("helper = np.sin", "helper = np.cos"),
        ("import torch.fft as helper", "import torch.linalg as helper"),
        ("class helper:\n    k = 1", "class helper:\n    k = 2"),
        (
            "class helper:\n    def f(x): return x",
            "class helper:\n    def f(x): return -x",
        ),
        ("helper = SimpleNamespace(k=1)", "helper = SimpleNamespace(k=2)"),
        (
            "class Kind(Enum):\n    A = 1\n    B = 2\nhelper = Kind.A",
            "class Kind(Enum):\n    A = 1\n    B = 2\nhelper = Kind.B",
        ),
        ("helper = nn.LeakyReLU(0.1)", "helper = nn.LeakyReLU(0.2)"),
        ("helper = [np.float32(1)]", "helper = [np.float32(2)]"),
        ("helper = torch.float32", "helper = torch.float64"),
    ],
)
def test_what_a_script_defines_or_imports_counts(one, other):
    one, same, other = (
        own_code([in_script(_IMPORTS + code + _USES)]) for code in (one, one, other)
    )
    assert one == same != other


@pytest.mark.parametrize(
    ("code", "one", "other"),
    [
        ("found = []\n    for k in SETTING:\n        found.append(k)", [1, 2], [1, 3]),
        ("found = {}\n    for k in SETTING:\n        found[k] = x", [1, 2], [1, 3]),
        ("found = {}\n    found[SETTING[0]] = x", [1, 2], [3, 2]),
        ("found = {}\n    found[len(SETTING)] = SETTING[0]", [1, 2], [3, 2]),
        ("x[0] = SETTING[0]", [1, 2], [3, 2]),
        ("return torch.add(x, SETTING[0])", [1, 2], [3, 2]),
        ("return SETTING['update']", {"update": 1}, {"update": 2}),
    ],
)
def test_to_fill_something_else_leaves_a_setting_one(code, one, other):
    code = f"def forward(self, x):\n    {code}"
    one, other = (own_code([in_script(code, SETTING=each)]) for each in (one, other))
    assert one != other


@pytest.mark.parametrize(
    "code",
    [
        "CACHE = {}\ndef forward(self, x):\n    CACHE[x] = 1",
        "CACHE = {}\ndef forward(self, x):\n    return CACHE.setdefault(x, 1)",
        "CACHE = []\ndef forward(self, x):\n    CACHE.append(x)",
        "CACHE = {}\ndef forward(self, x):\n    CACHE[len(str(x))] = x + 1",
        "CACHE = {1: 2}\ndef forward(self, x):\n    del CACHE[x]",
        "CACHE = 0\ndef forward(self, x):\n    global CACHE\n    CACHE += 1",
    ],
)
def test_what_a_network_counts_or_keeps_is_no_setting(code):
    own = in_script(code)
    before = own_code([own])
    own.forward(None, 1)
    assert own_code([own]) == before


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


class OwnLayer(nn.Module):
    """A layer of a user."""

    def __init__(self, scale):
        super().__init__()
        self.scale = scale


def attention(n_heads):
    """Return attention whose weights are the same for any number of heads."""
    torch.manual_seed(0)
    return nn.MultiheadAttention(8, n_heads)


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
        (nn.LeakyReLU(0.1), nn.LeakyReLU(0.2)),
        (nn.Sequential(OwnLayer(1)), nn.Sequential(OwnLayer(2))),
        (attention(1), attention(2)),
        (nn.MSELoss(reduction="sum"), nn.MSELoss()),
        (torch.ones(2, requires_grad=True), torch.ones(2)),
        (torch.ones(2, device="meta"), torch.ones(3, device="meta")),
        (torch.ones(2) * 1j, (torch.ones(2) * 1j).conj()),
        (torch.ones(3), torch.zeros(3)),
        (torch.ones(3), torch.ones(3, dtype=torch.float64)),
        (torch.ones(()).bfloat16(), 2 * torch.ones(()).bfloat16()),
        ({"w": [torch.tensor([True])]}, {"w": [torch.tensor([False])]}),
        (1, 2),
    ],
)
def test_other_parameters_are_a_change(one, other):
    assert content_of(one) == content_of(copy.deepcopy(one))
    assert content_of(one) != content_of(other)


@pytest.mark.parametrize(
    "other",
    [
        nn.Sequential(nn.Linear(2, 3), nn.GELU()),
        nn.Sequential(nn.Linear(2, 4), nn.ReLU()),
        nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Dropout(0.1)),
        nn.Sequential(nn.ReLU(), nn.Linear(2, 3)),
    ],
)
def test_other_layers_are_a_change(other):
    one = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    assert structure_of(one) == structure_of(copy.deepcopy(one)) != structure_of(other)


def test_the_place_of_a_layer_in_memory_is_none():
    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.own = object()

    assert structure_of(Layer()) == structure_of(Layer())


@pytest.mark.parametrize("named", [["a", "b"], ["b", "a"]])
def test_the_order_of_named_layers_counts(named):
    layers = {"a": nn.ReLU(), "b": nn.Linear(2, 2)}
    one = nn.Sequential(OrderedDict((name, layers[name]) for name in named))
    other = nn.Sequential(OrderedDict((name, layers[name]) for name in named[::-1]))
    assert structure_of(one) != structure_of(other)


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.utils.parametrizations.weight_norm(nn.Linear(2, 3)),
        lambda: nn.GRU(2, 3),
        lambda: nn.TransformerEncoderLayer(4, 2, 8),
    ],
)
def test_layers_made_anew_are_alike(make):
    one, other = make(), make()
    assert structure_of(one) == structure_of(other)
    assert content_of(one) != content_of(other)  # which have other weights
    assert content_of(one) == content_of(one)


def test_layers_that_know_each_other_are_described_once():
    layers = [OwnLayer(k) for k in range(30)]
    for layer in layers:
        layer.others = layers
    assert len(structure_of(nn.Sequential(*layers))) < 20_000


def test_weights_are_not_the_structure():
    assert structure_of(nn.Linear(2, 3)) == structure_of(nn.Linear(2, 3))
    assert structure_of(nn.Linear(2, 3)) != structure_of(nn.Linear(2, 3).double())


def test_nested_classes_are_known_by_the_name_that_workers_give_them():
    class Outer:
        class Inner(nn.Module):
            pass

    expected = own_code([Outer.Inner]), content_of(Outer.Inner)
    Outer.Inner.__qualname__ = "Inner"  # as cloudpickle makes it
    assert (own_code([Outer.Inner]), content_of(Outer.Inner)) == expected


def test_the_order_of_a_dict_is_none():
    assert content_of({"a": 1, "b": [2]}) == content_of({"b": (2,), "a": 1})
