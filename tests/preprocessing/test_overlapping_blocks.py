"""How many blocks are computed at once does not matter."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sksleep.preprocessing import BandpassFilter, Resampler


@pytest.mark.parametrize("n_times", [700, 12_800, 12_801, 150_000])
@pytest.mark.parametrize(
    "transformer",
    [
        BandpassFilter(5.0, 55.0, sfreq=250.0),
        BandpassFilter(5.0, 55.0, method="iir", sfreq=250.0),
        *[Resampler(sfreq, sfreq_in=250.0) for sfreq in (62.5, 100.0, 1000.0, 250.25)],
    ],
    ids=repr,
)
def test_blocks_one_by_one_give_the_same(transformer, n_times, monkeypatch):
    X = 3 + np.random.default_rng(0).normal(size=(2, n_times)).astype(np.float32)
    expected = transformer.fit_transform(X)
    for name in ("_AT_ONCE", "_N_TOGETHER"):
        monkeypatch.setattr(f"sksleep.preprocessing._overlapping_blocks.{name}", 1)
    assert_allclose(transformer.transform(X), expected, atol=1e-5)
