import warnings
from itertools import combinations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sksleep import Recording
from sksleep.preprocessing import BandpassFilter
from sksleep.preprocessing._fir import design_fir

SFREQ = 250.0
BANDS = [(None, 55.0), (0.5, None), (0.5, 40.0), (12.0, 16.0), (1.5, 124.0)]
OF_A_LONG_FILTER = (0.02, 40.0)  # of more taps than an FFT usually has samples
TIMES = np.arange(5000) / SFREQ


@pytest.mark.parametrize(("l_freq", "h_freq"), [*BANDS, OF_A_LONG_FILTER])
@pytest.mark.parametrize("n_times", [1, 125, 5000, 40_000])
def test_fir_is_that_of_mne(make_noise, l_freq, h_freq, n_times):
    """To rounding in float32, at the edges and in short signals too."""
    mne = pytest.importorskip("mne")
    X = make_noise(160.0).data[:, :n_times]
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        result = BandpassFilter(l_freq, h_freq, sfreq=SFREQ).fit_transform(X)
    expected = mne.filter.filter_data(
        X.astype(float), SFREQ, l_freq, h_freq, verbose="error"
    )
    assert result.dtype == np.float32
    assert_allclose(result, expected, atol=2e-5)


@pytest.mark.parametrize("sfreq", [100, 125, 128, 150, 200, 250, 256, 300, 500, 1000])
def test_fir_has_the_taps_of_mne(sfreq):
    """Also where its length is a half, as for most bands at 150 Hz."""
    mne = pytest.importorskip("mne")
    edges = [None, 0.1, 0.3, 1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 30.0, 40.0]
    for l_freq, h_freq in combinations(edges, 2):
        for low, high in ((l_freq, h_freq), (h_freq, None)):
            taps = design_fir(float(sfreq), low, high)
            expected = mne.filter.create_filter(None, sfreq, low, high, verbose="error")
            assert_allclose(taps, expected, atol=1e-12)


@pytest.mark.parametrize(("l_freq", "h_freq"), BANDS)
def test_iir_is_that_of_mne(make_noise, l_freq, h_freq):
    mne = pytest.importorskip("mne")
    X = make_noise().data.astype(float)
    result = BandpassFilter(l_freq, h_freq, method="iir", sfreq=SFREQ).fit_transform(X)
    expected = mne.filter.filter_data(
        X, SFREQ, l_freq, h_freq, method="iir", verbose="error"
    )
    assert_allclose(result, expected, atol=1e-9)


@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize(("l_freq", "h_freq"), [*BANDS, (0.05, 40.0)])
def test_iir_of_a_long_recording_is_that_of_mne_to_rounding(
    make_noise, l_freq, h_freq, offset
):
    """At the ends too; the error is relative to the largest value."""
    mne = pytest.importorskip("mne")
    recording = make_noise(300.0)
    recording = recording.replace(data=recording.data + offset)
    [result] = BandpassFilter(l_freq, h_freq, method="iir").fit_transform([recording])
    X = recording.data.astype(float)
    expected = mne.filter.filter_data(
        X, SFREQ, l_freq, h_freq, method="iir", verbose="error"
    )
    assert_allclose(result.data, expected, atol=2e-6 * np.abs(X).max())


@pytest.mark.parametrize("n_times", [2, 500, 16_143, 16_144, 16_145, 50_000])
@pytest.mark.parametrize(("n_rows", "dtype"), [(1, np.float32), (3, np.float64)])
def test_fir_is_a_convolution(n_times, n_rows, dtype):
    """About the length of one block, too."""
    X = np.random.default_rng(0).normal(size=(n_rows, n_times)).astype(dtype)
    taps = design_fir(1000.0, None, 55.0)
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        result = BandpassFilter(sfreq=1000.0).fit_transform(X)
    n_pad = len(taps) // 2
    n_reflected = min(n_pad, n_times - 1)
    pads = [(0, 0), (n_reflected, n_reflected)]
    padded = np.pad(X, pads, "reflect", reflect_type="odd")
    padded = np.pad(padded, [(0, 0), (n_pad - n_reflected,) * 2])
    expected = [np.convolve(row, taps, mode="valid") for row in padded.astype(float)]
    assert_allclose(result, expected, atol=20 * np.finfo(dtype).eps)


