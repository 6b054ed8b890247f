import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import signal
from sklearn.metrics import roc_auc_score

from sksleep import Annotation
from sksleep.datasets import load_tst, make_tst, save_tst
from sksleep.datasets._lfp_model import REGIONS, STATES, state_weights
from sksleep.datasets._lfp_processes import (
    Session,
    damped_oscillation,
    mains_hum,
    movement_artefacts,
    pink_noise,
    wander,
    white_noise,
)

SHORT = {"sfreq": 125, "durations": (4, 4, 8), "gaps": (2, 5)}


@pytest.fixture(scope="module")
def mice():
    return make_tst(
        4, sfreq=250, durations=(120, 120, 120), gaps=(5, 5), random_state=0
    )


def make_session(seconds, sfreq=250):
    return Session(seconds * sfreq, sfreq, np.random.default_rng(0))


def region_of(ch_name):
    return re.sub(r"^[LR]_(?=VTA)|_\d\d$", "", ch_name)


def cut(recording, label, region, seconds=3):
    """Windows of one state, the mean over a region: (n_windows, n_times)."""
    onset, duration, _ = next(a for a in recording.annotations if a.label == label)
    rows = [region_of(name) == region for name in recording.ch_names]
    begin, length = round(onset * recording.sfreq), round(seconds * recording.sfreq)
    end = begin + int(duration / seconds) * length
    return recording.data[rows, begin:end].mean(axis=0).reshape(-1, length)


def band_power(windows, low, high, sfreq=250):
    f, density = signal.periodogram(windows, sfreq, window="hann")
    return np.log(density[:, (f >= low) & (f < high)].sum(axis=1))


def spectrum(x, sfreq):
    f, density = signal.welch(x, sfreq, nperseg=int(4 * sfreq))
    return f, density


def test_looks_like_the_data_that_it_stands_for():
    first, second = make_tst(2, random_state=0, **SHORT)
    assert (first.name, second.subject) == ("MouseSIM001_010126_HCOFTS", "MouseSIM002")
    assert first.sfreq == 125
    assert first.data.dtype == np.float32
    assert np.isfinite(first.data).all()
    assert 10 < np.median(first.data.std(axis=1)) < 1000  # microvolts
    assert {region_of(name) for name in first.ch_names} == set(REGIONS)
    pattern = r"(PrL_Cx|Md_Thal|IL_Cx|BLA|Acb_Sh|Acb_Core|[ml](SNC|DHip)|[LR]_VTA)_\d\d"
    assert all(re.fullmatch(pattern, name) for name in first.ch_names)


def test_annotations_follow_each_other_with_gaps_without_a_label():
    for recording in make_tst(5, random_state=0, **SHORT):
        assert [a.label for a in recording.annotations] == list(STATES)
        assert [a.duration for a in recording.annotations] == [4, 4, 8]
        home, field, tail = recording.annotations
        assert home.onset == 0
        for before, after in ((home, field), (field, tail)):
            gap = after.onset - before.onset - before.duration
            assert gap in (2, 3, 4, 5)
        assert recording.duration == tail.onset + tail.duration


@pytest.mark.parametrize(("low", "high"), [(1, 1), (2, 4)])
def test_has_as_many_electrodes_as_asked_for(low, high):
    for recording in make_tst(
        2, electrodes_per_region=(low, high), random_state=0, **SHORT
    ):
        bundles = [name.rsplit("_", 1)[0] for name in recording.ch_names]
        assert len(set(bundles)) == 12
        counts = {bundles.count(bundle) for bundle in bundles}
        assert counts <= set(range(low, high + 1))


def test_sessions_of_a_mouse_have_their_day_and_the_same_electrodes():
    recordings = make_tst(2, n_sessions=2, random_state=0, **SHORT)
    assert [r.subject[-1] + "_" + r.session for r in recordings] == [
        f"{mouse}_{day}_HCOFTS" for mouse in "12" for day in ("010126", "010226")
    ]
    first, second, other, _ = recordings
    assert first.ch_names == second.ch_names != other.ch_names
    n_times = min(first.n_times, second.n_times)
    assert (first.data[:, :n_times] != second.data[:, :n_times]).mean() > 0.99


def test_the_same_random_state_gives_the_same_recordings():
    for first, second, other in zip(
        make_tst(2, random_state=3, **SHORT),
        make_tst(2, random_state=np.random.RandomState(3), **SHORT),
        make_tst(2, random_state=4, **SHORT),
        strict=True,
    ):
        assert_array_equal(first.data, second.data)
        assert first.annotations == second.annotations
        assert first.data[0, 0] != other.data[0, 0]


