"""What options leave nothing to filter, to train or to score."""

from ._data import N_FOLDS
from ._loops import H_FREQ, WINDOW


def find_problem(args):
    """Return what is wrong with options, in words, or None.

    Parameters
    ----------
    args : argparse.Namespace
        Of ``bench_time_to_accuracy.py``.
    """
    if args.checkpoints > args.pairs:
        return "--checkpoints must not exceed --pairs"
    if min(args.sfreq, args.recording_sfreq) <= 2 * H_FREQ:
        return f"--sfreq and --recording-sfreq must exceed {2 * H_FREQ:g} Hz"
    n_tested = -(-args.n_subjects // min(N_FOLDS, args.n_subjects))
    n_windows = int(min(args.durations) / WINDOW) * (args.n_subjects - n_tested)
    if args.labels > n_windows:
        return f"--labels must be at most {n_windows}, the windows of the rarest state"
    return None
