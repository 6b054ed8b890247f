"""Compare models by the labels per class that they need, on subjects never seen.

Run ``python benchmarks/run_all.py`` for simulated recordings, or add
``--data tst PATH``, ``--data eegmat PATH`` or ``--data sleep-edf PATH`` for real ones.
A run that was interrupted goes on where it stopped when it is started again; with more
models or protocols it runs only what is new.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from performance import UnknownScriptError, at_least, find_scripts, run_scripts
from study import (
    DATA_SETS,
    MODELS,
    PROTOCOLS,
    SETTINGS,
    ResultsFolder,
    Source,
    Study,
    StudyError,
    check_known,
    run_study,
)


def main(argv=None):
    """Run the study or the benchmarks that the command line asks for."""
    parser = make_parser()
    args = parser.parse_args(argv)
    try:
        if args.performance is None:
            run_study(make_study(args))
        else:
            check_no_study(parser, args)
            measure_performance(args)
    except (StudyError, UnknownScriptError) as error:
        parser.error(str(error))


def make_parser():
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add(
        "--data",
        nargs="+",
        default=["simulated"],
        metavar=("NAME", "PATH"),
        help=f"one of {', '.join(DATA_SETS)}; real data with its folder",
    )
    add("--models", nargs="+", metavar="NAME", help=f"of {', '.join(MODELS)}")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="minutes (default)")
    size.add_argument("--full", action="store_true", help="everything, hours")
    add(
        "--protocol",
        choices=["both", *PROTOCOLS],
        help="whether pretext tasks see no signal of test subjects (inductive), or see "
        "it without labels (transductive); default: the first, with --full both",
    )
    add(
        "--repeats",
        type=at_least(1),
        metavar="N",
        help="draws of labels per limit and fold",
    )
    add(
        "--n-jobs",
        type=at_least(1),
        default=-1,
        metavar="N",
        help="models and folds at once; default: as many as there are cores",
    )
    add("--random-state", type=at_least(0), default=0, metavar="SEED")
    add("--output", type=Path, default=Path("results"), metavar="FOLDER")
    add("--fresh", action="store_true", help="forget what is in the output folder")
    add(
        "--performance",
        nargs="*",
        metavar="NAME",
        help="instead of the study, run the benchmarks of speed and memory: all, or "
        f"some of {', '.join(find_scripts())}",
    )
    return parser


def check_no_study(parser, args):
    """Refuse options of the study where benchmarks are to be run."""
    for name, value in vars(args).items():
        both = name in ("performance", "output")
        if not both and value != parser.get_default(name):
            option = f"--{name.replace('_', '-')}"
            parser.error(f"{option} belongs to the study, not to --performance")


def measure_performance(args):
    """Run benchmarks; exit with a status of 1 if one fails."""
    folder = args.output / "performance"
    scripts = find_scripts(args.performance)
    ResultsFolder(folder).make()
    failed = run_scripts(scripts, folder)
    print(f"\nReport: {folder / 'report.md'}")
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


def make_study(args):
    """Return what the command line asks for, or raise a StudyError."""
    name, *paths = args.data
    check_known("data set", [name], DATA_SETS)
    if len(paths) > 1:
        raise StudyError(f"--data takes a name and one path, got {args.data}")
    settings = SETTINGS[name, "full" if args.full else "quick"]
    if args.repeats is not None:
        settings = replace(
            settings, n_repeats=args.repeats, n_repeats_end_to_end=args.repeats
        )
    protocols = PROTOCOLS if args.protocol == "both" else (args.protocol,)
    return Study(
        Source(name, *map(Path, paths)),
        settings,
        ResultsFolder(args.output),
        models=tuple(args.models or settings.models),
        protocols=protocols if args.protocol else settings.protocols,
        fresh=args.fresh,
        random_state=args.random_state,
        n_jobs=args.n_jobs,
    )


if __name__ == "__main__":
    main()
