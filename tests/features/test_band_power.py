import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import signal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from sksleep import Recording, Windows
from sksleep.features import BandPower, _band_power

SFREQ, N_TIMES = 250.0, 750
CH_NAMES = ["PrL_Cx", "BLA"]


def make_windows(n_subjects=4, n_per_subject=6, sfreq=SFREQ, ch_names=CH_NAMES):
    rng = np.random.default_rng(0)
    shape = (len(ch_names), n_per_subject * N_TIMES)
    recordings = [
        Recording(rng.normal(5, 2, shape), sfreq, ch_names, f"S{number}")
        for number in range(n_subjects)
    ]
    recording_index = np.repeat(np.arange(n_subjects), n_per_subject)
    starts = np.tile(np.arange(n_per_subject) * N_TIMES, n_subjects)
    return Windows(recordings, recording_index, starts, N_TIMES)


def tone(frequency, amplitude=1.0):
    return amplitude * np.sin(2 * np.pi * frequency * np.arange(N_TIMES) / SFREQ + 0.3)


@parametrize_with_checks(
    [
        BandPower(bands={"all": (0, 0.5)}, sfreq=1.0),
        BandPower(bands={"low": (0, 0.2), "high": (0.2, 0.5)}, sfreq=1.0, batch_size=3),
        BandPower(bands={"all": (0, 0.5)}, sfreq=1.0, relative=True),
    ],
    expected_failed_checks=lambda estimator: (
        {"check_fit2d_1feature": "one sample per window has no frequency above 0"}
        if len(estimator.bands) == 2
        else {}
    ),
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_shares_do_not_tell_how_large_a_signal_is():
    windows = np.asarray(make_windows(), dtype=float)
    sizes = np.random.default_rng(1).uniform(0.1, 10, (len(windows), 2, 1))
    band_power = BandPower({"theta": (4, 8)}, sfreq=SFREQ, relative=True)
    shares = band_power.fit_transform(windows)
    f, density = signal.periodogram(
        windows, SFREQ, window="hann", detrend="constant", axis=-1
    )
    expected = density[..., (f >= 4) & (f < 8)].sum(-1) / density.sum(-1)
    assert_allclose(shares, np.log(expected))
    assert_allclose(band_power.transform(sizes * windows + 7), shares)
    everything = BandPower({"all": (0, SFREQ / 2)}, sfreq=SFREQ, relative=True)
    assert_allclose(everything.fit_transform(windows), 0, atol=1e-12)


def test_equals_welch_window_by_window():
    windows = make_windows()
    bands = {"delta": (1, 4), "theta": (4, 8), "gamma": (30, 55)}
    expected = np.empty((len(windows), 2, 3))
    for row in range(len(windows)):
        for channel in range(2):
            f, density = signal.welch(
                windows[row][channel].astype(float), SFREQ, nperseg=N_TIMES
            )
            for band, (low, high) in enumerate(bands.values()):
                power = density[(f >= low) & (f < high)].sum() * f[1]
                expected[row, channel, band] = np.log(power)
    result = BandPower(bands).fit_transform(windows)
    assert result.dtype == np.float64
    assert_allclose(result, expected.reshape(len(windows), -1), rtol=1e-9)


@pytest.mark.parametrize(
    ("frequency", "band"), [(2, 0), (4, 1), (6, 1), (10, 2), (20, 3), (40, 4)]
)
def test_a_tone_lies_in_its_band_with_its_power(frequency, band):
    power = np.exp(BandPower(sfreq=SFREQ).fit_transform([tone(frequency, 3.0)])[0])
    assert power.argmax() == band
    # The Hann window spreads a tone over three frequencies of the periodogram.
    neighbours = power[band - 1] if frequency == 4 else 0
    assert power[band] + neighbours == pytest.approx(3.0**2 / 2, rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(
    n_times=st.integers(4, 200),
    sfreq=st.sampled_from([1.0, 7.5, 100.0, 256.0]),
    split=st.floats(0.3, 0.9),
)
def test_bands_side_by_side_share_out_all_the_power(n_times, sfreq, split):
    X = np.random.default_rng(n_times).normal(size=(3, n_times))
    middle = split * sfreq / 2
    bands = {"low": (0, middle), "high": (middle, sfreq / 2)}
    weights = signal.get_window("hann", n_times)
    centred = X - X.mean(axis=1, keepdims=True)
    expected = ((centred * weights) ** 2).sum(axis=1) / (weights**2).sum()
    power = np.exp(BandPower(bands, sfreq=sfreq).fit_transform(X))
    assert_allclose(power.sum(axis=1), expected)


def test_gain_adds_to_every_feature_and_offset_to_none():
    X = np.random.default_rng(0).normal(size=(5, 2, N_TIMES))
    band_power = BandPower(sfreq=SFREQ).fit(X)
    assert_allclose(
        band_power.transform(3 * X + 100), band_power.transform(X) + 2 * np.log(3)
    )


@pytest.mark.parametrize("value", [0.0, 0.1, 0.3, -7e3])
def test_constant_windows_give_finite_numbers(value):
    bands = {"low": (0.1, 2), "high": (4, 20)}
    band_power = BandPower(bands, sfreq=SFREQ)
    result = band_power.fit_transform(np.full((2, 3, N_TIMES), value))
    np.testing.assert_allclose(result, -87.3, atol=0.1)


@pytest.mark.parametrize("batch_size", [1, 5, 1000])
def test_batches_do_not_change_the_result(batch_size):
    windows = make_windows()
    expected = BandPower(sfreq=SFREQ).fit_transform(np.asarray(windows))
    result = BandPower(batch_size=batch_size).fit_transform(windows)
    assert_allclose(result, expected)


def test_reads_no_more_than_a_batch_at_once(monkeypatch):
    sizes = []
    take = Windows.take

    def count_and_take(windows, rows):
        sizes.append(len(rows))
        return take(windows, rows)

    monkeypatch.setattr(Windows, "take", count_and_take)
    BandPower(batch_size=10).fit(make_windows()).transform(make_windows())
    assert sizes == [10, 10, 4]
    sizes.clear()
    monkeypatch.setattr(_band_power, "_MOST_NUMBERS", 3 * 2 * N_TIMES + 1)
    BandPower(batch_size=10).fit(make_windows()).transform(make_windows())
    assert sizes == 8 * [3]
    sizes.clear()
    monkeypatch.setattr(_band_power, "_MOST_NUMBERS", 10)
    BandPower(batch_size=10).fit(make_windows()).transform(make_windows())
    assert sizes == 24 * [1]


def test_two_dimensions_are_one_channel():
    X = np.random.default_rng(0).normal(size=(4, N_TIMES))
    assert_array_equal(
        BandPower(sfreq=SFREQ).fit_transform(X),
        BandPower(sfreq=SFREQ).fit_transform(X[:, None]),
    )


def test_names_features_channel_by_channel():
    band_power = BandPower({"delta": (1, 4), "theta": (4, 8)})
    names = band_power.fit(make_windows()).get_feature_names_out()
    expected = ["PrL_Cx delta", "PrL_Cx theta", "BLA delta", "BLA theta"]
    assert names.tolist() == expected
    X = np.zeros((2, 2, N_TIMES))
    names = clone(band_power).set_params(sfreq=SFREQ).fit(X).get_feature_names_out()
    assert names.tolist() == ["ch0 delta", "ch0 theta", "ch1 delta", "ch1 theta"]


def test_set_output_makes_a_data_frame():
    frame = BandPower().set_output(transform="pandas").fit_transform(make_windows())
    assert isinstance(frame, pd.DataFrame)
    assert frame.columns[0] == "PrL_Cx delta"
    assert frame.shape == (24, 10)


def test_works_in_cross_validation_over_subjects():
    windows = make_windows()
    y = np.arange(len(windows)) % 2
    model = make_pipeline(BandPower(), LogisticRegression())
    scores = cross_val_score(model, windows, y, groups=windows.groups, cv=GroupKFold(2))
    assert np.isfinite(scores).all()


@pytest.mark.parametrize(
    ("bands", "message"),
    [
        ({}, "at least one band"),
        ({"slow": (1.1, 1.3)}, r"'slow' \(1.1 to 1.3 Hz\) has no .* resolve 0.333333"),
        ({"fast": (80, 130)}, "'fast' ends at 130 Hz, beyond the Nyquist .* 125 Hz"),
        ({"upside": (8, 4)}, "'upside' must have limits 0 <= low < high"),
        ({"none": (4, 4)}, "'none' must have limits 0 <= low < high"),
        ({"below": (-1, 4)}, "'below' must have limits"),
        ({"nan": (np.nan, 4)}, "'nan' must have limits"),
        ({"one": (4,)}, "'one' must have two limits"),
        ({"number": 4}, "'number' must have two limits"),
        ({"text": ("a", "b")}, "'text' must have two limits"),
        ([(1, 4)], "'bands' parameter"),
    ],
)
def test_refuses_bands_that_cannot_be(bands, message):
    with pytest.raises(ValueError, match=message):
        BandPower(bands).fit(make_windows())


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_refuses_windows_that_are_not_finite(bad):
    windows = make_windows()
    data = windows.recordings[1].data.copy()
    data[1, 500] = bad
    recordings = [windows.recordings[0], windows.recordings[1].replace(data=data)]
    spoilt = Windows(recordings, [0, 1], [0, 0], N_TIMES)
    fitted = BandPower().fit(windows)
    for method in (BandPower().fit, fitted.transform):
        with pytest.raises(ValueError, match=r"'S1': channel 'BLA' is .* at 2 s"):
            method(spoilt)


@pytest.mark.parametrize(
    ("estimator", "X", "message"),
    [
        (BandPower(), np.zeros((2, N_TIMES)), "needs sfreq"),
        (BandPower(sfreq=100.0), make_windows(), "sfreq=100 Hz.* at 250 Hz"),
        (BandPower(sfreq=0.0), np.zeros((2, N_TIMES)), "'sfreq' parameter"),
        (BandPower(sfreq=SFREQ), np.zeros((2, 2, 2, N_TIMES)), "Expected windows of"),
        (BandPower(sfreq=SFREQ), np.zeros((2, 2, 0)), "none of them 0"),
        (BandPower(), make_windows()[[]], "0 windows"),
    ],
)
def test_refuses_input_that_cannot_be(estimator, X, message):
    with pytest.raises(ValueError, match=message):
        estimator.fit(X)


def test_accepts_the_sampling_rate_that_windows_have():
    assert BandPower(sfreq=SFREQ).fit(make_windows()).sfreq_ == SFREQ


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (make_windows(sfreq=200.0), "sfreq=250.0, got 200.0"),
        (make_windows(ch_names=["BLA", "PrL_Cx"]), "ch_names=.* got"),
        (make_windows(ch_names=["a", "b", "c"]), r"got \('a', 'b', 'c'\)"),
        (
            Windows(make_windows().recordings, [0], [0], 500),
            r"\(2, 750\), got \(2, 500",
        ),
    ],
)
def test_transform_refuses_other_windows_than_fit_had(other, message):
    with pytest.raises(ValueError, match=message):
        BandPower().fit(make_windows()).transform(other)