def test_more_mice_or_sessions_leave_the_first_ones_as_they_were():
    (alone,) = make_tst(1, random_state=0, **SHORT)
    for recordings in (
        make_tst(3, random_state=0, **SHORT),
        make_tst(1, n_sessions=2, random_state=0, **SHORT),
    ):
        assert recordings[0].name == alone.name
        assert_array_equal(recordings[0].data, alone.data)


def test_the_sampling_rate_leaves_all_slow_changes_as_they_were():
    envelopes = []
    for sfreq in (250, 500):
        session = make_session(20, sfreq)
        damped_oscillation(7.0, 1.0, session)
        envelopes.append(session.stretch(wander(1.0, session)))
    assert_allclose(envelopes[0], envelopes[1][::2], atol=1e-6)


def test_leaves_the_global_random_state_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    make_tst(1, random_state=0, **SHORT)
    assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_can_be_written_in_the_layout_of_the_real_data_and_read_back(tmp_path):
    recordings = make_tst(
        1,
        durations=(300, 2, 2),
        gaps=(1, 2),
        electrodes_per_region=(1, 1),
        random_state=0,
    )
    (loaded,) = load_tst(save_tst(tmp_path, recordings))
    assert loaded.name == recordings[0].name
    assert loaded.annotations == recordings[0].annotations
    expected = recordings[0].pick(loaded.ch_names)
    assert_array_equal(loaded.data, expected.data)


def test_spectrum_falls_like_that_of_pink_noise(mice):
    for mouse in mice:
        f, density = spectrum(mouse.data, 250)
        # Between the oscillators' peaks.
        quiet = (f > 0.7) & ((f < 1) | ((f > 85) & (f < 100)))
        slope = np.polyfit(np.log(f[quiet]), np.log(density[:, quiet]).mean(axis=0), 1)
        assert -1.5 < slope[0] < -0.7


@pytest.mark.parametrize("sfreq", [130, 250, 1000])
def test_mains_hum_has_all_harmonics_below_the_nyquist_frequency(sfreq):
    (mouse,) = make_tst(
        1, sfreq=sfreq, durations=(20, 5, 5), gaps=(1, 1), random_state=0
    )
    f, density = spectrum(mouse.data, sfreq)
    density = density.mean(axis=0)
    harmonics = np.arange(60, sfreq / 2, 60)
    for harmonic in harmonics[harmonics < 200]:
        beside = (np.abs(f - harmonic) > 2) & (np.abs(f - harmonic) < 4)
        peak = density[np.abs(f - harmonic) < 0.3].max()
        assert peak > 2 * np.median(density[beside])


@pytest.mark.parametrize(
    ("region", "band", "state"),
    [
        ("mDHip", (4, 9), "open field"),
        ("PrL_Cx", (1, 4), "home cage"),
        ("BLA", (16, 28), "tail suspension"),
    ],
)
def test_states_differ_in_power_but_overlap(mice, region, band, state):
    scores = []
    for mouse in mice:
        powers = [band_power(cut(mouse, label, region), *band) for label in STATES]
        y = np.repeat([label == state for label in STATES], len(powers[0]))
        scores.append(roc_auc_score(y, np.concatenate(powers)))
    assert 0.6 < np.mean(scores) < 0.99


def test_a_rhythm_lags_behind_by_an_amount_that_depends_on_the_state(mice):
    lags = []
    for label in ("open field", "tail suspension"):
        cross = 0
        for mouse in mice:
            x, y = (cut(mouse, label, region) for region in ("PrL_Cx", "lDHip"))
            f, density = signal.csd(x.ravel(), y.ravel(), 250, nperseg=500)
            cross = cross + (density / np.abs(density))[(f > 6) & (f < 9)].sum()
        lags.append(np.angle(cross))
    # PrL_Cx is last where the hippocampus leads, and first where it leads itself.
    assert lags[0] > 0.2
    assert lags[1] < -0.2


def test_mice_differ_in_gain(mice):
    rms = [[np.sqrt(np.square(x).mean()) for x in mouse.data] for mouse in mice]
    between_electrodes = np.std(np.log(rms[0]))
    between_mice = np.std([np.log(r).mean() for r in rms])
    assert between_electrodes > 0.2
    assert between_mice > 0.03


