"""How much memory a corpus needs whose signals lie in memory-mapped files.

Recordings of noise are written to files, filtered and resampled into other files,
an embedder is trained on them for one epoch, and embeds them. Each stage runs in a
process of its own, which gets the recordings as places in files, and whose memory is
looked at every 5 ms. Anonymous memory is what the process needs for itself. Total
memory counts pages of files too, which the system takes back when memory gets scarce:
that it grows with the corpus does not mean that the corpus must fit.

Run ``python benchmarks/bench_memory.py --hours 1 4 16``; add ``--json PATH`` to keep
the numbers. Needs Linux, and per hour about 0.4 GB of disk, which it frees at the end.
"""

import argparse
import json
import multiprocessing
import tempfile
import time
from pathlib import Path

import joblib
import numpy as np
from sklearn.pipeline import make_pipeline

from sksleep import Recording
from sksleep.embedding import StagerNetEmbedder
from sksleep.preprocessing import BandpassFilter, Resampler, Windower

_SFREQ = 250.0  # Hz, after resampling
_INTERVAL = 0.005  # s
_MB = 1e6


def main(argv=None):
    """Measure, print a table and write the numbers."""
    args = make_parser().parse_args(argv)
    if not Path("/proc/self/status").exists():
        raise SystemExit("bench_memory.py reads /proc/self/status, which Linux has")
    print(
        f"{args.n_channels} channels, {args.sfreq:g} Hz, recordings of "
        f"{args.recording_hours:g} h, a window every {args.step:g} s; MB"
    )
    print(
        f"{'hours':>6} {'stage':>8} {'seconds':>8} {'anonymous: before':>18} "
        f"{'peak':>6} {'total: peak':>12} {'files':>8}"
    )
    results = []
    for hours in args.hours:
        with tempfile.TemporaryDirectory(dir=args.dir) as folder:
            for row in measure_corpus(hours, Path(folder), args):
                print_row(row)
                results.append(row)
    if args.json:
        with open(args.json, "w") as file:
            json.dump(vars(args) | {"results": results}, file)


def make_parser():
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--hours", type=float, nargs="+", default=[1.0, 4.0, 16.0])
    add("--recording-hours", type=float, default=1.0, help="length of a recording")
    add("--sfreq", type=float, default=1000.0, help="Hz, before resampling")
    add("--n-channels", type=int, default=11)
    add("--step", type=float, default=3.0, help="s from window to window of 3 s")
    add("--threads", type=int, default=1)
    add("--dir", help="folder for the files; default: that of temporary files")
    add("--json", metavar="PATH")
    return parser


def measure_corpus(hours, folder, args):
    """Yield what each stage took for a corpus of some hours."""
    recordings = None
    for name, stage in STAGES.items():
        row, result = measure(stage, recordings, hours, folder, args)
        recordings = result or recordings
        files = sum(file.stat().st_size for file in folder.iterdir())
        yield {"hours": hours, "stage": name, "files": files} | row


def make(_, hours, folder, args):
    """Write recordings of noise, channel by channel."""
    n_recordings = max(1, round(hours / args.recording_hours))
    n_times = round(hours / n_recordings * 3600 * args.sfreq)
    return [make_recording(k, n_times, folder, args) for k in range(n_recordings)]


def make_recording(number, n_times, folder, args):
    """Write a recording of noise."""
    file = folder / f"raw{number}.npy"
    shape = (args.n_channels, n_times)
    signal = np.lib.format.open_memmap(file, "w+", np.float32, shape)
    rng = np.random.default_rng(number)
    for channel in signal:
        rng.standard_normal(out=channel, dtype=np.float32)
    ch_names = [f"ch{k}" for k in range(args.n_channels)]
    return Recording(signal, args.sfreq, ch_names, f"S{number:03}")


def prepare(recordings, hours, folder, args):
    """Filter and resample."""
    where = {"n_jobs": args.threads, "memmap_dir": folder}
    pipeline = make_pipeline(BandpassFilter(**where), Resampler(_SFREQ, **where))
    return pipeline.fit_transform(recordings)


def train(recordings, hours, folder, args):
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


def embed(recordings, hours, folder, args):
    """Embed all windows with the trained embedder."""
    embedder = joblib.load(folder / "embedder.joblib")
    embedder.transform(Windower(step=args.step).fit_transform(recordings))


STAGES = {"make": make, "prepare": prepare, "train": train, "embed": embed}


def measure(stage, *arguments):
    """Run a stage in a process of its own and watch its memory.

    Returns
    -------
    row : dict
        Seconds, and bytes of anonymous memory before and at most, and of all memory.
    result : object
        What the stage returned.
    """
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=run, args=(there, stage, arguments))
    process.start()
    there.close()
    here.recv()  # all is imported
    before, total = memory(process.pid)
    peak = before
    here.send("go")
    while not here.poll(_INTERVAL):
        anonymous, resident = memory(process.pid)
        peak, total = max(peak, anonymous), max(total, resident)
    seconds, result = here.recv()
    here.send("end")
    process.join()
    row = {"seconds": seconds, "before": before, "anonymous": peak, "total": total}
    return row, result


def run(pipe, stage, arguments):
    """Run a stage when told to, and send seconds and result."""
    pipe.send("ready")
    pipe.recv()
    begin = time.perf_counter()
    result = stage(*arguments)
    pipe.send((time.perf_counter() - begin, result))
    pipe.recv()


def memory(pid):
    """Return anonymous and all resident memory of a process, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return tuple(
        1024 * int(fields[name].split()[0]) if name in fields else 0
        for name in ("RssAnon", "VmRSS")
    )


def print_row(row):
    """Print what a stage took."""
    print(
        f"{row['hours']:6g} {row['stage']:>8} {row['seconds']:8.1f} "
        f"{row['before'] / _MB:18.0f} {row['anonymous'] / _MB:6.0f} "
        f"{row['total'] / _MB:12.0f} {row['files'] / _MB:8.0f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
