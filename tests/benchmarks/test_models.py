"""What the models of the study are, and how they are compared."""

from dataclasses import replace

import pytest
from study import MODELS, SETTINGS
from study._folds import make_folds
from study._models import combines_networks
from study._report import difference_table, published_table

from sksleep.classification import StagerNetClassifier
from sksleep.embedding import StagerNetEmbedder
from sksleep.pretext import (
    ContrastivePredictiveCoding,
    RelativePositioning,
    TemporalShuffling,
)

SEED = 3


@pytest.fixture
def settings(make_study):
    settings = make_study().settings
    return replace(
        settings, tau_pos=7.0, tau_neg=21.0, max_epochs=5, max_epochs_supervised=9
    )


def embedders(model):
    first = model[0]
    if combines_networks(model):
        return [embedder for _, embedder in first.transformer_list]
    return [first]


def expected_task(name):
    if name == "CPC":
        return ContrastivePredictiveCoding()
    kind = {"RP": RelativePositioning, "TS": TemporalShuffling}[name]
    return kind(tau_pos=7.0, tau_neg=21.0)


@pytest.mark.parametrize(
    "name", [name for name in MODELS if set(name.split("+")) <= {"RP", "TS", "CPC"}]
)
def test_models_side_by_side_have_the_networks_of_the_single_tasks(name, settings):
    names = name.split("+")
    parts = embedders(MODELS[name](settings, SEED))
    alone = [MODELS[each](settings, SEED)[0] for each in names]
    assert list(map(repr, parts)) == list(map(repr, alone))
    assert [repr(e.pretext) for e in parts] == [repr(expected_task(n)) for n in names]
    assert len({embedder.random_state for embedder in parts}) == len(parts)
    for embedder in parts:
        assert (embedder.max_epochs, embedder.n_features) == (5, 4)


def test_several_tasks_share_one_network(settings):
    shared = MODELS["RP+TS+CPC-shared"](settings, SEED)[0]
    assert isinstance(shared, StagerNetEmbedder)
    expected = [expected_task(name) for name in ("RP", "TS", "CPC")]
    assert list(map(repr, shared.pretext)) == list(map(repr, expected))


def test_networks_that_learn_from_labels(settings):
    joint, supervised = (
        MODELS[n](settings, SEED) for n in ("joint", "full supervision")
    )
    assert isinstance(joint, StagerNetClassifier)
    assert repr(joint.pretext) == repr(expected_task("RP"))
    assert (joint.max_epochs, joint.random_state) == (5, SEED)
    assert supervised.pretext is None
    assert supervised.max_epochs == 9
    assert supervised.module_params == {"dropout": 0.5}  # as published


def test_baselines_are_an_untrained_network_and_all_bands(settings):
    assert MODELS["random"](settings, SEED)[0].pretext == "random"
    absolute, relative = (
        MODELS[name](settings, SEED)[0]
        for name in ("band-power", "relative band-power")
    )
    assert (absolute.relative, relative.relative) == (False, True)
    assert relative.bands == absolute.bands == settings.bands


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=map(" ".join, SETTINGS))
def test_bands_lie_side_by_side_in_what_the_filter_passes(settings):
    edges = [edge for band in settings.bands.values() for edge in band]
    assert edges == sorted(edges)
    assert edges[1:-1:2] == edges[2::2]
    assert (settings.l_freq or 0) <= edges[0]
    assert edges[-1] <= settings.h_freq < settings.sfreq / 2


def test_seeds_of_folds_differ_and_come_from_the_random_state(windows):
    seeds = {
        seed
        for random_state in (0, 1)
        for fold in make_folds(windows, 3, random_state)
        for seed in (fold.label_seed, fold.model_seed)
    }
    assert len(seeds) == 12


def row(model, protocol, accuracy, balanced):
    scores = {"accuracy": accuracy, "balanced_accuracy": balanced}
    return {
        "model": model,
        "protocol": protocol,
        "limits": [1, "all"],
        **{name: {"mean": mean} for name, mean in scores.items()},
    }


def cells(table):
    """Return the entries of a table's rows, without what aligns them."""
    rows = table.splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_difference_is_what_seeing_the_test_signal_adds():
    rows = [
        row("RP", "transductive", [0.5, 0.7], [0.4, 0.9]),
        row("RP", "inductive", [0.4, 0.75], [0.5, 0.6]),
        row("TS", "inductive", [0.4, 0.7], [0.5, 0.6]),
    ]
    assert cells(difference_table(rows, "accuracy")) == [["RP", "+0.100", "-0.050"]]


def test_published_numbers_stand_beside_accuracies():
    rows = [row("RP", "inductive", [0.41, 0.72], [0.0, 0.0])]
    here, published = cells(published_table(rows))
    assert here == ["RP", "here, inductive", "0.410", "", "", "", "0.720"]
    assert published[:3] + published[-1:] == ["RP", "published", "0.572", "0.908"]
