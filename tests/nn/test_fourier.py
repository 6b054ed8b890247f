"""Transforms in one step and in two, against numpy's."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sksleep.nn._fourier import FourierTransform, make_transform


@st.composite
def transforms(draw):
    """A transform, how many times are not zero, and numbers at those."""
    n_first, n_second = 2 * draw(st.integers(1, 8)), draw(st.integers(1, 7))
    n_times = draw(st.integers(1, n_first * n_second))
    rows = np.random.default_rng(draw(st.integers(0, 99))).normal(size=(n_times, 3))
    return n_first, n_second, torch.from_numpy(rows)


def there(transform, rows):
    out = torch.full((len(transform.matrix), rows.shape[1]), np.nan).to(rows)
    transform.there(rows, out, via="between")
    return out


def back(transform, spectra, n_times):
    out = torch.full((transform.round_up(n_times), spectra.shape[1]), np.nan)
    transform.back(spectra, out := out.to(spectra), via="between")
    return out


@given(transforms())
def test_agrees_with_numpy_half_a_step_off(given):
    n_first, n_second, rows = given
    n = n_first * n_second
    turned = rows.numpy().T * np.exp(-1j * np.pi * np.arange(len(rows)) / n)
    spectra = np.fft.fft(turned, n).T * np.sqrt(2 / n)
    order = np.add.outer(np.arange(n_first // 2), n_first * np.arange(n_second)).ravel()
    expected = np.stack([spectra.real, spectra.imag], 1)[order].reshape(n, -1)
    found = there(FourierTransform(n_first, n_second, torch.float64), rows)
    np.testing.assert_allclose(found, expected, atol=1e-12)


@given(transforms())
def test_the_matrix_does_the_same(given):
    n_first, n_second, rows = given
    transform = FourierTransform(n_first, n_second, torch.float64)
    expected = transform.matrix[:, : len(rows)] @ rows
    torch.testing.assert_close(there(transform, rows), expected)


@given(transforms())
def test_leads_back_to_the_first_times(given):
    n_first, n_second, rows = given
    transform = FourierTransform(n_first, n_second, torch.float64)
    found = back(transform, there(transform, rows), len(rows))
    torch.testing.assert_close(found[: len(rows)], rows)
    torch.testing.assert_close(found[len(rows) :], torch.zeros_like(found[len(rows) :]))


@pytest.mark.parametrize("n_second", [1, 3])
def test_adds_the_way_back(n_second):
    transform = FourierTransform(4, n_second, torch.float64)
    spectra = torch.randn(4 * n_second, 2, dtype=torch.float64)
    rows = torch.randn(transform.round_up(4), 2, dtype=torch.float64)
    expected = rows + back(transform, spectra, 4)
    transform.add_back(spectra, rows, via="between")
    torch.testing.assert_close(rows, expected)


def test_leaves_what_it_transforms():
    rows = torch.randn(5, 2, dtype=torch.float64)
    before = rows.clone()
    there(FourierTransform(4, 3, torch.float64), rows)
    assert torch.equal(rows, before)


def test_training_can_use_what_was_made_for_inference():
    with torch.inference_mode():
        made = make_transform(6, 5, torch.float32)
    assert made is make_transform(6, 5, torch.float32)
    weight = torch.ones(30, 1, requires_grad=True)
    (made.matrix @ weight).sum().backward()
    assert weight.grad is not None
