from contextlib import nullcontext

import numpy as np
import pytest
import torch
from sklearn.model_selection import GroupKFold, cross_validate

from sksleep.embedding import StagerNetEmbedder, _inference, _training
from sksleep.embedding._batches import PretextBatches, PretextDataset
from sksleep.embedding._input import WindowSource
from sksleep.embedding._net import PretextNet
from sksleep.embedding._torch_state import deterministic_cudnn
from sksleep.nn import StagerNet
from sksleep.preprocessing import Windower
from sksleep.pretext import (
    ContrastivePredictiveCoding,
    RelativePositioning,
    TemporalShuffling,
)


@pytest.mark.parametrize("random_state", [0, None])
def test_leaves_the_global_random_states_and_threads_alone(
    windows, make_embedder, random_state
):
    before = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    n_threads = torch.get_num_threads()
    embedder = make_embedder(random_state=random_state, n_jobs=2).fit(windows)
    embedder.transform(windows)
    np.testing.assert_array_equal(np.random.get_state()[1], before[0])  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), before[1])
    assert torch.get_num_threads() == n_threads


def test_on_the_processor_leaves_gpus_alone(windows, make_embedder, monkeypatch):
    def refuse(*args):
        raise AssertionError("a GPU was asked for")

    for name in ("get_rng_state", "set_rng_state", "manual_seed", "manual_seed_all"):
        monkeypatch.setattr(torch.cuda, name, refuse)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    make_embedder(device="cpu").fit(windows)


@pytest.mark.parametrize(
    ("device", "expected"), [("cuda:0", (True, False)), ("cpu", (False, True))]
)
def test_asks_gpus_for_convolutions_that_can_be_repeated(device, expected):
    cudnn = torch.backends.cudnn
    with cudnn.flags(enabled=True, deterministic=False, benchmark=True):
        with deterministic_cudnn(device):
            assert (cudnn.deterministic, cudnn.benchmark) == expected
        assert (cudnn.deterministic, cudnn.benchmark) == (False, True)


@pytest.mark.parametrize("module", [_training, _inference])
def test_trains_and_embeds_with_such_convolutions(
    windows, make_embedder, monkeypatch, module
):
    devices = []

    def watch(device):
        devices.append(str(device))
        return nullcontext()

    monkeypatch.setattr(module, "deterministic_cudnn", watch)
    make_embedder(device="cpu").fit(windows).transform(windows)
    assert devices == ["cpu"]


def test_same_random_state_gives_the_same_bytes(windows, make_embedder, weights):
    first = weights(make_embedder().fit(windows))
    torch.rand(7)
    assert weights(make_embedder().fit(windows)) == first
    assert weights(make_embedder(random_state=1).fit(windows)) != first
    unseeded = [make_embedder(random_state=None).fit(windows) for _ in range(2)]
    assert weights(unseeded[0]) != weights(unseeded[1])


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    "task",
    [
        RelativePositioning(12, 30),
        TemporalShuffling(12, 30),
        ContrastivePredictiveCoding(4, 2),
    ],
    ids=["RP", "TS", "CPC"],
)
def test_same_random_state_gives_the_same_bytes_on_two_threads(
    windows, make_embedder, weights, task, precision
):
    # Enough features that a gradient's sums over tuples are divided among threads.
    embedder = make_embedder(task, n_features=300, precision=precision, n_jobs=2)
    first, *others = [weights(embedder.fit(windows)) for _ in range(3)]
    assert others == [first, first]


def test_weights_do_not_depend_on_parallel_folds(windows, make_embedder, weights):
    def fit(n_jobs):
        results = cross_validate(
            make_embedder(),
            windows,
            windows.y,
            groups=windows.groups,
            cv=GroupKFold(2),
            scoring=lambda estimator, X, y: 0.0,
            return_estimator=True,
            n_jobs=n_jobs,
        )
        return [weights(embedder) for embedder in results["estimator"]]

    assert fit(1) == fit(2)


