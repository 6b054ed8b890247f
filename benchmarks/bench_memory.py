"""How much memory a corpus needs whose signals lie in memory-mapped files.

Recordings of noise are written to files, filtered and resampled into other files,
an embedder is trained on them for one epoch, and embeds them. Each stage runs in a
process of its own, which gets the recordings as places in files, and whose memory is
looked at every 5 ms. Anonymous memory is what the process needs for itself. Total
memory counts pages of files too, which the system takes back when memory gets scarce.

Run ``python benchmarks/bench_memory.py --hours 1 4 16``; a large corpus, at the rate
of training from the start: ``--hours 1000 --sfreq 250 --step 30 --no-prepare``. Needs
Linux, and disk for the signals, 4 bytes a sample, which it frees at the end.
"""

import math
import shutil
import tempfile
from functools import partial
from pathlib import Path

import joblib
import numpy as np
from performance import (
    add_dir,
    at_least,
    check_step,
    draw_growth,
    make_parser,
    new_file,
    positive,
    print_table,
    process_memory,
    save,
    spread,
    watch,
)
from sklearn.pipeline import make_pipeline

from sksleep import Recording
from sksleep._optional import import_optional
from sksleep.embedding import StagerNetEmbedder
from sksleep.preprocessing import BandpassFilter, Resampler, Windower

_SFREQ = 250.0  # Hz, after resampling
_INTERVAL = 0.005  # s
_BLOCK = 1 << 20  # samples of noise; longer channels repeat them
_ITEM_SIZE = 4  # bytes of a sample
_COLUMNS = (
    *("hours", "stage", "seconds", "seconds per hour"),
    *("before, MB", "anonymous, MB", "total, MB", "files, MB"),
)


def main(argv=None):
    """Measure, print a table and write the numbers."""
    args = make_options().parse_args(argv)
    check(args)
    rows = []
    for hours in args.hours:
        corpora = [measure_corpus(hours, args) for _ in range(args.repetitions)]
        rows += [summarise(runs) for runs in zip(*corpora, strict=True)]
    print(
        f"Recordings of {args.recording_hours:g} h at most, {args.n_channels} "
        f"channels, {args.sfreq:g} Hz, a window every {args.step:g} s.\n"
    )
    print_table(rows, _COLUMNS)
    save(args.json, __file__, args, rows)
    if args.figure is not None:
        draw_growth([row for row in rows if row["stage"] != "make"], args.figure)


def make_options():
    """Return the parser of the command line."""
    parser = make_parser(__doc__, repetitions=5)
    add = parser.add_argument
    add("--hours", type=positive, nargs="+", default=[1.0, 4.0, 16.0])
    add("--recording-hours", type=positive, default=1.0, help="longest recording")
    add("--sfreq", type=positive, default=1000.0, help="Hz, before resampling")
    add("--n-channels", type=at_least(1), default=11)
    add("--step", type=positive, default=3.0, help="s from window to window of 3 s")
    add("--threads", type=at_least(1), default=1)
    add_dir(parser)
    add(
        "--figure",
        type=new_file,
        metavar="PATH",
        help="file for a picture of time and memory",
    )
    add("--no-prepare", action="store_true", help="do not filter and resample")
    return parser


def check(args):
    """Exit or raise, before anything is measured, unless all that it needs is there."""
    if args.figure is not None:
        import_optional("matplotlib", "benchmarks")
    if not Path("/proc/self/status").exists():
        raise SystemExit("bench_memory.py reads /proc/self/status, which Linux has")
    check_step(args.step)
    lowest = 2 * BandpassFilter().h_freq
    if not args.no_prepare and args.sfreq <= lowest:
        raise SystemExit(f"--sfreq must exceed {lowest:g} Hz, for the filter")
    rates = args.sfreq + (0 if args.no_prepare else args.sfreq + _SFREQ)
    needed = max(args.hours) * 3600 * rates * args.n_channels * _ITEM_SIZE
    folder = args.dir or tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise SystemExit(
            f"{max(args.hours):g} hours need {needed / 1e9:.1f} GB in {folder}, "
            f"{free / 1e9:.1f} GB are free"
        )


