"""A picture of how times and memory grow with a corpus."""

from sksleep._optional import import_optional
from sksleep._palette import COLORS, MARKERS


def draw_growth(rows, file):
    """Draw times and memory of each stage over hours, and write the picture.

    Parameters
    ----------
    rows : list of dict
        With "hours", "stage", "files, MB", and the spreads "seconds", "anonymous, MB"
        and "total, MB".
    file : path-like

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    figure_module = import_optional("matplotlib.figure", "benchmarks")
    figure = figure_module.Figure(figsize=(9.0, 3.8), layout="constrained")
    times, memory = figure.subplots(1, 2)
    stages = list(dict.fromkeys(row["stage"] for row in rows))
    for stage, color, marker in zip(stages, COLORS, MARKERS, strict=False):
        of_stage = [row for row in rows if row["stage"] == stage]
        style = {"color": color, "marker": marker}
        _draw_line(times, of_stage, "seconds", label=stage, **style)
        _draw_linear(times, of_stage)
        _draw_line(memory, of_stage, "total, MB", label=f"{stage}, all", **style)
        _draw_line(
            memory,
            of_stage,
            "anonymous, MB",
            label=f"{stage}, without files' pages",
            markerfacecolor="white",
            linestyle="--",
            **style,
        )
    files = {row["hours"]: row["files, MB"] for row in rows}
    memory.plot(*zip(*files.items(), strict=True), color="0.5", label="files on disk")
    for ax, name in (times, "Time (s); dotted: linear in hours"), (memory, "MB"):
        ax.set(xscale="log", yscale="log", xlabel="Hours of recording", ylabel=name)
        ax.legend(fontsize="small")
    memory.set_title("Highest resident memory", fontsize="medium")
    figure.savefig(file, dpi=150)
    return figure


def _draw_line(ax, rows, column, **style):
    """Draw medians, with bars from the least to the most."""
    hours = [row["hours"] for row in rows]
    middle = [row[column]["median"] for row in rows]
    below = [row[column]["median"] - row[column]["min"] for row in rows]
    above = [row[column]["max"] - row[column]["median"] for row in rows]
    ax.errorbar(hours, middle, yerr=[below, above], capsize=2, **style)


def _draw_linear(ax, rows):
    """Draw what the times would be if all hours took as long as the first."""
    hours = [row["hours"] for row in rows]
    per_hour = rows[0]["seconds"]["median"] / hours[0]
    ax.plot(hours, [per_hour * h for h in hours], color="0.6", linestyle=":", zorder=0)
