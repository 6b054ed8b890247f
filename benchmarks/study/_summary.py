"""From the results of cells to the rows of a table."""

import numpy as np

from ._cells import SCORES


def summarise(results):
    """Put the cells of each model and protocol together.

    Parameters
    ----------
    results : list of dict
        As :class:`~study._cells.CellRunner` returns them.

    Returns
    -------
    rows : list of dict
        Per model and protocol its limits, labels per class, and for each score
        ``values`` of shape (n_limits, n_folds, n_repeats), ``mean`` and ``std`` of
        shape (n_limits,) over folds and repeats.
    """
    keys = dict.fromkeys((r["model"], r["protocol"]) for r in results)
    return [_summarise_one(*key, results) for key in keys]


def _summarise_one(model, protocol, results):
    cells = [r for r in results if (r["model"], r["protocol"]) == (model, protocol)]
    row = {
        "model": model,
        "protocol": protocol,
        "limits": list(cells[0]["limits"]),
        "label_counts": np.mean([c["label_counts"] for c in cells], axis=0).tolist(),
        "wall_time": sum(c["wall_time"] for c in cells),
        "cpu_time": sum(c["cpu_time"] for c in cells),
        "trainings": _mean_trainings([c["trainings"] for c in cells]),
        "front_fit_time": np.mean([c["front_fit_time"] for c in cells]),
        "fit_time": np.mean([np.mean(c["fit_times"]) for c in cells]),
        "score_time": np.mean([np.mean(c["score_times"]) for c in cells]),
    }
    for score in SCORES:
        values = np.stack([c["scores"][score] for c in cells], axis=1)
        row[score] = {
            "values": values.tolist(),
            "mean": values.mean(axis=(1, 2)).tolist(),
            "std": values.std(axis=(1, 2)).tolist(),
        }
    return row


def _mean_trainings(folds):
    """Return mean epochs and accuracies over folds, for each network of a model."""
    return [
        {
            "epochs": np.mean([training["epochs"] for training in trainings]),
            "accuracies": _mean_by_name([t["accuracies"] for t in trainings]),
        }
        for trainings in zip(*folds, strict=True)
    ]


def _mean_by_name(dicts):
    """Return means by name; a fold that held nothing out has no accuracy."""
    names = dict.fromkeys(name for values in dicts for name in values)
    return {name: np.mean([v[name] for v in dicts if name in v]) for name in names}
