import re

import mne
import numpy as np
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mne.datasets.sleep_physionet import _utils
from numpy.testing import assert_allclose

from sksleep.datasets import from_mne, load_sleep_edf
from sksleep.datasets._sleep_edf import _clip, _find_sleep
from sksleep.datasets._sleep_edf_files import find_nights
from sksleep.preprocessing import Windower
from sksleep.recording import Annotation

EEG = ["EEG Fpz-Cz", "EEG Pz-Oz"]


@pytest.fixture
def folder(tmp_path, write_night):
    for seed, name in enumerate(["SC4001EC", "SC4002EC", "ST7011JP"]):
        write_night(tmp_path, name, seed)
    for other in ("SC-subjects.xls", "._SC4001E0-PSG.edf", "SC4001E0-PSG.edf.part"):
        (tmp_path / other).touch()
    return tmp_path


def test_reads_every_night_with_its_stages(folder):
    nights = load_sleep_edf(folder)
    assert [(r.subject, r.session) for r in nights] == [
        ("SC400", "1"),
        ("SC400", "2"),
        ("ST701", "1"),
    ]
    for night in nights:
        assert night.annotations == (
            (0, 300, "W"),
            (300, 60, "N1"),
            (360, 90, "N2"),
            (450, 60, "N3"),
            (510, 30, "N3"),
            (570, 60, "R"),
            (630, 360, "W"),
        )
        assert (night.ch_names, night.sfreq) == (tuple(EEG), 100)


def test_keeps_a_margin_of_wake_around_sleep(folder):
    begin, end = 300 - 90, 630 + 90
    whole = mne.io.read_raw_edf(folder / "SC4001E0-PSG.edf", verbose="error")
    [night] = load_sleep_edf(folder, names=["SC4001"], wake_margin=90)
    expected = whole.get_data(picks=EEG)[:, begin * 100 : end * 100]
    assert_allclose(night.data, expected, rtol=1e-6)
    assert night.annotations[0] == (0, 90, "W")
    assert night.annotations[-1] == (630 - begin, 90, "W")


@pytest.mark.parametrize(("margin", "expected"), [(0, 0), (1, 30), (45, 60)])
def test_margins_are_whole_epochs(folder, margin, expected):
    [night] = load_sleep_edf(folder, names=["SC4001"], wake_margin=margin)
    assert night.duration == 330 + 2 * expected


def test_sleep_ends_with_its_last_stage_though_another_began_later(folder):
    stages = [Annotation(0, 900, "N2"), Annotation(300, 60, "N1")]
    assert _find_sleep([*stages, Annotation(900, 60, "W")]) == (0, 900)


def test_warns_of_a_hypnogram_of_another_time(folder):
    file = folder / "SC4002EC-Hypnogram.edf"
    content = bytearray(file.read_bytes())
    content[176:184] = b"17.13.00"
    file.write_bytes(content)
    message = r"SC4002EC-.*edf begins at .* 17.13.00, and SC4002E0-.* at .* 16.13.00"
    with pytest.warns(UserWarning, match=message):
        load_sleep_edf(folder)


@pytest.mark.parametrize("number", [b"-1      ", b"1\0      "])
def test_reads_hypnograms_of_careless_recorders(folder, number):
    file = folder / "SC4001EC-Hypnogram.edf"
    content = bytearray(file.read_bytes())
    assert content[236:244] == b"1       "
    content[236:244] = number
    file.write_bytes(content)
    assert len(load_sleep_edf(folder, names=["SC4001"])[0].annotations) == 7


def test_without_a_margin_keeps_all_of_a_night(folder):
    [night] = load_sleep_edf(folder, names=["SC4002"], wake_margin=None)
    assert night.duration == 34 * 30


def test_windows_of_30_s_are_the_epochs(folder):
    nights = load_sleep_edf(folder, wake_margin=60)
    windower = Windower(30.0, labels=["W", "N1", "N2", "N3", "R"])
    epochs = windower.fit_transform(nights)
    assert np.bincount(epochs.y + 1).tolist() == [3, 12, 6, 9, 9, 6]


def test_takes_other_channels_in_the_order_asked_for(folder):
    picks = ["EOG horizontal", "EEG Fpz-Cz"]
    [night] = load_sleep_edf(folder, names=["ST7011"], picks=picks, wake_margin=None)
    raw = mne.io.read_raw_edf(folder / "ST7011J0-PSG.edf", verbose="error")
    assert night.ch_names == tuple(picks)
    expected = from_mne(raw, subject="ST701", picks=picks)
    assert_allclose(night.data, expected.data)


@pytest.mark.parametrize("names", [["SC400"], ["SC4001", "SC4002"]])
def test_reads_the_named_alone(folder, names):
    assert [r.name for r in load_sleep_edf(folder, names=names)] == [
        "SC400_1",
        "SC400_2",
    ]


