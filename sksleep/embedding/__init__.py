"""The embedder: a network trained on a pretext task, as a scikit-learn transformer."""

from ._batches import PretextDataset
from ._inference import apply_network
from ._input import check_windows, locate_windows, warn_of_scale, warn_of_subjects
from ._serving import find_rows, n_to_hold_out
from ._stager_net_embedder import StagerNetEmbedder
from ._tasks import PretextParams, WeightedTask, weight_tasks
from ._training import fit_net

__all__ = [
    "PretextDataset",
    "PretextParams",
    "StagerNetEmbedder",
    "WeightedTask",
    "apply_network",
    "check_windows",
    "find_rows",
    "fit_net",
    "locate_windows",
    "n_to_hold_out",
    "warn_of_scale",
    "warn_of_subjects",
    "weight_tasks",
]
