"""The report of a study: tables in Markdown, and the figure."""

from io import BytesIO

import numpy as np

from sksleep._optional import import_optional
from sksleep.model_selection import PerClassLearningCurveDisplay

from ._published import LIMITS, PUBLISHED


def score_table(rows, score):
    """Return a table of one score, mean ± spread over folds and repeats.

    Parameters
    ----------
    rows : list of dict
        As :func:`~study._summary.summarise` returns them.
    score : str

    Returns
    -------
    table : str
    """
    body = [
        [
            row["model"],
            row["protocol"],
            *(
                f"{mean:.3f} ± {std:.3f}"
                for mean, std in zip(row[score]["mean"], row[score]["std"], strict=True)
            ),
        ]
        for row in rows
    ]
    return _table(["model", "protocol", *map(str, rows[0]["limits"])], body)


def difference_table(rows, score):
    """Return by how much a score is higher where the test signal was seen."""
    by_key = {(row["model"], row["protocol"]): row for row in rows}
    body = []
    for model in dict.fromkeys(row["model"] for row in rows):
        pair = [by_key.get((model, p)) for p in ("inductive", "transductive")]
        if all(pair):
            seen, unseen = (np.array(row[score]["mean"]) for row in reversed(pair))
            body.append([model, *(f"{value:+.3f}" for value in seen - unseen)])
    return _table(["model", *map(str, rows[0]["limits"])], body)


def published_table(rows):
    """Return accuracies here and as published, for the models that exist there."""
    body = []
    for row in rows:
        if row["model"] not in PUBLISHED:
            continue
        here = dict(zip(row["limits"], row["accuracy"]["mean"], strict=True))
        there = dict(zip(LIMITS, PUBLISHED[row["model"]], strict=True))
        body.append([row["model"], f"here, {row['protocol']}", *_pick(here)])
        body.append([row["model"], "published", *_pick(there)])
    return _table(["model", "", *map(str, LIMITS)], body)


def time_table(rows):
    """Return the seconds that each model took."""
    names = {
        "front_fit_time": "steps before the classifier, a fold",
        "fit_time": "fit of the classifier",
        "score_time": "scoring",
        "cpu_time": "processor, all folds",
        "wall_time": "wall, all folds",
    }
    body = [
        [row["model"], row["protocol"], *(f"{row[name]:.2f}" for name in names)]
        for row in rows
    ]
    return _table(["model", "protocol", *(f"{n} (s)" for n in names.values())], body)


def training_table(rows):
    """Return how long each network trained, and how well it knew its pretext tasks."""
    body = [
        [
            row["model"],
            row["protocol"],
            f"{training['epochs']:.1f}",
            ", ".join(f"{k} {v:.3f}" for k, v in training["accuracies"].items())
            or "none held out",
        ]
        for row in rows
        for training in row["trainings"]
    ]
    header = ["model", "protocol", "epochs", "accuracy on held-out recordings"]
    return _table(header, body)


def draw_figure(rows):
    """Draw the balanced accuracies, and return the picture as the bytes of a PNG.

    Each protocol has a panel, in which a model looks the same.
    """
    figure_module = import_optional("matplotlib.figure", "benchmarks")
    protocols = list(dict.fromkeys(row["protocol"] for row in rows))
    width = 2.2 + 5.2 * len(protocols)
    figure = figure_module.Figure(figsize=(width, 4.4), layout="constrained")
    [axes] = figure.subplots(1, len(protocols), sharey=True, squeeze=False)
    for ax, protocol in zip(axes, protocols, strict=True):
        _draw_panel(ax, [row for row in rows if row["protocol"] == protocol])
        ax.label_outer()
        if ax.get_legend() is not None:
            ax.get_legend().remove()
        if len(protocols) > 1:
            ax.set_title(protocol)
    # Inside, it would cover some of a dozen curves.
    axes[-1].legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=150)
    return picture.getvalue()


def _draw_panel(ax, rows):
    counts = {row["model"]: row["label_counts"] for row in rows}
    PerClassLearningCurveDisplay(
        counts,
        {row["model"]: row["balanced_accuracy"]["values"] for row in rows},
        all_counts={name: values[-1] for name, values in counts.items()},
        score_name="Balanced accuracy",
    ).plot(ax)


def write_report(rows, facts, *, compare):
    """Return the report in Markdown.

    Parameters
    ----------
    rows : list of dict
        As :func:`~study._summary.summarise` returns them.
    facts : dict of str to dict
        Settings, versions, machine and times, by heading.
    compare : bool
        Whether to show the published numbers.

    Returns
    -------
    report : str
    """
    parts = ["# Labels per class and accuracy on subjects never seen", _READING]
    parts += ["## Accuracy", score_table(rows, "accuracy")]
    parts += ["## Balanced accuracy", score_table(rows, "balanced_accuracy")]
    parts += ["![Balanced accuracy by labels per class](learning_curves.png)"]
    if len({row["protocol"] for row in rows}) > 1:
        difference = difference_table(rows, "balanced_accuracy")
        parts += ["## Transductive less inductive, balanced accuracy", difference]
    if compare:
        parts += ["## Beside the published accuracy", _PUBLISHED_NOTE]
        parts += [published_table(rows)]
    parts += ["## Pretext tasks", _TRAINING_NOTE, training_table(rows)]
    parts += ["## Times", _TIMES_NOTE, time_table(rows)]
    for heading, entries in facts.items():
        body = [[name, str(value)] for name, value in entries.items()]
        parts += [f"## {heading}", _table(["", ""], body)]
    return "\n\n".join(parts) + "\n"


_READING = """\
Columns are labels per class. Mean ± standard deviation over folds and draws of labels;
all models have the same folds, labels and classifier. Only joint training and full
supervision classify by their network itself, which is trained for every draw: they have
the first draws alone, as many as `n_repeats_end_to_end` of the settings says.
Inductive: nothing of a test subject is seen in training. Transductive: steps that learn
without labels see the test subjects' signal, too, as in the published mouse study, and
so more signal in all."""

_TRAINING_NOTE = """\
Means over folds, with all labels where labels train the network. The recordings held
out are of training subjects, in the transductive protocol of test subjects, too; the
epoch with the smallest loss on them is kept."""

_TIMES_NOTE = """\
Each cell has one core. A network that another model trained on the same windows of the
fold is taken from there and not trained again."""

_PUBLISHED_NOTE = """\
The published numbers are of recordings of 29 mice, 5 folds and 3 draws, transductive,
and the program had faults (dropout at evaluation, pairs shared with validation). On
simulated recordings the two can be compared in shape only."""


def _pick(values):
    return [f"{values[limit]:.3f}" if limit in values else "" for limit in LIMITS]


def _table(header, body):
    """Return a Markdown table whose columns are padded to one width."""
    lines = [header, *body]
    widths = [
        max(3, *(len(line[column]) for line in lines)) for column in range(len(header))
    ]
    first, *others = (
        " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )
    rule = "-|-".join("-" * width for width in widths)
    rows = [f"| {line} |" for line in others]
    return "\n".join([f"| {first} |", f"|-{rule}-|", *rows])
