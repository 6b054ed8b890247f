"""The study that ``run_all.py`` runs: few labels, subjects never seen."""

from ._data import DATA_SETS, Source
from ._errors import StudyError, check_known
from ._folder import ResultsFolder
from ._folds import PROTOCOLS
from ._main import run_study
from ._models import MODELS
from ._settings import SETTINGS, Settings
from ._study import Study

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
    "run_study",
]
