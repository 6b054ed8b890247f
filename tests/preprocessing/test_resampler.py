import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import signal

from sksleep import Recording
from sksleep.preprocessing import BandpassFilter, Resampler
from sksleep.preprocessing._resampler import design_anti_alias

RATES = [(1000.0, 250.0), (512.0, 100.0), (200.0, 250.0), (256.41, 128.205)]


def tone(freq, sfreq, seconds=20.0):
    return np.sin(2 * np.pi * freq * np.arange(round(seconds * sfreq)) / sfreq)


def away_from_edges(x):
    return x[..., x.shape[-1] // 4 : -x.shape[-1] // 4]


@pytest.mark.parametrize(("sfreq_in", "sfreq"), RATES[:3])
@pytest.mark.parametrize("method", ["polyphase", "fft"])
def test_agrees_with_mne_in_the_pass_band(sfreq_in, sfreq, method):
    """To 1 % of the amplitude: the pass bands of the filters differ by less."""
    mne = pytest.importorskip("mne")
    X = np.random.default_rng(0).normal(size=(2, round(20 * sfreq_in)))
    X = BandpassFilter(h_freq=0.2 * sfreq, sfreq=sfreq_in).fit_transform(X)
    raw = mne.io.RawArray(X, mne.create_info(2, sfreq_in), verbose="error")
    expected = raw.resample(sfreq, method=method, verbose="error").get_data()
    result = Resampler(sfreq, sfreq_in=sfreq_in).fit_transform(X)
    assert result.shape == expected.shape
    atol = 0.01 * np.abs(expected).max()
    assert_allclose(away_from_edges(result), away_from_edges(expected), atol=atol)


@settings(deadline=None)
@given(
    up=st.integers(1, 40),
    down=st.integers(1, 40),
    n_times=st.integers(2, 1000),
    dtype=st.sampled_from([np.float32, np.float64]),
)
@example(up=1, down=1000, n_times=5000, dtype=np.float32)
@example(up=1000, down=1, n_times=10, dtype=np.float32)
@example(up=999, down=1000, n_times=3000, dtype=np.float64)
@example(up=768, down=3125, n_times=7000, dtype=np.float32)
@example(up=7, down=7, n_times=100, dtype=np.float32)
def test_is_that_of_scipy_to_rounding(up, down, n_times, dtype):
    """With the same filter; at the ends too."""
    X = np.random.default_rng(0).normal(size=(3, n_times)).astype(dtype)
    result = Resampler(float(up), sfreq_in=float(down)).fit_transform(X)
    ratio = Fraction(up, down)
    taps = design_anti_alias(down, up, ratio.numerator)
    expected = signal.resample_poly(
        X.astype(float), up, down, axis=1, window=taps, padtype="antireflect"
    )
    atol = 20 * np.finfo(dtype).eps * np.abs(expected).max()
    assert_allclose(result, expected, atol=atol)


@pytest.mark.parametrize("n_jobs", [2, 3])
def test_threads_change_nothing(n_jobs):
    X = np.random.default_rng(0).normal(size=(5, 700_000)).astype(np.float32)
    resampler = Resampler(100.0, sfreq_in=512.0)
    expected = resampler.fit_transform(X)
    assert_array_equal(resampler.set_params(n_jobs=n_jobs).transform(X), expected)


@pytest.mark.parametrize(("sfreq_in", "sfreq"), RATES)
@pytest.mark.parametrize("part", [0.01, 0.3, 0.6, 0.8])
def test_keeps_phase_and_amplitude_in_the_pass_band(sfreq_in, sfreq, part):
    freq = part * min(sfreq_in, sfreq) / 2
    recording = Recording([tone(freq, sfreq_in)], sfreq_in, ["Cz"], "S01")
    [resampled] = Resampler(sfreq).fit_transform([recording])
    expected = tone(freq, sfreq)[: resampled.n_times]
    assert resampled.sfreq == sfreq
    assert_allclose(
        away_from_edges(resampled.data[0, : len(expected)]),
        away_from_edges(expected),
        atol=0.01,
    )


@pytest.mark.parametrize(("sfreq_in", "sfreq"), [RATES[0], RATES[1], RATES[3]])
@pytest.mark.parametrize("part", [1.0, 1.05, 1.5, 1.9])
def test_tone_above_the_new_nyquist_frequency_is_gone(sfreq_in, sfreq, part):
    freq = part * sfreq / 2
    wave = np.cos(2 * np.pi * freq * np.arange(round(20 * sfreq_in)) / sfreq_in)
    [result] = Resampler(sfreq, sfreq_in=sfreq_in).fit_transform(wave[None])
    assert np.abs(away_from_edges(result)).max() < 10 ** (-60 / 20)


@pytest.mark.parametrize(("sfreq_in", "sfreq"), [*RATES, (250.0, 250.0)])
@pytest.mark.parametrize("n_times", [1, 2, 7, 1001])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_length_type_and_offset(sfreq_in, sfreq, n_times, dtype):
    X = np.full((2, 3, n_times), 7.0, dtype=dtype)
    X.flags.writeable = False
    result = Resampler(sfreq, sfreq_in=sfreq_in).fit_transform(X)
    assert result.shape == (2, 3, np.ceil(n_times * round(sfreq / sfreq_in, 9)))
    assert result.dtype == dtype
    assert not np.shares_memory(result, X)
    # No edge effects: a constant stays one.
    assert_allclose(result, 7.0, rtol=1e-3)


def test_recordings_of_several_rates_come_out_at_one(make_noise):
    same = make_noise(sfreq=250.0, subject="A")
    other = make_noise(sfreq=500.0, n_channels=3, subject="B")
    passed_on, resampled = Resampler(250, n_jobs=2).fit_transform([same, other])
    assert passed_on is same
    assert (resampled.subject, resampled.ch_names) == ("B", other.ch_names)
    alone = Resampler(250, sfreq_in=500.0).fit_transform(other.data)
    assert_array_equal(resampled.data, alone)
    assert Resampler(250).fit_transform([same]) == [same]


def test_annotations_keep_their_times_up_to_the_end():
    annotations = [(1.5, 2.25, "wake"), (9.0, 2.0, "REM")]
    recording = Recording(
        np.eye(2, 11), 1.0, ["a", "b"], "S01", annotations=annotations
    )
    [resampled] = Resampler(2.0).fit_transform([recording])
    assert resampled.annotations == recording.annotations
    overhanging = recording.replace(annotations=[(9.0, 2.4, "REM")])
    [resampled] = Resampler(2.0).fit_transform([overhanging])
    assert resampled.annotations == ((9.0, 2.0, "REM"),)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int64])
