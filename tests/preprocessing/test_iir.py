import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import signal

from sksleep.preprocessing import _iir
from sksleep.preprocessing._iir import design_iir, filter_iir, prepare_iir
from sksleep.preprocessing._zero_phase import N_BLOCK, ZeroPhaseFilter

BANDS = [(None, 55.0), (0.5, 55.0), (0.1, None), (5.0, 6.0), (0.5, 124.0)]


def run_both_ways(zpk, rows):
    """What scipy computes, in float64, with the ends as filter_iir treats them."""
    sections, n_pad, *_ = prepare_iir(*zpk)
    rows = rows.astype(float)
    return signal.sosfiltfilt(sections, rows, padtype="odd", padlen=n_pad)


@pytest.mark.parametrize(("l_freq", "h_freq"), BANDS)
def test_is_the_response_forward_and_backward(l_freq, h_freq):
    zpk = design_iir(250.0, l_freq, h_freq)
    n_blocks = 2 * prepare_iir(*zpk)[2] // N_BLOCK + 3
    impulse = signal.unit_impulse((1, n_blocks * N_BLOCK), "mid", np.float32)
    filtered = ZeroPhaseFilter(*zpk)(impulse, 0, impulse.size)
    sections = signal.zpk2sos(*zpk)
    expected = signal.sosfiltfilt(sections, impulse.astype(float), padtype=None)
    assert_allclose(filtered, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "zpk",
    [
        signal.butter(1, 1.0, "highpass", fs=250.0, output="zpk"),
        signal.tf2zpk(*signal.iirnotch(50.0, 0.3, 500.0)),
    ],
    ids=["one pole", "two poles"],
)
def test_takes_real_poles(zpk):
    assert zpk[1].dtype == float or len(zpk[1]) == 1
    rows = np.random.default_rng(0).standard_normal((1, 50_000), np.float32)
    out = np.empty_like(rows)
    filter_iir(*prepare_iir(*zpk), rows, out)
    assert_allclose(out, run_both_ways(zpk, rows), rtol=0, atol=1e-5)


@pytest.mark.parametrize("n_more", [0, 1, N_BLOCK - 1, N_BLOCK, 5 * N_BLOCK + 3])
@pytest.mark.parametrize(("l_freq", "n_rows"), [(None, 1), (1.0, 3)])
def test_is_seamless_where_segments_and_blocks_meet(l_freq, n_rows, n_more):
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((n_rows, 2 * 2048 * N_BLOCK + n_more), np.float32)
    zpk = design_iir(250.0, l_freq, 55.0)
    out = np.full_like(rows, np.nan)
    filter_iir(*prepare_iir(*zpk), rows, out)
    expected = run_both_ways(zpk, rows)
    assert_allclose(out, expected, atol=1e-6 * np.abs(expected).max())


def test_looks_as_far_as_the_response_reaches(monkeypatch):
    """Where that is farther than a segment: it is made longer."""
    monkeypatch.setattr(_iir, "_SEGMENT", N_BLOCK)
    zpk = design_iir(250.0, 0.5, 55.0)
    n_reach = prepare_iir(*zpk)[2]
    rng = np.random.default_rng(0)
    rows = np.asfortranarray(rng.standard_normal((2, 20 * n_reach + 5), np.float32))
    out = np.full_like(rows, np.nan)
    filter_iir(*prepare_iir(*zpk), rows, out)
    assert_allclose(out, run_both_ways(zpk, rows), atol=4e-6)


@pytest.mark.parametrize(("l_freq", "h_freq"), [(0.5, 55.0), (1.0, None)])
def test_large_offsets_and_drifts_cost_no_digits(l_freq, h_freq):
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((1, 300_000))
    rows = (1e4 + 0.05 * rows.cumsum() + rows[:, ::-1]).astype(np.float32)
    zpk = design_iir(250.0, l_freq, h_freq)
    out = np.empty_like(rows)
    filter_iir(*prepare_iir(*zpk), rows, out)
    expected = run_both_ways(zpk, rows)
    assert_allclose(out, expected, rtol=0, atol=2e-6 * np.abs(expected).max())
