"""One repetition: all trainings, one after the other, scored at their checkpoints."""

from importlib.util import find_spec

from ._braindecode import measure_braindecode
from ._curve import Point, compare_all
from ._loops import TAU_NEG, TAU_POS, cut, make_loops
from ._report import print_point
from ._scores import score

_BRAINDECODE_SFREQS = (250.0, 1000.0)  # Hz
_N_BRAINDECODE_PAIRS = 512


def run_repetition(recordings, split, args):
    """Run all trainings on one fold.

    Parameters
    ----------
    recordings : list of Recording
    split : Split
    args : argparse.Namespace

    Returns
    -------
    result : dict
        The checkpoints of each training, the time to each goal, and the rates.
    """
    points, rates = {}, []
    for name, run in make_loops(args).items():
        points[name] = []
        for result in run(recordings, split, args):
            scores = score(
                result.embeddings, result.labelled, split, args.labels, args.draws
            )
            points[name].append(Point(result.done, result.seconds, scores))
            print_point(name, points[name][-1])
        rates.append({"training": name} | result.rates())
    if find_spec("braindecode") is not None:
        rates += _measure_braindecode(recordings, split, args)
    return {
        "repetition": split.seed,
        "train_subjects": sorted(split.train),
        "points": {name: [p._asdict() for p in of] for name, of in points.items()},
        "goals": compare_all(points),
        "rates": rates,
    }


def _measure_braindecode(recordings, split, args):
    """Yield the rates of braindecode at sampling rates up to the recordings' own."""
    for sfreq in _BRAINDECODE_SFREQS:
        if sfreq > recordings[0].sfreq:
            continue
        windows = cut(recordings, sfreq, args.threads)
        windows = windows[split.is_train(windows)]
        n_pairs = min(args.pairs, _N_BRAINDECODE_PAIRS)
        rates = measure_braindecode(windows, n_pairs, TAU_POS, TAU_NEG, split.seed)
        yield {"training": f"braindecode, {sfreq:g} Hz"} | rates
