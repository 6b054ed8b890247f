"""What is asked for, and whether it can be had."""

from dataclasses import asdict, dataclass, field

from machine import find_versions

from sksleep._optional import import_optional

from ._data import DATA_SETS, Source, check_source, check_subjects
from ._errors import check_known
from ._folder import ResultsFolder
from ._folds import PROTOCOLS
from ._models import MODELS
from ._settings import Settings

# Those of the others do not touch the numbers.
_DECISIVE_PACKAGES = ("sksleep", "scikit-learn", "torch", "skorch", "numpy", "scipy")


@dataclass(frozen=True)
class Study:
    """What is asked for.

    Attributes
    ----------
    source : Source
    settings : Settings
    folder : ResultsFolder
    models : tuple of str
        Their names.
    protocols : tuple of str
    fresh : bool
        Whether to forget what is in the folder.
    random_state : int
    n_jobs : int
        Cells to run at once, as in joblib.
    known_models : dict of str to callable
    """

    source: Source
    settings: Settings
    folder: ResultsFolder
    models: tuple[str, ...]
    protocols: tuple[str, ...]
    fresh: bool = False
    random_state: int = 0
    n_jobs: int = -1
    known_models: dict = field(default_factory=lambda: MODELS)

    @property
    def decisive(self):
        """What must be alike for numbers to belong in one table, as a dict."""
        settings = asdict(self.settings)
        # More of these is more cells, and leaves the others as they are.
        for name in ("models", "protocols"):
            del settings[name]
        versions = find_versions()
        return {
            "data": str(self.source.resolve()),
            **settings,
            "random_state": self.random_state,
            **{f"version of {name}": versions[name] for name in _DECISIVE_PACKAGES},
        }


def check_study(study):
    """Raise a StudyError, or an ImportError, for what cannot be run.

    Parameters
    ----------
    study : Study
    """
    check_known("data set", [study.source.name], DATA_SETS)
    check_known("model", study.models, study.known_models)
    check_known("protocol", study.protocols, PROTOCOLS)
    check_source(study.source)
    import_optional("matplotlib", "benchmarks")
    import_optional("tqdm", "benchmarks")
    if study.source.name == "simulated":
        n_subjects = study.settings.simulation["n_subjects"]
        check_subjects(range(n_subjects), study.settings.n_folds)
    if not study.fresh:
        study.folder.check_settings(study.decisive)
    study.folder.make()
