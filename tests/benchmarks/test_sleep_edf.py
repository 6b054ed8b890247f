"""The study on nights of sleep."""

import datetime
from dataclasses import replace

import edfio
import numpy as np
import pytest
from study import SETTINGS, Source, StudyError, run_study

STAGES = ["Sleep stage W", "Sleep stage 1", "Sleep stage 2", "Sleep stage 3"]
STAGES += ["Sleep stage R"]


@pytest.fixture
def folder(tmp_path):
    """Three nights of noise, 15 epochs of 30 s in each stage."""
    folder = tmp_path / "sleep-cassette"
    folder.mkdir()
    begin = datetime.time(22, 30)
    for number in range(3):
        rng = np.random.default_rng(number)
        signals = [
            edfio.EdfSignal(rng.normal(size=75 * 3000), 100, label=label)
            for label in ("EEG Fpz-Cz", "EEG Pz-Oz")
        ]
        psg = edfio.Edf(signals, data_record_duration=30, starttime=begin)
        psg.write(folder / f"SC4{number:02}1E0-PSG.edf")
        scored = [
            edfio.EdfAnnotation(450 * place, 450, stage)
            for place, stage in enumerate(STAGES)
        ]
        hypnogram = edfio.Edf([], annotations=scored, starttime=begin)
        hypnogram.write(folder / f"SC4{number:02}1EC-Hypnogram.edf")
    return folder


def test_nights_get_their_table(make_study, folder, capsys):
    settings = replace(SETTINGS["sleep-edf", "quick"], n_folds=3)
    source = Source("sleep-edf", folder)
    study = replace(
        make_study(models=("band-power",)), source=source, settings=settings
    )
    [row] = run_study(study)
    assert row["limits"] == [1, 10, "all"]
    assert "225 of 2 channels x 30 s at 100 Hz" in capsys.readouterr().out
    report = (study.folder.path / "report.md").read_text()
    assert "published accuracy" not in report


def test_too_few_subjects_are_told_before_signals_are_read(make_study, folder):
    (folder / "SC4001E0-PSG.edf").write_bytes(b"")
    study = replace(
        make_study(),
        source=Source("sleep-edf", folder),
        settings=SETTINGS["sleep-edf", "quick"],
    )
    with pytest.raises(StudyError, match=r"5 folds need as many subjects, .* has 3"):
        run_study(study)
