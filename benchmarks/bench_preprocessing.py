"""How fast recordings are filtered and resampled, compared with MNE.

Both get the same float32 recording of noise and the same number of cores, of which
each thread or process uses one. MNE computes in float64: its seconds are those of
``mne.filter.filter_data`` and ``mne.filter.resample`` with the conversion to float64.
The ratios are MNE's seconds over those of sksleep in the same repetition: with this
conversion, with a float64 array at hand, and of the methods of ``mne.io.RawArray``,
with making one. The difference is the largest one between both results over the
largest value; in resampling, whose filters differ, of a signal in the pass band of
both, away from the ends. There, MNE may shift the signal by up to half a new sample,
unless the number of samples fits the ratio of the rates, as in an hour.

Run ``python benchmarks/bench_preprocessing.py``; add ``--json PATH`` to keep the
numbers. Needs MNE.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

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
from threadpoolctl import threadpool_limits

from sksleep import Recording
from sksleep._optional import import_optional
from sksleep.preprocessing import BandpassFilter, Resampler

_OURS, _THEIRS = "sksleep", "MNE"


@dataclass
class Case:
    """Something that both do: a transformer, and what MNE calls it.

    Parameters
    ----------
    name : str
    transformer : BandpassFilter or Resampler
    recording : Recording
    on_array : callable
        Takes float64 data, whether to keep them as they are, and a number of jobs.
    on_raw : callable
        Takes an mne.io.Raw and a number of jobs, and changes the Raw.
    """

    name: str
    transformer: BandpassFilter | Resampler
    recording: Recording
    on_array: Callable
    on_raw: Callable


def main(argv=None):
    """Measure, print a table and write the numbers."""
    args = parse(argv)
    mne = import_optional("mne", "mne")
    with threadpool_limits(1), mne.utils.use_log_level("error"):
        rows = [
            measure(case, n_jobs, args.repetitions)
            for case, n_jobs in product(make_cases(args), args.n_jobs)
        ]
    print_table(rows)
    save(args.json, __file__, args, rows)


def parse(argv):
    """Return the options of the command line."""
    parser = make_parser(__doc__, repetitions=5)
    add = parser.add_argument
    add("--hours", type=positive, default=1.0, help="length of the recording")
    add("--n-channels", type=at_least(1), default=11)
    add("--sfreq", type=positive, default=1000.0, help="Hz; above 110")
    cores = sorted({1, joblib.cpu_count()})
    add("--n-jobs", type=at_least(1), nargs="+", default=cores)
    return parser.parse_args(argv)


def make_cases(args):
    """Yield all that is compared; a recording is made when its case is due."""
    for name, l_freq, h_freq in [
        ("low-pass 55 Hz", None, 55.0),
        ("1-55 Hz", 1.0, 55.0),
        ("0.5-55 Hz", 0.5, 55.0),
    ]:
        for method in ("fir", "iir"):
            yield make_filter(f"{method.upper()} {name}", l_freq, h_freq, method, args)
    rates = [(args.sfreq, args.sfreq / 4), (args.sfreq, args.sfreq / 8), (512.0, 100.0)]
    for (sfreq, new), method in product(rates, ("fft", "polyphase")):
        yield make_resampling(sfreq, new, method, args)


def make_filter(name, l_freq, h_freq, method, args):
    """Return a case of filtering."""
    mne = import_optional("mne", "mne")
    band = {"l_freq": l_freq, "h_freq": h_freq, "method": method}

    def on_array(data, keep, n_jobs):
        return mne.filter.filter_data(
            data, args.sfreq, **band, copy=keep, n_jobs=n_jobs
        )

    def on_raw(raw, n_jobs):
        raw.filter(**band, n_jobs=n_jobs)

    recording = make_recording(args.sfreq, args)
    return Case(name, BandpassFilter(**band), recording, on_array, on_raw)


def make_resampling(sfreq, new, method, args):
    """Return a case of resampling: by one of MNE's methods, ours has but one."""
    mne = import_optional("mne", "mne")

    def on_array(data, keep, n_jobs):
        return mne.filter.resample(
            data, new, sfreq, method=method, npad="auto", n_jobs=n_jobs
        )

    def on_raw(raw, n_jobs):
        raw.resample(new, method=method, n_jobs=n_jobs)

    recording = make_recording(sfreq, args)
    recordings = BandpassFilter(h_freq=0.2 * new).fit_transform([recording])
    name = f"{sfreq:g} to {new:g} Hz, MNE's {method}"
    return Case(name, Resampler(new), *recordings, on_array, on_raw)


def make_recording(sfreq, args):
    """Return a recording of noise."""
    shape = args.n_channels, round(args.hours * 3600 * sfreq)
    data = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
    return Recording(data, sfreq, [f"ch{k}" for k in range(len(data))], "S01")


def measure(case, n_jobs, repetitions):
    """Return seconds, ratios and the largest difference of a case."""
    mne = import_optional("mne", "mne")
    data, doubles = case.recording.data, case.recording.data.astype(float)
    info = mne.create_info(len(data), case.recording.sfreq, "eeg")
    transformer = case.transformer.set_params(n_jobs=n_jobs)
    seconds = interleave(
        {
            _OURS: lambda: transformer.fit_transform([case.recording]),
            _THEIRS: lambda: case.on_array(data.astype(float), False, n_jobs),
            "float64": lambda: case.on_array(doubles, True, n_jobs),
            "Raw": lambda: case.on_raw(mne.io.RawArray(data, info), n_jobs),
        },
        repetitions,
    )
    [ours] = transformer.fit_transform([case.recording])
    theirs = case.on_array(doubles, True, n_jobs)
    return {
        "what": case.name,
        "n_jobs": n_jobs,
        "sksleep (s)": spread(seconds[_OURS]),
        "MNE (s)": spread(seconds[_THEIRS]),
        "ratio": compare(seconds, _THEIRS),
        "ratio, float64 at hand": compare(seconds, "float64"),
        "ratio, Raw": compare(seconds, "Raw"),
        "difference": find_difference(ours, theirs, case),
        "seconds": [seconds],
    }


def compare(seconds, other):
    """Return how many times as long another took, in each repetition."""
    return spread(np.divide(seconds[other], seconds[_OURS]))


def find_difference(recording, data, case):
    """Return the largest difference over the largest value."""
    begin = recording.n_times // 4 if isinstance(case.transformer, Resampler) else 0
    # Where the rates do not fit the length, MNE rounds it otherwise.
    n_times = min(recording.n_times, data.shape[1])
    interior = np.s_[:, begin : n_times - begin]
    difference = np.abs(recording.data[interior] - data[interior]).max()
    return float(difference / np.abs(data).max())


if __name__ == "__main__":
    main()
