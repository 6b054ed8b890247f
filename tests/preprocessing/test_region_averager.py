import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sksleep import Recording
from sksleep.preprocessing import TST_REGIONS, RegionAverager

REGIONS = {"BLA": "BLA_*", "VTA": ["L_VTA_*", "R_VTA_*"]}


def make_recording(ch_names, subject="CKA1"):
    data = np.random.default_rng(0).normal(size=(len(ch_names), 50))
    return Recording(data, 10, ch_names, subject, annotations=[(1, 2, "HC")])


def test_averages_whatever_electrodes_a_recording_has():
    first = make_recording(["L_VTA_01", "BLA_01", "IL_Cx_01", "BLA_02", "R_VTA_01"])
    second = make_recording(["R_VTA_07", "BLA_03"])
    averaged = RegionAverager(REGIONS).fit_transform([first, second])
    for new, old in zip(averaged, (first, second), strict=True):
        assert new.ch_names == ("BLA", "VTA")
        assert new.data.dtype == np.float32
        assert (new.subject, new.annotations) == (old.subject, old.annotations)
    expected = [first.data[[1, 3]].mean(axis=0), first.data[[0, 4]].mean(axis=0)]
    assert_allclose(averaged[0].data, expected, atol=1e-6)
    assert_array_equal(averaged[1].data, second.data[::-1])


def test_long_recordings_are_averaged_by_blocks(monkeypatch):
    monkeypatch.setattr("sksleep.preprocessing._region_averager._BLOCK", 7)
    recording = make_recording(["BLA_01", "BLA_02"])
    (averaged,) = RegionAverager({"BLA": "BLA_*"}).fit_transform([recording])
    assert_allclose(averaged.data[0], recording.data.mean(axis=0), atol=1e-6)


def test_default_is_the_regions_of_the_tail_suspension_data():
    ch_names = [f"{region}_01" for region in reversed(TST_REGIONS) if region != "VTA"]
    recording = make_recording([*ch_names, "L_VTA_01", "R_VTA_02", "VTA_03"])
    averager = RegionAverager().fit([recording])
    [averaged] = averager.transform([recording])
    assert averaged.ch_names == averager.region_names_ == tuple(TST_REGIONS)
    assert len(TST_REGIONS) == 11
    assert_allclose(averaged.data[-1], recording.data[-3:].mean(axis=0), atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_averages_the_channels_of_an_array(dtype):
    X = np.random.default_rng(0).normal(size=(4, 3, 20)).astype(dtype)
    averager = RegionAverager({"odd": "ch1", "even": ["ch0", "ch2"]})
    result = averager.fit_transform(X)
    assert result.dtype == dtype
    assert_allclose(result[:, 0], X[:, 1])
    assert_allclose(result[:, 1], (X[:, 0] + X[:, 2]) / 2, rtol=1e-5)
    named = RegionAverager({"all": "?"}, ch_names=["a", "b", "c"]).fit_transform(X)
    assert_allclose(named[:, 0], X.mean(axis=1), atol=1e-6)


def test_an_array_of_one_channel_stays_as_it_is():
    X = np.random.default_rng(0).normal(size=(4, 20))
    result = RegionAverager({"all": "*"}).fit_transform(X)
    assert_array_equal(result, X)
    assert not np.shares_memory(result, X)


@pytest.mark.parametrize("value", [np.nan, 1.0])
def test_a_broken_electrode_counts_only_where_it_is_used(value):
    recording = make_recording(["BLA_01", "IL_Cx_01", "BLA_02"])
    data = recording.data.copy()
    data[1] = value
    broken = recording.replace(data=data)
    RegionAverager({"BLA": "BLA_*"}).fit_transform([broken])
    with pytest.raises(ValueError, match=r"'CKA1': channel 'IL_Cx_01' is (nan|flat)"):
        RegionAverager({"IL_Cx": "IL_Cx_*"}).fit([broken])


@pytest.mark.parametrize(
    ("regions", "message"),
    [
        ({"BLA": "BLA_*", "mSNC": "mSNC_*"}, "'CKA1' has no electrode .* 'mSNC'"),
        (
            {"bla": "bla_*"},
            "'CKA1' has no electrode of region 'bla'.* None means those",
        ),
        ({"BLA": "BLA_*", "all": "*"}, "'CKA1': electrode 'BLA_01' .* 'BLA' and 'all'"),
        ({}, "regions is empty"),
        ({"BLA": 3}, "regions: 'BLA' must have a pattern or a list .*, got 3"),
        ({"BLA": iter(["BLA_*"])}, "regions: 'BLA' must have a pattern or a list"),
        ({"BLA": [1]}, "regions must hold strings, got 1"),
        ({"BLA": []}, "no electrode of region 'BLA'"),
        ("BLA_*", "'regions' parameter"),
    ],
)
def test_refuses(regions, message):
    recording = make_recording(["BLA_01", "L_VTA_01"])
    with pytest.raises(ValueError, match=message):
        RegionAverager(regions).fit([recording])


def test_refuses_a_wrong_number_of_names():
    with pytest.raises(ValueError, match="2 names for an array of 3 channels"):
        RegionAverager(REGIONS, ch_names=["a", "b"]).fit(np.ones((4, 3, 20)))


@pytest.mark.parametrize("ch_names", [range(3), np.arange(3)])
def test_refuses_names_that_are_no_text(ch_names):
    with pytest.raises(ValueError, match="ch_names must be strings, got "):
        RegionAverager({"x": "*"}, ch_names=ch_names).fit(np.ones((4, 3, 20)))
