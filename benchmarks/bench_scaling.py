"""How times grow with hours of recording and with channels, and shrink with cores.

Filtering and resampling, an epoch of training, and embedding are measured while one of
the three is changed and the others stay at their base; all are interleaved in one run.
The ratio is the time over that of the first row. The ratio per unit is that divided by
the ratio of the hours or channels, or times the number of cores: 1 is perfect scaling,
more is worse.

Run ``python benchmarks/bench_scaling.py``; add ``--json PATH`` to keep the numbers.
"""

import warnings
from typing import NamedTuple

import joblib
import numpy as np
from performance import (
    at_least,
    interleave,
    make_parser,
    positive,
    print_table,
    save,
    spread,
)
from sklearn.pipeline import make_pipeline

from sksleep.datasets import make_tst
from sksleep.embedding import StagerNetEmbedder
from sksleep.preprocessing import BandpassFilter, Resampler, Windower

_SFREQ = 250.0  # Hz, after resampling
_GAP = 1  # s between two states of a simulated recording
_N_SITES = 12  # where a simulated mouse has electrodes, as many in each
_STAGES = ("filter and resample", "train one epoch", "embed")


class Setting(NamedTuple):
    """What times depend on."""

    hours: float
    channels: int
    cores: int


def main(argv=None):
    """Measure, print a table and write the numbers."""
    args = make_options().parse_args(argv)
    check(args)
    scales = find_scales(args)
    tasks = make_tasks({one for scale in scales.values() for one in scale}, args)
    seconds = interleave(tasks, args.repetitions)
    rows = make_rows(scales, seconds)
    print(
        f"Base: {args.base_hours:g} h of {args.base_channels} channels, 1 core. "
        f"Recordings of {args.recording_hours:g} h at {args.sfreq:g} Hz, windows of "
        f"3 s at {_SFREQ:g} Hz; {args.repetitions} repetitions.\n"
    )
    print_table(rows)
    save(args.json, __file__, args, rows)


def make_options():
    """Return the parser of the command line."""
    parser = make_parser(__doc__, repetitions=5)
    add = parser.add_argument
    cores = [*range(1, joblib.cpu_count() + 1)]
    add("--hours", type=positive, nargs="+", default=[0.5, 1.0, 2.0])
    add("--channels", type=at_least(1), nargs="+", default=[2, 11, 32])
    add("--cores", type=at_least(1), nargs="+", default=cores)
    add("--base-hours", type=positive, default=1.0)
    add("--base-channels", type=at_least(1), default=11)
    add("--recording-hours", type=positive, default=0.5, help="length of a recording")
    add("--sfreq", type=positive, default=500.0, help="Hz, before resampling")
    return parser


def check(args):
    """Exit unless all hours are those of whole recordings."""
    for hours in (*args.hours, args.base_hours):
        n_recordings = hours / args.recording_hours
        if round(n_recordings) < 1 or abs(n_recordings - round(n_recordings)) > 1e-9:
            raise SystemExit(
                f"{hours:g} hours are not a number of recordings of "
                f"{args.recording_hours:g} h; see --recording-hours"
            )


def find_scales(args):
    """Return, for what is changed, the settings that it gives."""
    base = Setting(args.base_hours, args.base_channels, 1)
    return {
        name: [base._replace(**{name: value}) for value in getattr(args, name)]
        for name in Setting._fields
    }


def make_tasks(settings, args):
    """Return what is measured, by stage and setting."""
    n_channels = {setting.channels for setting in settings}
    raw = simulate(max(n_channels), args)
    raw = {n: raw.pick(raw.ch_names[:n]) for n in n_channels}
    prepared = {n: prepare([recording], 1)[0] for n, recording in raw.items()}
    tasks = {}
    for setting in sorted(settings):
        n_recordings = round(setting.hours / args.recording_hours)
        recordings = repeat(raw[setting.channels], n_recordings)
        windows = cut(repeat(prepared[setting.channels], n_recordings))
        for stage, task in zip(
            _STAGES, make_stages(recordings, windows, setting.cores), strict=True
        ):
            tasks[stage, setting] = task
    return tasks


def simulate(n_channels, args):
    """Return a simulated recording with at least so many channels."""
    seconds = 3600 * args.recording_hours
    n_electrodes = -(-n_channels // _N_SITES)
    [recording] = make_tst(
        1,
        sfreq=args.sfreq,
        durations=((seconds - 2 * _GAP) / 3,) * 3,
        gaps=(_GAP, _GAP),
        electrodes_per_region=(n_electrodes, n_electrodes),
        random_state=0,
    )
    return recording


def repeat(recording, n_recordings):
    """Return one signal as that of several subjects: simulating them takes long."""
    return [recording.replace(subject=f"S{k:03}") for k in range(n_recordings)]


def cut(recordings):
    """Return windows of recordings that have the same signal on purpose."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Recordings hold the same signal")
        return Windower().fit_transform(recordings)


def prepare(recordings, n_jobs):
    """Filter and resample recordings."""
    steps = BandpassFilter(n_jobs=n_jobs), Resampler(_SFREQ, n_jobs=n_jobs)
    return make_pipeline(*steps).fit_transform(recordings)


def make_stages(recordings, windows, n_jobs):
    """Return the tasks of the stages for one setting."""
    params = {"device": "cpu", "n_jobs": n_jobs, "random_state": 0}
    embedder = StagerNetEmbedder(max_epochs=1, validation_fraction=None, **params)
    untrained = StagerNetEmbedder("random", **params).fit(windows)
    return (
        lambda: prepare(recordings, n_jobs),
        lambda: embedder.fit(windows),
        lambda: untrained.transform(windows),
    )


def make_rows(scales, seconds):
    """Return the times of each stage and setting, and ratios to the first."""
    return [
        make_row(stage, changed, settings[0], setting, seconds)
        for stage in _STAGES
        for changed, settings in scales.items()
        for setting in settings
    ]


def make_row(stage, changed, first, setting, seconds):
    """Return the times of a stage in one setting, and ratios to the first setting."""
    values = np.array(seconds[stage, setting])
    ratio = values / seconds[stage, first]
    growth = getattr(setting, changed) / getattr(first, changed)
    perfect = 1 / growth if changed == "cores" else growth
    return {
        "stage": stage,
        "changed": changed,
        "value": getattr(setting, changed),
        "seconds": spread(values),
        "ratio": spread(ratio),
        "ratio per unit": spread(ratio / perfect),
        "raw seconds": values.tolist(),
    }


if __name__ == "__main__":
    main()