def test_after_windows_arrays_like_them_are_transformed():
    windows = make_windows()
    fitted = BandPower().fit(windows)
    found = fitted.transform(np.asarray(windows))
    np.testing.assert_allclose(found, fitted.transform(windows), rtol=1e-6)
    with pytest.raises(ValueError, match=r"sfreq=250.0, got 100.0"):
        fitted.set_params(sfreq=100).transform(np.asarray(windows))


@pytest.mark.parametrize("shape", [(3, 3, N_TIMES), (3, 2, 500), (3, N_TIMES)])
def test_transform_refuses_arrays_of_another_shape(shape):
    fitted = BandPower(sfreq=SFREQ).fit(np.ones((3, 2, N_TIMES)))
    with pytest.raises(ValueError, match=r"features|fitted on windows"):
        fitted.transform(np.ones(shape))


def test_a_band_that_ends_at_nyquist_has_the_nyquist_frequency():
    X = np.resize([1.0, -1.0], (1, N_TIMES))
    below, whole = (
        BandPower({"band": (100, high)}, sfreq=SFREQ).fit_transform(X)[0, 0]
        for high in (124.9, 125.0)
    )
    assert whole > below + 0.4


def test_refuses_recordings_for_windows():
    with pytest.raises(ValueError, match="got recordings; cut them with"):
        BandPower().fit(list(make_windows().recordings))


