"""How soon sksleep gets to the accuracy that the published training gets to.

All trainings learn relative positioning (tau_pos 30 s, tau_neg 120 s) from the same
simulated recordings at 1000 Hz, averaged to 11 regions, and all are scored on the same
subjects, held out by GroupKFold: a linear classifier, 10 labels per class (mean of 20
draws, the same for all) and all labels.

- published: windows of 3 s x 1000 Hz, z-scored; pairs drawn independently, both windows
  of each read and embedded anew; StagerNet of plain layers with the published dropout
  and random initial weights; Adam, all in float32. A plain loop, stopped at
  checkpoints.
- sksleep: Resampler to 125 Hz, BandpassFilter, Windower, StagerNetEmbedder, in float32
  and in bfloat16 (which is nearly the same thing on a processor without units for it);
  for each number of epochs a fit of its own, which takes what its user waits for. The
  embedder has its defaults, less dropout and channels that begin unmixed among them,
  but that no recordings are held out: the published training learns from all, too.
  ``--more-dropouts 0.5`` adds trainings with the published dropout.

The time to a checkpoint is that of (resampling and) filtering all recordings, training
up to there, and embedding all labelled windows once; scoring is not counted. Who is
first at or above the accuracy that the published training has at its checkpoints, its
end and its best, has reached it; "times as fast" is the ratio of the two times within a
repetition. A repetition is a fold, with seeds of its own. In the summary the times of
sksleep are those of the repetitions that reached the goal; it says how many did. Where
braindecode is installed, its steps per second stand beside.

Run ``python benchmarks/bench_time_to_accuracy.py --threads 2``; ``--json PATH`` keeps
the numbers, and is written anew after each repetition.
"""

from importlib.util import find_spec

import torch
from performance import at_least, make_parser, positive, probability, save
from time_to_accuracy import (
    find_problem,
    make_splits,
    print_repetition,
    print_summary,
    run_repetition,
    simulate,
    warm_up,
)


def main(argv=None):
    """Run all repetitions; print and write the numbers after each."""
    args = parse(argv)
    torch.set_num_threads(args.threads)
    if find_spec("braindecode") is None:
        print("braindecode is not installed: left out")
    recordings = simulate(args.n_subjects, args.recording_sfreq, args.durations)
    warm_up(recordings, args)
    results = []
    for split in make_splits(recordings, args.repetitions, args.first):
        results.append(run_repetition(recordings, split, args))
        print_repetition(results[-1])
        save(args.json, __file__, args, results)
    print_summary(results)


def parse(argv):
    """Return the options of the command line."""
    parser = make_parser(__doc__, repetitions=5)
    add = parser.add_argument
    add(
        "--first",
        type=at_least(0),
        default=0,
        help=(
            "the number of the first repetition, to go on after those of another run; "
            "default: 0"
        ),
    )
    add("--threads", type=at_least(1), default=2, help="of torch; default: 2")
    add("--n-subjects", type=at_least(2), default=12, help="default: 12")
    _add_options_of_published(add)
    _add_options_of_sksleep(add)
    add("--recording-sfreq", type=positive, default=1000.0, help="Hz, as recorded")
    add(
        "--durations",
        type=positive,
        nargs=3,
        default=[300.0, 300.0, 600.0],
        help="seconds that each state is simulated",
    )
    add("--labels", type=at_least(1), default=10, help="per class; default: 10")
    add("--draws", type=at_least(1), default=20, help="of labels; default: 20")
    args = parser.parse_args(argv)
    problem = find_problem(args)
    if problem is not None:
        parser.error(problem)
    return args


def _add_options_of_sksleep(add):
    add(
        "--epochs",
        type=at_least(1),
        nargs="+",
        default=[1, 2, 3, 4],
        help="of sksleep, each a training of its own; default: 1 2 3 4",
    )
    add(
        "--precisions",
        nargs="+",
        choices=["float32", "bfloat16"],
        default=["float32", "bfloat16"],
        help="of sksleep's; default: both",
    )
    add(
        "--more-dropouts",
        type=probability,
        nargs="+",
        default=[],
        help="of sksleep's, beside its default; default: none",
    )
    add("--sfreq", type=positive, default=125.0, help="Hz, of sksleep's windows")


def _add_options_of_published(add):
    add(
        "--pairs",
        type=at_least(2),
        default=32000,
        help="that the published training learns from; default: 32000",
    )
    add(
        "--dropout",
        type=probability,
        default=0.5,
        help="of the published training; default: 0.5",
    )
    add(
        "--spatial-init",
        choices=["random", "identity"],
        default="random",
        help="of the published training; default: random",
    )
    add(
        "--checkpoints",
        type=at_least(1),
        default=4,
        help="of the published training; default: 4",
    )


if __name__ == "__main__":
    main()