def settings_by_parameter(net, setting):
    """Return what the optimiser has for each parameter of encoder and heads."""
    names = {id(parameter): name for name, parameter in net.get_all_learnable_params()}
    return {
        names[id(parameter)]: group[setting]
        for group in net.optimizer_.param_groups
        for parameter in group["params"]
    }


def test_optimiser_gets_rate_and_decay(windows, make_embedder):
    net = make_embedder(lr=0.01, weight_decay=0.1, max_epochs=1).fit(windows).net_
    names = [name for name, _ in net.get_all_learnable_params()]
    is_spatial = [name.startswith("network.spatial.") for name in names]
    assert sum(is_spatial) == 2
    assert settings_by_parameter(net, "lr") == {
        name: 0.04 if quick else 0.01
        for name, quick in zip(names, is_spatial, strict=True)
    }
    assert settings_by_parameter(net, "weight_decay") == dict.fromkeys(names, 0.1)


class OwnNetwork(torch.nn.Module):
    def __init__(self, n_channels, n_times, n_features):
        super().__init__()
        self.mixed = torch.nn.Linear(n_channels * n_times, n_features)
        self.mixed_more = torch.nn.Linear(n_features, n_features)

    def forward(self, windows):
        return self.mixed_more(self.mixed(windows.flatten(1)))


@pytest.mark.parametrize("factors", [None, {"mixed": 0.5}])
def test_own_networks_may_say_what_learns_faster(
    windows, make_embedder, monkeypatch, factors
):
    if factors is not None:
        monkeypatch.setattr(OwnNetwork, "lr_factors", factors, raising=False)
    embedder = make_embedder(
        module=OwnNetwork, module_params=None, lr=0.01, max_epochs=1
    )
    rates = settings_by_parameter(embedder.fit(windows).net_, "lr")
    of_mixed = {rate for name, rate in rates.items() if ".mixed." in name}
    others = {rate for name, rate in rates.items() if ".mixed." not in name}
    assert of_mixed == ({0.01} if factors is None else {0.005})
    assert others == {0.01}


def test_a_layer_inside_of_another_has_its_own_rate(
    windows, make_embedder, monkeypatch
):
    class Nested(torch.nn.Module):
        lr_factors = {"outer": 2.0, "outer.0": 4.0}

        def __init__(self, **sizes):
            super().__init__()
            own = OwnNetwork(**sizes)
            self.outer = torch.nn.Sequential(torch.nn.Flatten(), own.mixed)
            self.outer.insert(0, torch.nn.Conv1d(2, 2, 1))

        def forward(self, windows):
            return self.outer(windows)

    embedder = make_embedder(module=Nested, module_params=None, lr=0.01, max_epochs=1)
    rates = settings_by_parameter(embedder.fit(windows).net_, "lr")
    for layer, rate in {"0": 0.04, "2": 0.02}.items():
        found = {r for name, r in rates.items() if f".outer.{layer}." in name}
        assert found == {rate}


def test_refuses_rates_of_layers_that_there_are_not(
    windows, make_embedder, monkeypatch
):
    monkeypatch.setattr(OwnNetwork, "lr_factors", {"mixd": 2.0}, raising=False)
    embedder = make_embedder(module=OwnNetwork, module_params=None)
    with pytest.raises(ValueError, match=r"OwnNetwork.lr_factors .* \['mixd'\]"):
        embedder.fit(windows)


def test_stops_early_and_keeps_a_copy_of_the_best_weights(
    windows, make_embedder, weights
):
    embedder = make_embedder(max_epochs=40, patience=2, lr=0.05).fit(windows)
    losses = embedder.net_.history[:, "valid_objective"]
    best = int(np.argmin(losses))
    assert len(losses) == best + 3 < 40
    until_best = make_embedder(max_epochs=best + 1, patience=2, lr=0.05).fit(windows)
    assert weights(embedder) == weights(until_best)