def test_finds_all_nights_of_the_database(tmp_path):
    age = pandas.read_csv(_utils.AGE_SLEEP_RECORDS)
    age = age.pivot(index=["subject", "night"], columns="record type", values="fname")
    expected = {
        (f"SC4{subject:02}", str(night), files["PSG"], files["Hypnogram"])
        for (subject, night), files in age.iterrows()
    }
    for row in pandas.read_csv(_utils.TEMAZEPAM_SLEEP_RECORDS).to_dict("records"):
        files = row["fname_PSG"], row["fname_Hypnogram"]
        expected.add((f"ST7{row['subject_orig']:02}", str(row["night nr"]), *files))
    assert len(expected) == 153 + 44
    for night in expected:
        for name in night[2:]:
            (tmp_path / name).touch()
    found = {(n[0], n[1], n.psg.name, n.hypnogram.name) for n in find_nights(tmp_path)}
    assert found == expected


@given(
    bouts=st.lists(st.tuples(st.integers(0, 100), st.integers(1, 50)), max_size=6),
    begin=st.integers(0, 60),
    length=st.integers(1, 90),
)
def test_clips_stages_to_what_is_kept(bouts, begin, length):
    stages = [Annotation(onset, duration, "W") for onset, duration in bouts]
    clipped = _clip(stages, begin, begin + length)
    for time in np.arange(length) + 0.5:
        before = sum(o <= begin + time < o + d for o, d, _ in stages)
        assert sum(o <= time < o + d for o, d, _ in clipped) == before
    assert all(o >= 0 and d > 0 and o + d <= length for o, d, _ in clipped)


def test_refuses_a_missing_folder(tmp_path):
    with pytest.raises(ValueError, match="nowhere is not a folder"):
        load_sleep_edf(tmp_path / "nowhere")


def test_refuses_a_folder_without_nights(tmp_path):
    (tmp_path / "sleep-cassette").mkdir()
    with pytest.raises(ValueError, match=r"holds no files like .* sleep-cassette"):
        load_sleep_edf(tmp_path)


@pytest.mark.parametrize(
    ("name", "kind"), [("SC4002E0-PSG", "PSG"), ("SC4002EC-Hypnogram", "Hypnogram")]
)
def test_refuses_a_file_without_its_partner(folder, name, kind):
    (folder / f"{name}.edf").unlink()
    with pytest.raises(ValueError, match=rf"has no partner: no SC4002\*-{kind}\.edf"):
        load_sleep_edf(folder)


def test_refuses_two_hypnograms_of_a_night(folder, write_hypnogram):
    write_hypnogram(folder / "SC4001EA-Hypnogram.edf")
    with pytest.raises(ValueError, match=r"SC4001EA-Hypnogram\.edf are of one night"):
        load_sleep_edf(folder)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"names": ["SC401"]}, "holds no subject and no night 'SC401'"),
        ({"names": "SC400"}, r"names must be a list; write \['SC400'\]"),
        ({"picks": None}, "picks must be different channels, got None"),
        ({"picks": ["EEG Fpz-Cz"] * 2}, "picks must be different channels, got"),
        ({"wake_margin": True}, "wake_margin must be seconds, .* got True"),
        ({"picks": "eeg"}, r"picks must be a list of channels; write \['eeg'\]"),
        ({"picks": ["EEG Cz"]}, "SC4001E0-PSG.edf: .* no channel 'EEG Cz' among EEG F"),
        ({"picks": ["EMG submental"]}, "not all of the channels EMG .* 100 Hz"),
        ({"wake_margin": -1}, "wake_margin must be seconds, at least 0, or None, .*-1"),
        ({"wake_margin": np.inf}, "wake_margin must be seconds, .* got inf"),
        ({"wake_margin": "1 h"}, "wake_margin must be seconds, .* got '1 h'"),
    ],
)
def test_refuses_parameters(folder, params, message):
    with pytest.raises(ValueError, match=message):
        load_sleep_edf(folder, **params)


@pytest.mark.parametrize(
    ("bouts", "message"),
    [
        ([("Sleep stage W", 34)], "has no epoch of sleep in .*SC4002E0-PSG.edf"),
        ([("Sleep stage W", 50), ("Sleep stage 2", 9)], "has no epoch of sleep in"),
        ([("Sleep stage N2", 9)], "has the stage 'Sleep stage N2'; those known are"),
    ],
)
def test_refuses_a_hypnogram(folder, write_hypnogram, bouts, message):
    write_hypnogram(folder / "SC4002EC-Hypnogram.edf", bouts)
    with pytest.raises(ValueError, match=f"SC4002EC-Hypnogram.edf {message}"):
        load_sleep_edf(folder)


@pytest.mark.parametrize("name", ["SC4002E0-PSG.edf", "SC4002EC-Hypnogram.edf"])
@pytest.mark.parametrize("part", [0, 100, 255, 400, 0.9])
def test_refuses_a_file_cut_short(folder, name, part):
    content = (folder / name).read_bytes()
    n_bytes = int(part * len(content)) if part < 1 else part
    (folder / name).write_bytes(content[:n_bytes])
    with pytest.raises(ValueError, match=f"{re.escape(name)} cannot be read as EDF"):
        load_sleep_edf(folder)