def measure_corpus(hours, args):
    """Return what each stage took for a corpus of some hours."""
    rows, recordings = [], None
    with tempfile.TemporaryDirectory(dir=args.dir) as folder:
        folder = Path(folder)
        for name, stage in make_stages(hours, folder, args).items():
            usages, recordings = watch(
                {name: stage}, recordings, look=process_memory, interval=_INTERVAL
            )
            files = sum(file.stat().st_size for file in folder.iterdir())
            rows.append({"hours": hours, "stage": name, "files": files} | usages[name])
    return rows


def summarise(runs):
    """Return the row of a stage from what it took in each repetition."""
    seconds = np.array([run["seconds"] for run in runs])
    first = runs[0]
    return {
        "hours": first["hours"],
        "stage": first["stage"],
        "seconds": spread(seconds),
        "seconds per hour": spread(seconds / first["hours"]),
        "before, MB": spread([run["before"]["anonymous"] / 1e6 for run in runs]),
        "anonymous, MB": spread([run["peak"]["anonymous"] / 1e6 for run in runs]),
        "total, MB": spread([run["peak"]["total"] / 1e6 for run in runs]),
        "files, MB": first["files"] / 1e6,
        "runs": list(runs),
    }


def make_stages(hours, folder, args):
    """Return what is done by name, in this order, each with what the last returned."""
    stages = {"make": partial(make, hours, folder, args)}
    if not args.no_prepare:
        stages["prepare"] = partial(prepare, folder, args)
    stages["train"] = partial(train, folder, args)
    return stages | {"embed": partial(embed, folder, args)}


def make(hours, folder, args, _):
    """Write recordings of noise."""
    # Rounding of 0.3 / 0.1 is no recording more.
    n_recordings = math.ceil(hours / args.recording_hours - 1e-9)
    n_times = round(hours / n_recordings * 3600 * args.sfreq)
    return [make_recording(k, n_times, folder, args) for k in range(n_recordings)]


def make_recording(number, n_times, folder, args):
    """Write a recording whose channels are one noise, each begun elsewhere.

    To draw so much noise would take longer than to write it.
    """
    rng = np.random.default_rng(number)
    noise = rng.standard_normal(min(n_times, _BLOCK), dtype=np.float32)
    file = folder / f"raw{number}.npy"
    header = {"descr": "<f4", "fortran_order": False}
    with file.open("wb") as stream:
        np.lib.format.write_array_header_1_0(
            stream, header | {"shape": (args.n_channels, n_times)}
        )
        for begin in rng.integers(len(noise), size=args.n_channels):
            channel = np.roll(noise, begin)
            for left in range(n_times, 0, -len(noise)):
                stream.write(channel[:left])
    ch_names = [f"ch{k}" for k in range(args.n_channels)]
    return Recording(
        np.load(file, mmap_mode="r"), args.sfreq, ch_names, f"S{number:04}"
    )


def prepare(folder, args, recordings):
    """Filter and resample."""
    where = {"n_jobs": args.threads, "memmap_dir": folder}
    pipeline = make_pipeline(BandpassFilter(**where), Resampler(_SFREQ, **where))
    return pipeline.fit_transform(recordings)


def train(folder, args, recordings):
    """Train an embedder for one epoch."""
    embedder = StagerNetEmbedder(
        max_epochs=1,
        validation_fraction=None,
        device="cpu",
        n_jobs=args.threads,
        random_state=0,
    )
    embedder.fit(Windower(step=args.step).fit_transform(recordings))
    joblib.dump(embedder, folder / "embedder.joblib")
    return recordings


def embed(folder, args, recordings):
    """Embed all windows with the trained embedder."""
    embedder = joblib.load(folder / "embedder.joblib")
    embedder.transform(Windower(step=args.step).fit_transform(recordings))


if __name__ == "__main__":
    main()