def test_validation_holds_out_whole_recordings(windows, make_embedder, monkeypatch):
    seen = {True: set(), False: set()}
    plain = PretextNet.get_iterator

    def spy(self, dataset, training=False):
        for rows in dataset.rows:
            seen[training] |= set(windows.recording_index[rows])
        return plain(self, dataset, training=training)

    monkeypatch.setattr(PretextNet, "get_iterator", spy)
    embedder = make_embedder(validation_fraction=0.4).fit(windows)
    assert len(seen[False]) == 2
    assert seen[True] | seen[False] == set(range(5))
    assert not seen[True] & seen[False]
    names = {windows.recordings[number].name for number in seen[False]}
    assert set(embedder.held_out_) == names


def test_which_recordings_are_held_out_depends_on_the_seed(windows, make_embedder):
    embedders = [make_embedder(random_state=k, max_epochs=1) for k in range(6)]
    assert len({embedder.fit(windows).held_out_[0] for embedder in embedders}) > 1


def test_one_recording_is_trained_on_for_all_epochs(windows, make_embedder):
    embedder = make_embedder(patience=1)
    with pytest.warns(UserWarning, match=r"=0.2 holds no recording out, as there are"):
        embedder.fit(windows[windows.groups == "S0"])
    assert embedder.held_out_ == []
    assert len(embedder.net_.history) == 3
    assert embedder.pretext_accuracy_ == {}


def test_epochs_are_more_where_held_out_recordings_may_end_them(windows, make_embedder):
    few = windows[np.flatnonzero(windows.starts < 40 * 75)]
    params = {"max_epochs": StagerNetEmbedder().max_epochs, "patience": 99}
    for fraction, n in [(0.2, 30), (None, 12)]:
        embedder = make_embedder(validation_fraction=fraction, **params).fit(few)
        assert len(embedder.net_.history) == n


def test_dropout_is_on_in_training_alone(windows, make_embedder, monkeypatch):
    modes = []
    plain = StagerNet.forward

    def spy(self, batch):
        modes.append((torch.is_grad_enabled(), self.dropout.training))
        return plain(self, batch)

    monkeypatch.setattr(StagerNet, "forward", spy)
    make_embedder().fit(windows).transform(windows)
    assert set(modes) == {(True, True), (False, False)}


def test_dropout_is_another_in_every_epoch_and_validation_the_same(
    windows, make_embedder, monkeypatch
):
    drawn, plain = {True: [], False: []}, PretextNet.infer

    def spy(net, signal):
        drawn[net.module_.training].append(torch.get_rng_state().numpy().tobytes())
        return plain(net, signal)

    monkeypatch.setattr(PretextNet, "infer", spy)
    n_steps = []
    for random_state in (0, 1):
        make_embedder(max_epochs=2, random_state=random_state).fit(windows)
        n_steps.append(len(drawn[True]))
    assert len(set(drawn[True])) == len(drawn[True]) == 2 * n_steps[0]
    assert len(set(drawn[False])) == 2


def test_epochs_have_different_plans_and_validation_always_the_same():
    index, onsets = np.zeros(90, int), np.arange(90) * 3.0
    source = WindowSource(np.zeros((90, 1, 5), np.float32), index, onsets, ["S0"])
    dataset = PretextDataset(source, [np.arange(90)])

    def epochs(epoch):
        task = RelativePositioning(9, 30)
        batches = PretextBatches(dataset, 32, tasks=[task], seed=5, epoch=epoch)
        return [
            np.concatenate([questions[0]["tuples"] for _, questions in batches])
            for _ in range(2)
        ]

    train, valid = epochs(0), epochs(None)
    assert not np.array_equal(*train)
    np.testing.assert_array_equal(*valid)
    np.testing.assert_array_equal(epochs(1)[0], train[1])