def test_a_fit_that_failed_leaves_nothing_to_transform_with():
    rng = np.random.default_rng(0)
    estimator = BandPower({"gamma": (30, 100)}, sfreq=250).fit(
        rng.normal(size=(3, 2, 750))
    )
    slower = rng.normal(size=(3, 2, 750))
    with pytest.raises(ValueError, match="beyond the Nyquist frequency"):
        estimator.set_params(sfreq=100).fit(slower)
    with pytest.raises(NotFittedError):
        estimator.transform(slower)
    with pytest.raises(NotFittedError):
        estimator.get_feature_names_out()


@pytest.mark.parametrize(
    ("sfreq", "proposal"),
    [
        (100.0, r"such as BandPower\({'delta': \(1, 4\), .*, 'beta': \(13, 30\)}\)"),
        (20.0, r"such as BandPower\({'delta': \(1, 4\), 'theta': \(4, 8\)}\)"),
        (6.0, "of which none does.$"),
    ],
)
def test_proposes_the_default_bands_that_fit(sfreq, proposal):
    with pytest.raises(ValueError, match=proposal):
        BandPower(sfreq=sfreq).fit(np.asarray(make_windows()))


def test_refuses_labels_of_recordings_for_windows():
    windows = make_windows()
    with pytest.raises(ValueError, match=f"{len(windows)} windows, but 2 labels"):
        BandPower().fit(windows, [0, 1])


def test_a_batch_may_be_a_number_of_numpys_smallest():
    windows, band_power = make_windows(), BandPower({"theta": (4, 8)})
    small = clone(band_power).set_params(batch_size=np.int8(3))
    assert_allclose(small.fit_transform(windows), band_power.fit_transform(windows))