def test_power_changes_slowly_within_a_state(mice):
    kept = []
    for mouse in mice:
        windows = [cut(mouse, "open field", region) for region in REGIONS]
        power = np.mean([band_power(x, 5, 9) for x in windows], axis=0)
        kept.append(np.corrcoef(power[1:], power[:-1])[0, 1])
    assert np.mean(kept) > 0.3


def test_one_state_goes_over_into_the_next():
    onsets = (0, 300, 600)
    annotations = [Annotation(t, 200, s) for t, s in zip(onsets, STATES, strict=True)]
    session = make_session(900)
    weights = np.mean([state_weights(annotations, session) for _ in range(20)], 0)
    assert weights.sum(axis=0) == pytest.approx(1)
    for state, onset in enumerate(onsets):
        inside = (session.grid >= onset) & (session.grid < onset + 200)
        assert weights[state, inside].mean() > 0.85
    middle = np.argmin(np.abs(session.grid - 250))
    assert (weights[:2, middle] > 0.2).all()


def test_movements_are_as_frequent_as_asked_for_and_short():
    session = make_session(3000)
    rate = np.where(session.grid < 1500, 0.0, 0.05)
    x = movement_artefacts(rate, session)
    assert not x[: 250 * 1490].any()
    assert 0.02 < np.mean(np.abs(x[250 * 1500 :]) > 0.1) < 0.3


def test_wander_has_unit_variance_and_forgets_in_its_time():
    x = wander(0.5, make_session(10), 300)
    assert x[:, 0].var() == pytest.approx(1, abs=0.3)
    assert x.var() == pytest.approx(1, abs=0.1)
    kept = np.mean(x[:, 25:] * x[:, :-25])  # half a second later
    assert kept == pytest.approx(np.exp(-1), abs=0.07)


@pytest.mark.parametrize("sfreq", [250, 1000])
def test_oscillator_peaks_where_and_as_wide_as_asked_for(sfreq):
    x = damped_oscillation(20.0, 2.0, make_session(400, sfreq))
    assert x.real.var() == pytest.approx(1, rel=0.1)
    f, density = signal.welch(x, sfreq, nperseg=4 * sfreq, return_onesided=False)
    expected = 2 * 2 / (np.pi * (2**2 + (f - 20) ** 2)) / 2
    near = np.abs(f - 20) < 10
    ratio = density[near] / (2 * expected[near])
    assert np.abs(np.log(ratio)).mean() < 0.2


@pytest.mark.parametrize("exponent", [0.8, 1.0, 1.4])
def test_pink_noise_has_the_exponent_asked_for(exponent):
    x = pink_noise(exponent, make_session(1000))
    f, density = spectrum(x, 250)
    band = (f >= 1) & (f <= 100)
    slope = np.polyfit(np.log(f[band]), np.log(density[band]), 1)[0]
    assert slope == pytest.approx(-exponent, abs=0.05)
    if exponent == 1:
        assert density[band].sum() * f[1] == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize("process", [white_noise, mains_hum])
def test_density_does_not_depend_on_the_sampling_rate(process):
    densities = []
    for sfreq in (250, 1000):
        x = process(make_session(60, sfreq))
        f, density = spectrum(x, sfreq)
        densities.append(density[(f > 40) & (f < 80)].mean())
    assert densities[0] == pytest.approx(densities[1], rel=0.2)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_subjects": 0}, "n_subjects must be an integer of at least 1, got 0"),
        ({"n_subjects": 2.0}, "n_subjects must be an int"),
        ({"n_sessions": True}, "n_sessions must be an int"),
        ({"sfreq": 100}, "sfreq must be at least 125 Hz.* got 100"),
        ({"sfreq": np.nan}, "sfreq must be"),
        ({"sfreq": "250"}, "sfreq must be"),
        ({"durations": (300, 300)}, "durations must be 3 positive numbers"),
        ({"durations": 300}, "durations must be 3 positive numbers"),
        ({"durations": (300, 0, 600)}, "durations must be"),
        ({"durations": (300, np.inf, 600)}, "durations must be"),
        ({"gaps": (200, 60)}, "gaps must be two ints, the lowest and the highest"),
        ({"gaps": (-1, 60)}, "gaps must be two ints.* at least 0"),
        ({"gaps": (1.5, 60)}, "gaps must be two ints"),
        ({"gaps": (True, 60)}, "gaps must be two ints"),
        ({"gaps": 60}, "gaps must be two ints"),
        ({"electrodes_per_region": (0, 2)}, "electrodes_per_region .* at least 1"),
        ({"random_state": "seed"}, "cannot be used to seed"),
    ],
)
def test_refuses_parameters_that_cannot_be(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_tst(**parameters)
