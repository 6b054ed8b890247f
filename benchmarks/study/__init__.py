"""The study that ``run_all.py`` runs: few labels, subjects never seen."""

from ._cells import PROTOCOLS
from ._data import DATA_SETS, Source
from ._errors import StudyError, check_known
from ._folder import ResultsFolder
from ._main import Study, check_study, run_study
from ._models import MODELS
from ._settings import SETTINGS, Settings

__all__ = [
    "DATA_SETS",
    "MODELS",
    "PROTOCOLS",
    "SETTINGS",
    "ResultsFolder",
    "Settings",
    "Source",
    "Study",
    "StudyError",
    "check_known",
    "check_study",
    "run_study",
]