@pytest.mark.parametrize("method", ["fir", "iir"])
@pytest.mark.parametrize(
    ("freq", "gain"), [(0.05, 0.0), (8.0, 1.0), (20.0, 1.0), (60.0, 0.0), (110.0, 0.0)]
)
def test_passes_the_band_in_phase_and_stops_the_rest(method, freq, gain):
    wave = np.sin(2 * np.pi * freq * TIMES)
    recording = Recording([wave], SFREQ, ["Cz"], "S01")
    [filtered] = BandpassFilter(1.0, 40.0, method=method).fit_transform([recording])
    inside = slice(1250, -1250)
    atol = 0.005 if method == "fir" else 0.02
    assert_allclose(filtered.data[0, inside], gain * wave[inside], atol=atol)


@pytest.mark.parametrize("method", ["fir", "iir"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(3, 500), (3, 2, 500)])
def test_array_is_filtered_along_its_last_axis(method, dtype, shape):
    X = np.random.default_rng(0).normal(size=shape).astype(dtype)
    X.flags.writeable = False
    transformer = BandpassFilter(method=method, sfreq=SFREQ)
    result = transformer.fit_transform(X)
    assert result.dtype == dtype
    assert not np.shares_memory(result, X)
    assert_allclose(result[1:2], transformer.transform(X[1:2]), atol=1e-5)
    if len(shape) == 3:
        assert_allclose(result[:, 1], transformer.fit_transform(X[:, 1]), atol=1e-5)


@pytest.mark.parametrize("method", ["fir", "iir"])
def test_recordings_keep_all_but_the_signal(make_noise, method):
    recordings = [
        make_noise(subject="A", annotations=[(1, 2, "wake")]),
        make_noise(sfreq=1000.0, subject="B"),
    ]
    before = [r.data.copy() for r in recordings]
    filtered = BandpassFilter(method=method, n_jobs=2).fit_transform(recordings)
    for old, new, data in zip(recordings, filtered, before, strict=True):
        assert_array_equal(old.data, data)
        assert new.data.dtype == np.float32
        assert not np.shares_memory(new.data, old.data)
        for field in ("sfreq", "ch_names", "subject", "annotations"):
            assert getattr(new, field) == getattr(old, field)
        alone = BandpassFilter(method=method, sfreq=old.sfreq).fit_transform(old.data)
        assert_array_equal(new.data, alone)


def test_long_signals_are_filtered_in_blocks_without_seams():
    X = np.random.default_rng(0).normal(size=(1, 600_000)).astype(np.float32)
    transformer = BandpassFilter(0.5, 40.0, sfreq=SFREQ)
    whole = transformer.fit_transform(X)
    part = transformer.fit_transform(X[:, 200_000:400_000])
    assert_allclose(whole[:, 210_000:390_000], part[:, 10_000:-10_000], atol=1e-5)


def test_warns_where_the_signal_is_shorter_than_the_filter(make_noise):
    with pytest.warns(UserWarning, match=r"'S01' has 250 samples, .* filter \(1651\)"):
        BandpassFilter(0.5).fit_transform([make_noise(1.0)])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"h_freq": 125.0}, "'S01' .* h_freq=125 Hz must be below its Nyquist .* 125"),
        ({"l_freq": 130.0, "h_freq": None}, "'S01' .* l_freq=130 Hz must be below"),
        ({"l_freq": 55.0}, "l_freq=55 Hz must be below h_freq=55 Hz"),
        ({"h_freq": None}, "l_freq and h_freq are both None"),
        ({"h_freq": 0.0}, "'h_freq' parameter"),
        ({"l_freq": -1.0}, "'l_freq' parameter"),
        ({"method": "fft"}, "'method' parameter"),
    ],
)
def test_refuses(make_noise, parameters, message):
    with pytest.raises(ValueError, match=message):
        BandpassFilter(**parameters).fit([make_noise()])


def test_refuses_an_array_of_unknown_rate():
    with pytest.raises(ValueError, match="BandpassFilter needs sfreq"):
        BandpassFilter().fit(np.ones((2, 500)))


@pytest.mark.parametrize("method", ["fir", "iir"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int64])
def test_edges_may_be_numbers_of_numpy(make_noise, method, dtype):
    edges = {"l_freq": 4.0, "h_freq": 40.0}
    [expected] = BandpassFilter(**edges, method=method).fit_transform([make_noise()])
    edges = {name: dtype(edge) for name, edge in edges.items()}
    [found] = BandpassFilter(**edges, method=method).fit_transform([make_noise()])
    assert_array_equal(found.data, expected.data)
