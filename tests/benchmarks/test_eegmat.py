"""The study on real EEG."""

from dataclasses import replace

from study import SETTINGS, Source, run_study


def test_eegmat_gets_its_table(make_study, shared_folder, capsys):
    settings = SETTINGS["eegmat", "quick"]
    source = Source("eegmat", shared_folder("data") / "eegmat")
    study = replace(
        make_study(models=("band-power",)), source=source, settings=settings
    )
    [row] = run_study(study)
    assert row["limits"] == [1, 10, 100, "all"]
    assert "8 subjects" in capsys.readouterr().out
    report = (study.folder.path / "report.md").read_text()
    assert "published accuracy" not in report
