"""How much memory the main job takes: recordings to cross-validated accuracy.

Simulated recordings are read, resampled, filtered and cut into windows, and
``cross_validate`` trains an embedder and a classifier in every fold, in one process or
in several. The recordings stay in memory to the end, as in a user's session. Several
processes share the signals by memory-mapped files.

Memory is the sum over all processes that the job starts: of the proportional set size
(PSS), which counts a shared page once, and of the resident set size (RSS), which
counts it in each process; the highest of looks every 0.1 s. What the job shares with
the program that watches counts as the job's. The bound is 1.3 times the recordings as
float32 plus 600 MB.

Run ``python benchmarks/bench_study_memory.py``; add ``--json PATH`` to keep the
numbers. Needs Linux.
"""

import tempfile
import warnings
from functools import partial
from pathlib import Path

import joblib
from joblib.externals.loky import get_reusable_executor
from performance import (
    add_dir,
    at_least,
    check_step,
    make_parser,
    positive,
    print_table,
    save,
    spread,
    tree_memory,
    watch,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline

from sksleep.datasets import make_tst
from sksleep.embedding import StagerNetEmbedder
from sksleep.preprocessing import BandpassFilter, Resampler, Windower

_INTERVAL = 0.1  # s; looking more often takes time from what is watched
_SFREQ = 250.0  # Hz, after resampling
_FILE = "recording.joblib"
_BOUND = 1.3, 600e6  # times the recordings, and bytes more
_COLUMNS = (
    "n_jobs",
    "stage",
    "seconds",
    "pss, MB",
    "rss, MB",
    "bound, MB",
    "pss / bound",
)


def main(argv=None):
    """Measure, print a table and write the numbers."""
    args = make_options().parse_args(argv)
    check(args)
    rows = []
    with tempfile.TemporaryDirectory(dir=args.dir) as folder:
        simulate(args.sfreq, Path(folder, _FILE))
        for n_jobs in args.n_jobs:
            runs = [measure(n_jobs, folder, args) for _ in range(args.repetitions)]
            rows += [make_row(n_jobs, stage, runs) for stage in runs[0][0]]
    print(
        f"{args.subjects} recordings at {args.sfreq:g} Hz, {runs[0][1] / 1e6:.0f} MB "
        f"in all; {args.folds} folds, {args.max_epochs} epochs each.\n"
    )
    print_table(rows, _COLUMNS)
    save(args.json, __file__, args, rows)


def make_options():
    """Return the parser of the command line."""
    parser = make_parser(__doc__, repetitions=5)
    add = parser.add_argument
    add("--subjects", type=at_least(2), default=20, help="one recording of each")
    add("--sfreq", type=positive, default=1000.0, help="Hz, before resampling")
    add("--step", type=positive, default=6.0, help="s from window to window of 3 s")
    add("--folds", type=at_least(2), default=5)
    add("--max-epochs", type=at_least(1), default=1)
    add("--n-jobs", type=at_least(1), nargs="+", default=[1, 2], help="folds at once")
    add_dir(parser)
    return parser


def check(args):
    """Exit, before anything is measured, unless all that it needs is there."""
    rollup = Path("/proc/self/smaps_rollup")
    if not rollup.exists() or "Pss_File" not in rollup.read_text():
        raise SystemExit(
            "bench_study_memory.py reads Pss_File in smaps_rollup, which Linux has, "
            "though not in old versions"
        )
    if args.folds > args.subjects:
        raise SystemExit("--folds must be at most --subjects")
    check_step(args.step)


def measure(n_jobs, folder, args):
    """Return what each stage took, and the bytes of all recordings."""
    with tempfile.TemporaryDirectory(dir=folder) as memmap_dir:
        memmap_dir = memmap_dir if n_jobs > 1 else None
        stages = {
            "read": partial(read, Path(folder, _FILE), args.subjects),
            "resample, filter, cut": partial(prepare, memmap_dir, args.step),
            "cross-validate": partial(validate, n_jobs, args.folds, args.max_epochs),
        }
        return watch(stages, look=tree_memory, interval=_INTERVAL)


def make_row(n_jobs, stage, runs):
    """Return the row of a stage from what it took in each repetition."""
    usages = [usages[stage] for usages, _ in runs]
    factor, more = _BOUND
    bound = factor * runs[0][1] + more
    return {
        "n_jobs": n_jobs,
        "stage": stage,
        "seconds": spread([usage["seconds"] for usage in usages]),
        "pss, MB": spread([usage["peak"]["pss"] / 1e6 for usage in usages]),
        "rss, MB": spread([usage["peak"]["rss"] / 1e6 for usage in usages]),
        "bound, MB": bound / 1e6,
        "pss / bound": spread([usage["peak"]["pss"] / bound for usage in usages]),
        "runs": usages,
    }


def simulate(sfreq, file):
    """Write a file of a simulated mouse's recording."""
    [recording] = make_tst(1, sfreq=sfreq, electrodes_per_region=(1, 1), random_state=0)
    joblib.dump(recording, file)


def read(file, n_subjects, _):
    """Return recordings, each with a signal of its own in memory.

    All are read from the file of one mouse: simulating them takes long.
    """
    return [joblib.load(file).replace(subject=f"S{k:03}") for k in range(n_subjects)]


def prepare(memmap_dir, step, recordings):
    """Return the recordings, which stay in memory, and windows of them."""
    pipeline = make_pipeline(
        Resampler(_SFREQ, memmap_dir=memmap_dir),
        BandpassFilter(h_freq=55, memmap_dir=memmap_dir, copy=False),
        Windower(3.0, step, align="annotation"),
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Recordings hold the same signal")
        return recordings, pipeline.fit_transform(recordings)


def validate(n_jobs, n_folds, max_epochs, data):
    """Train and score a model in each fold; return the bytes of the recordings."""
    recordings, windows = data
    embedder = StagerNetEmbedder(max_epochs=max_epochs, device="cpu", random_state=0)
    model = Pipeline(
        [("embed", embedder), ("classify", LogisticRegression(max_iter=1000))]
    )
    X, y, groups = windows.labelled()
    folds = GroupKFold(n_folds)
    cross_validate(
        model, X, y, groups=groups, cv=folds, n_jobs=n_jobs, error_score="raise"
    )
    if n_jobs > 1:  # idle workers would hold up the end of the process for minutes
        get_reusable_executor().shutdown()
    return sum(recording.data.nbytes for recording in recordings)


if __name__ == "__main__":
    main()