def test_refuses_batches_in_which_there_is_nothing_to_ask(windows, make_embedder):
    task = ContrastivePredictiveCoding(2, 2, 2)
    runs_of_four = windows[windows.starts // windows.n_times % 5 < 4]
    embedder = make_embedder(task, batch_size=4)
    with pytest.raises(ValueError, match=r"finds nothing to ask .* batch of 4 wind"):
        embedder.fit(runs_of_four)


class InSomeEpochs(RelativePositioning):
    """Has something to ask in some epochs alone."""

    def plan_epoch(self, recording_index, onsets, batch_size, rng):
        if rng.random() < 0.6:
            yield from super().plan_epoch(recording_index, onsets, batch_size, rng)


def test_warns_of_an_epoch_without_a_step(windows, make_embedder):
    task = InSomeEpochs(9, 30)
    embedder = make_embedder(task, max_epochs=8, validation_fraction=None)
    with pytest.warns(UserWarning, match="has no step, as") as caught:
        embedder.fit(windows)
    n_steps = [epoch["train_batch_count"] for epoch in embedder.net_.history]
    empty = [number for number, n in enumerate(n_steps, start=1) if n == 0]
    found = [str(warning.message).split(",")[0] for warning in caught]
    assert found == [f"Epoch {number} has no step" for number in empty]
    assert 0 < len(empty) < 8


def test_warns_of_windows_that_share_samples(windows, make_embedder):
    overlapping = Windower(3.0, 1.5).fit_transform(list(windows.recordings))
    told = "Windows of 3 s begin every 1.5 s: a pretext task can be solved"
    with pytest.warns(UserWarning, match=told):
        make_embedder(max_epochs=1).fit(overlapping)
    make_embedder("random").fit(overlapping)


def test_a_few_minutes_train_in_every_epoch(make_embedder):
    # Of 2 min and a window more few batches hold two windows that are far apart.
    windows = np.random.default_rng(0).normal(size=(243, 2, 75))
    params = {"max_epochs": 8, "batch_size": 32, "validation_fraction": None}
    embedder = make_embedder(RelativePositioning(), **params)
    embedder.fit(windows, onsets=np.arange(243) / 2)
    assert all(epoch["train_batch_count"] for epoch in embedder.net_.history)


def test_sizes_may_be_numpys(windows, make_embedder):
    task = ContrastivePredictiveCoding(2, 2, n_hidden=np.int64(7))
    embedder = make_embedder(task, n_features=np.int64(4), max_epochs=1)
    assert embedder.fit_transform(windows).shape == (len(windows), 4)


@pytest.mark.parametrize("validation_fraction", [0.2, None])
def test_a_training_that_diverges_is_no_training(
    windows, make_embedder, validation_fraction
):
    embedder = make_embedder(lr=1e30, validation_fraction=validation_fraction)
    with pytest.raises(
        FloatingPointError, match=r"diverges. Try a smaller lr than 1e\+30"
    ):
        embedder.fit(windows)
    assert not hasattr(embedder, "net_")


def test_interruption_by_the_user_is_not_taken_for_the_end(
    windows, make_embedder, monkeypatch
):
    def interrupt(self, batch, **params):
        raise KeyboardInterrupt

    monkeypatch.setattr(PretextNet, "train_step", interrupt)
    with pytest.raises(KeyboardInterrupt):
        make_embedder().fit(windows)


def test_tells_how_many_windows_an_epoch_embedded_and_keeps_no_step(
    windows, make_embedder
):
    history = make_embedder(validation_fraction=None).fit(windows).net_.history
    assert history[:, "train_windows"] == [len(windows)] * 3
    assert not any(row["batches"] for row in history)
    history = make_embedder().fit(windows).net_.history
    assert history[:, "train_windows"] == [len(windows) * 4 / 5] * 3


def test_verbose_prints_a_line_per_epoch(windows, make_embedder, capsys):
    make_embedder(verbose=1, validation_fraction=None).fit(windows)
    lines = capsys.readouterr().out.splitlines()
    assert "train_accuracy_RelativePositioning" in lines[0]
    assert len(lines) == 2 + 3
    make_embedder().fit(windows)
    assert capsys.readouterr().out == ""


def test_drawn_pairs_train_too(windows, make_embedder):
    task = RelativePositioning(12, 30, n_tuples=40)
    embedder = make_embedder(task, max_epochs=2).fit(windows)
    # 4 training recordings x 40 pairs, 32 pairs of two windows a batch.
    assert embedder.net_.history[0]["train_batch_count"] == 5
