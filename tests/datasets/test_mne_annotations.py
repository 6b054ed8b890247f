"""A hypnogram in a file of its own, beside what a raw has."""

from datetime import UTC, datetime, timedelta

import mne
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sksleep.datasets import from_mne, parts_from_mne

MEAS_DATE = datetime(2020, 1, 1, 22, tzinfo=UTC)


def make_raw(meas_date=None, first_samp=0):
    info = mne.create_info(["Fpz", "Cz"], 100, "eeg")
    data = np.random.default_rng(0).normal(size=(2, 2000))
    raw = mne.io.RawArray(data, info, first_samp=first_samp, verbose="error")
    return raw.set_meas_date(meas_date)


def labelled(recording):
    return [tuple(annotation) for annotation in recording.annotations]


@given(
    onset=st.floats(-5, 19),
    duration=st.floats(6, 30),
    first_samp=st.integers(0, 500),
    dates=st.sampled_from([(None, None), (MEAS_DATE, None), (MEAS_DATE, MEAS_DATE)]),
)
def test_are_placed_as_set_annotations_does(onset, duration, first_samp, dates):
    meas_date, origin = dates
    onset = onset if origin is None else onset + first_samp / 100
    hypnogram = mne.Annotations([onset, onset + 0.5], duration, ["W", "N1"], origin)
    raw = make_raw(meas_date, first_samp)
    expected = raw.copy().set_annotations(hypnogram, emit_warning=False)
    recording = from_mne(raw, subject="S01", annotations=hypnogram)
    assert labelled(recording) == labelled(from_mne(expected, subject="S01"))
    assert len(raw.annotations) == 0


def test_outlast_neither_gaps_nor_bad_stretches():
    raw = make_raw().set_annotations(
        mne.Annotations(
            [5, 15, 16],
            [2, 1, 1],
            ["BAD_ACQ_SKIP", "BAD_move", "BAD_of_another"],
            ch_names=[(), (), ("Cz",)],
        )
    )
    hypnogram = mne.Annotations([0, 10], [10, 100], ["W", "N1"])
    first, second = parts_from_mne(
        raw, subject="S01", annotations=hypnogram, picks=["Fpz"]
    )
    assert labelled(first) == [(0, 5, "W")]
    assert labelled(second) == [(0, 3, "W"), (3, 10, "N1"), (8, 1, "BAD_move")]


@pytest.mark.parametrize("read", [from_mne, parts_from_mne])
def test_refuses_those_of_another_time(read):
    origin = MEAS_DATE + timedelta(days=365)
    hypnogram = mne.Annotations([0, 10], 10, "W", origin)
    message = (
        "2 of the 2 annotations given lie outside of it. It begins at 2020-01-01 2"
    )
    with pytest.raises(ValueError, match=rf"{message}.* from 2020-12-31 22"):
        read(make_raw(MEAS_DATE), subject="S01", annotations=hypnogram)


def test_warns_of_some_that_lie_outside():
    hypnogram = mne.Annotations([0, 10, 25, 35], 10, "W")
    with pytest.warns(UserWarning, match="2 of the 4 .* count from its first sample"):
        recording = from_mne(make_raw(), subject="S01", annotations=hypnogram)
    assert len(recording.annotations) == 2


def test_refuses_those_with_a_date_where_raw_has_none():
    hypnogram = mne.Annotations([0, 10], 10, "W", MEAS_DATE)
    with pytest.raises(ValueError, match=r"raw has no date, but .* from 2020-01-"):
        from_mne(make_raw(), subject="S01", annotations=hypnogram)


def test_may_be_none():
    no_stage = mne.Annotations([], [], [])
    recording = from_mne(make_raw(), subject="S01", annotations=no_stage)
    assert recording.annotations == ()


@pytest.mark.parametrize("read", [from_mne, parts_from_mne])
def test_refuses_a_list(read):
    with pytest.raises(TypeError, match=r"must be mne.Annotations, .* got list"):
        read(make_raw(), subject="S01", annotations=[(0, 10, "W")])