def test_rates_may_be_numbers_of_numpy(make_noise, dtype):
    [expected] = Resampler(100.0).fit_transform([make_noise()])
    [found] = Resampler(dtype(100)).fit_transform([make_noise()])
    np.testing.assert_array_equal(found.data, expected.data)


@pytest.mark.parametrize(
    "sfreq",
    [24414.0625 / 24, float(np.float32(24414.0625 / 24)), 1017.2526, 24414.0625 / 32],
)
def test_rates_of_tucker_davis_become_whole_ones(sfreq):
    recording = Recording(tone(10, sfreq)[None], sfreq, ["a"], "S01")
    [resampled] = Resampler(250).fit_transform([recording])
    assert resampled.n_times in (5000, 5001)  # as the last sample has it
    found, expected = resampled.data[0, :5000], tone(10, 250)
    assert_allclose(away_from_edges(found), away_from_edges(expected), atol=0.002)


@pytest.mark.parametrize("sfreq", [np.pi * 50, 250.0001])
def test_refuses_a_ratio_that_is_no_fraction(make_noise, sfreq):
    message = r"'S01' is sampled at 250.0 Hz: the ratio of sfreq=.* denominator"
    with pytest.raises(ValueError, match=message) as error:
        Resampler(sfreq).fit([make_noise()])
    nearest = float(
        re.search(r"nearest rate with one is (\S+) Hz", str(error.value))[1]
    )
    assert nearest == pytest.approx(sfreq, rel=1e-6)
    Resampler(nearest).fit([make_noise()])


def test_refuses_an_array_of_unknown_rate():
    with pytest.raises(ValueError, match="Resampler needs sfreq_in"):
        Resampler().fit(np.ones((2, 500)))
