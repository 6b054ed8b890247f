"""Tables of one repetition and of all."""

from performance import print_table, spread

from ._curve import Point, compare_all, mean_course

_NEVER = "never"


def print_point(name, point):
    """Print a line for a checkpoint as soon as it is there."""
    first, value = next(iter(point.scores.items()))
    print(
        f"{name}: {point.done} in {point.total:.1f} s, {first}: {value:.3f}", flush=True
    )


def print_repetition(result):
    """Print the checkpoints of a repetition, and when each goal was reached."""
    print(f"\nRepetition {result['repetition']}\n")
    print_table(_list_points(_points_of(result)))
    print()
    print_table([_say_never(row) for row in result["goals"]])


def print_summary(results):
    """Print how the repetitions went together, and how each of their goals went."""
    courses = _mean_courses(results)
    print("\nMean over the repetitions, and when it reached the published mean\n")
    print_table(_list_points(courses))
    print()
    print_table([_say_never(row) for row in compare_all(courses)])
    print(f"\nAll {len(results)} repetitions: minimum / median / maximum\n")
    print_table([_summarise(rows) for rows in _align(results, "goals")])
    print()
    print_table([_summarise_rates(rows) for rows in _align(results, "rates")])


def _points_of(result):
    """Return the checkpoints of a repetition's trainings."""
    return {
        name: [Point(**point) for point in points]
        for name, points in result["points"].items()
    }


def _mean_courses(results):
    repetitions = list(map(_points_of, results))
    return {
        name: mean_course([of[name] for of in repetitions]) for name in repetitions[0]
    }


def _list_points(trainings):
    return [
        {"training": name, "done": point.done}
        | {f"{part}, s": value for part, value in point.seconds.items()}
        | {"total, s": point.total}
        | point.scores
        for name, points in trainings.items()
        for point in points
    ]


def _align(results, key):
    """Return tuples of what stands at the same place in all repetitions."""
    return zip(*(result[key] for result in results), strict=True)


def _say_never(row):
    return row if row["reached, s"] is not None else row | {"reached, s": _NEVER}


def _summarise(rows):
    """Return the spread of a goal's rows; of those reached, where some were not."""
    reached = [row for row in rows if row["reached, s"] is not None]
    summary = {name: rows[0][name] for name in ("training", "score", "goal")}
    for name in ("target", "published, s"):
        summary[name] = spread([row[name] for row in rows])
    for name in ("reached, s", "times as fast"):
        summary[name] = spread([row[name] for row in reached]) if reached else _NEVER
    return summary | {"reached": f"{len(reached)} of {len(rows)}"}


def _summarise_rates(rows):
    names = [name for name in rows[0] if name != "training"]
    spreads = {name: spread([row[name] for row in rows]) for name in names}
    return {"training": rows[0]["training"]} | spreads
