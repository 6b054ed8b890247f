"""How many windows per second an embedder trains with and embeds, as its user waits.

``StagerNetEmbedder.fit`` with each pretext task, for a few epochs and without held-out
recordings, and ``transform`` of all windows, both from recordings in memory, on the
processor and on a GPU if there is one. A rate is the windows that were embedded, the
same window as often as it was, over the whole call: planning of batches, the copy of
the recordings to the GPU and all else included. On a GPU plain layers, whose operations
are started one by one, stand beside the default, which replays captured steps of the
network's own kernels. All are measured interleaved in one run.

Run ``python benchmarks/bench_embedder.py``; add ``--json PATH`` to keep the numbers.
"""

from functools import partial

import joblib
import numpy as np
import torch
from performance import at_least, interleave, make_parser, print_table, save, spread

from sksleep import Recording
from sksleep.embedding import StagerNetEmbedder
from sksleep.preprocessing import Windower
from sksleep.pretext import (
    ContrastivePredictiveCoding,
    RelativePositioning,
    TemporalShuffling,
)

TASKS = {
    task.__name__: task
    for task in (RelativePositioning, TemporalShuffling, ContrastivePredictiveCoding)
}
# Of computing a step on a GPU.
_WAYS = ("plain layers", "default")


def main(argv=None):
    """Measure, print a table and write the numbers."""
    args = parse(argv)
    windows = make_windows(args)
    measured = make_measured(windows, args)
    seconds = interleave(
        {key: task for key, (task, _) in measured.items()}, args.repetitions
    )
    rows = make_rows(seconds, {key: n() for key, (_, n) in measured.items()})
    print(
        f"{len(windows)} windows of {args.n_channels} channels x {args.n_times} "
        f"samples, {args.epochs} epochs, {args.threads} threads, {args.repetitions} "
        "repetitions.\n"
    )
    print_table(rows)
    save(args.json, __file__, args, rows)


def parse(argv):
    """Return the options of the command line."""
    parser = make_parser(__doc__, repetitions=5)
    add = parser.add_argument
    devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    add("--devices", nargs="+", choices=["cpu", "cuda"], default=devices)
    add("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    add("--ways", nargs="+", choices=_WAYS, default=list(_WAYS), help="on a GPU")
    add(
        "--precisions",
        nargs="+",
        choices=["float32", "bfloat16"],
        default=["float32", "bfloat16"],
    )
    n_cores = joblib.cpu_count()
    add("--threads", type=at_least(1), default=n_cores, help="default: of all cores")
    add("--epochs", type=at_least(1), default=2)
    add("--n-recordings", type=at_least(1), default=12)
    add("--n-windows", type=at_least(1), default=400, help="of each recording")
    add("--n-channels", type=at_least(1), default=11)
    add("--n-times", type=at_least(1), default=375, help="samples per window of 3 s")
    args = parser.parse_args(argv)
    if "cuda" in args.devices and not torch.cuda.is_available():
        parser.error("--devices cuda: torch finds no GPU here")
    return args


def make_windows(args):
    """Return windows of noise; what the numbers are does not change the time."""
    rng = np.random.default_rng(0)
    shape = args.n_channels, args.n_windows * args.n_times
    recordings = [
        Recording(
            rng.standard_normal(shape, dtype=np.float32),
            args.n_times / 3,
            [f"ch{channel}" for channel in range(args.n_channels)],
            f"S{number}",
        )
        for number in range(args.n_recordings)
    ]
    return Windower(3.0).fit_transform(recordings)


def make_measured(windows, args):
    """Return by (what, device, way, precision) what to do, and how to count windows."""
    measured = {}
    for device in args.devices:
        for way in args.ways if device == "cuda" else ["default"]:
            for precision in args.precisions:
                key = device, way, precision
                for name in args.tasks:
                    embedder = make_embedder(name, *key, args)
                    fit = partial(embedder.fit, windows)
                    measured[f"fit {name}", *key] = fit, partial(n_trained, embedder)
                embedder = make_embedder("random", *key, args).fit(windows)
                transform = partial(embedder.transform, windows)
                measured["transform", *key] = transform, windows.__len__
    return measured


def make_embedder(name, device, way, precision, args):
    """Return an embedder that computes on a device in one of the ways."""
    return StagerNetEmbedder(
        "random" if name == "random" else TASKS[name](),
        module_params={"fast_gpu": way != "plain layers"},
        max_epochs=args.epochs,
        validation_fraction=None,
        device=device,
        precision=precision,
        n_jobs=args.threads,
        random_state=0,
    )


def n_trained(embedder):
    """Return how many windows a training has embedded."""
    return sum(embedder.net_.history[:, "train_windows"])


def make_rows(seconds, n_windows):
    """Return rates, and how many times as fast as the first of a task each is."""
    rows, first = [], {}
    for key, values in seconds.items():
        what, device, way, precision = key
        values = np.array(values)
        times = first.setdefault(what, values) / values
        row = {"task": what, "device": device, "way": way, "precision": precision}
        row["windows/s"] = spread(n_windows[key] / values)
        row["times as fast"] = spread(times)
        rows.append(row | {"seconds": values.tolist()})
    return sorted(rows, key=lambda row: row["task"])


if __name__ == "__main__":
    main()
