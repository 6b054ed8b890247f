"""Networks as users write them."""

import pickle
from functools import wraps

import numpy as np
import pytest
import torch
from joblib import wrap_non_picklable_objects
from torch import nn

from sksleep.nn import StagerNet
from sksleep.pretext import RelativePositioning


def test_another_network_can_take_the_place_of_stager_net(windows, make_embedder):
    class Spectrum(nn.Module):
        def __init__(self, n_channels, n_times, n_features, power=2):
            super().__init__()
            self.power = power
            self.linear = nn.Linear(n_channels * (n_times // 2 + 1), n_features)

        def forward(self, windows):
            return self.linear((abs(torch.fft.rfft(windows)) ** self.power).flatten(1))

    embedder = make_embedder(module=Spectrum, module_params={"power": 1})
    assert embedder.fit_transform(windows).shape == (len(windows), 6)


class Lazy(nn.Module):
    """One whose last layer takes its size from the first windows."""

    def __init__(self, n_channels, n_times, n_features):
        super().__init__()
        self.convolution = nn.Conv1d(n_channels, 4, 9, stride=4)
        self.linear = nn.LazyLinear(n_features)

    def forward(self, windows):
        return self.linear(self.convolution(windows).flatten(1))


def test_layers_may_take_their_size_from_windows(windows, make_embedder, weights):
    params = {"module": Lazy, "module_params": None, "max_epochs": 2}
    one, other = (make_embedder(**params).fit(windows) for _ in range(2))
    assert weights(one) == weights(other)
    restored = pickle.loads(pickle.dumps(one))
    np.testing.assert_array_equal(restored.transform(windows), one.transform(windows))


def test_code_of_a_script_gets_to_workers_and_back(windows, make_embedder):
    def get_there_and_back(embedder):
        # By cloudpickle, which writes classes that other processes cannot import.
        wrapped = wrap_non_picklable_objects(embedder, keep_wrapper=False)
        return pickle.loads(pickle.dumps(wrapped))

    class Task(RelativePositioning):
        pass

    class Net(nn.Module):
        def __init__(self, n_channels, n_times, n_features):
            super().__init__()
            self.layers = nn.Sequential(
                nn.Flatten(), nn.Linear(n_channels * n_times, n_features)
            )
            self.after = lambda embeddings: 2 * embeddings

        def forward(self, windows):
            return self.after(self.layers(windows))

    embedder = make_embedder(
        pretext=Task(tau_pos=6, tau_neg=15),
        module=Net,
        module_params=None,
        max_epochs=1,
    )
    expected = embedder.fit_transform(windows)
    for _ in range(2):
        embedder = get_there_and_back(embedder)
        np.testing.assert_array_equal(embedder.transform(windows), expected)


def test_another_network_keeps_its_own_dtypes(windows, make_embedder):
    class Double(nn.Module):
        def __init__(self, n_channels, n_times, n_features):
            super().__init__()
            size = n_channels * n_times
            self.linear = nn.Linear(size, n_features, dtype=torch.float64)

        def forward(self, windows):
            return self.linear(windows.flatten(1).double()).float()

    embedder = make_embedder(module=Double, module_params={}, max_epochs=1)
    assert embedder.fit_transform(windows).shape == (len(windows), 6)


def test_refuses_arguments_that_a_network_has_not(windows, make_embedder):
    message = (
        "module_params do not fit StagerNet: got an unexpected keyword .*'filters'"
    )
    with pytest.raises(ValueError, match=message):
        make_embedder(module_params={"filters": 3}).fit(windows)


def test_a_network_may_take_arguments_in_its_own_way(windows, make_embedder):
    def tagged(init):
        @wraps(init)
        def take_tag(self, *args, tag, **kwargs):
            init(self, *args, **kwargs)
            self.tag = tag

        return take_tag

    class Tagged(StagerNet):
        __init__ = tagged(StagerNet.__init__)

    params = {"tag": 3, "kernel_sizes": (5, 5), "pool_sizes": (3, 3)}
    embedder = make_embedder(module=Tagged, module_params=params, max_epochs=1)
    assert embedder.fit(windows).net_.module_.network.tag == 3


def test_an_error_of_a_network_without_a_signature_is_its_own(windows, make_embedder):
    class Unsigned(nn.Module):
        __signature__ = property(lambda self: None)

        def __init__(self, **sizes):
            raise TypeError("an error of its own")

    with pytest.raises(TypeError, match="an error of its own"):
        make_embedder(module=Unsigned, module_params=None).fit(windows)


def test_refuses_a_network_that_gives_another_shape(windows, make_embedder):
    class Sequence(nn.Module):
        def __init__(self, n_channels, n_times, n_features):
            super().__init__()
            self.linear = nn.Linear(n_times, n_features)

        def forward(self, windows):
            return self.linear(windows)

    message = r"module Sequence must .* of shape \(2, 6\), got \(2, 2, 6\)"
    with pytest.raises(ValueError, match=message):
        make_embedder(module=Sequence, module_params=None).fit(windows)

    class Pair(Sequence):
        def forward(self, windows):
            return windows, windows

    with pytest.raises(ValueError, match=r"module Pair must .*, got tuple"):
        make_embedder(module=Pair, module_params=None).fit(windows)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_refuses_a_network_that_gives_another_dtype(windows, make_embedder, dtype):
    class Other(nn.Module):
        def __init__(self, n_channels, n_times, n_features):
            super().__init__()
            self.linear = nn.Linear(n_channels * n_times, n_features)

        def forward(self, windows):
            return self.linear(windows.flatten(1)).to(dtype)

    with pytest.raises(ValueError, match=rf"module Other must .*float32.* got {dtype}"):
        make_embedder("random", module=Other, module_params=None).fit(windows)


def test_a_network_may_keep_what_it_makes_in_its_first_pass(windows, make_embedder):
    class Weighted(nn.Module):
        """Weights times by a ramp, as encodings of positions are made."""

        def __init__(self, n_channels, n_times, n_features):
            super().__init__()
            self.ramp = None
            self.slope = nn.Parameter(torch.ones(1))
            self.linear = nn.Linear(n_channels * n_times, n_features)

        def forward(self, windows):
            if self.ramp is None:
                self.ramp = torch.linspace(0, 1, windows.shape[2])
            return self.linear((windows * (1 + self.slope * self.ramp)).flatten(1))

    embedder = make_embedder(module=Weighted, module_params=None, max_epochs=1)
    assert np.isfinite(embedder.fit_transform(windows)).all()
