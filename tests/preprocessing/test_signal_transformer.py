"""Transformers of each channel's signal, as a subclass writes them."""

import numpy as np
import pytest

from sksleep import Recording
from sksleep.preprocessing._signal_transformer import SignalTransformer


class Twice(SignalTransformer):
    """No more than the base asks for."""

    _parameter_constraints = {}

    def __init__(self, sfreq=None, *, n_jobs=None, memmap_dir=None):
        self.sfreq = sfreq
        self.n_jobs = n_jobs
        self.memmap_dir = memmap_dir

    def _design(self, sfreq):
        return lambda rows, out: np.multiply(rows, 2, out=out)


@pytest.mark.parametrize("is_mapped", [False, True])
def test_a_subclass_says_what_to_do_with_rows(tmp_path, is_mapped):
    signal = np.random.default_rng(0).normal(size=(2, 500)).astype(np.float32)
    recording = Recording(signal, 100, ["a", "b"], "S01")
    twice = Twice(sfreq=100.0, memmap_dir=tmp_path if is_mapped else None)
    [changed] = twice.fit_transform([recording])
    np.testing.assert_array_equal(changed.data, 2 * signal)
    np.testing.assert_array_equal(twice.fit_transform(signal), 2 * signal)
    assert isinstance(changed.data, np.memmap) == is_mapped
