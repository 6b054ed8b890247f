"""The options that every benchmark has."""

import argparse
import math
import os
from pathlib import Path

from sksleep.pretext import RelativePositioning


def make_parser(doc, *, repetitions):
    """Return a parser of the options that every benchmark has.

    Parameters
    ----------
    doc : str
        The script's docstring, shown by ``--help``.
    repetitions : int
        How many there are unless ``--repetitions`` says otherwise.

    Returns
    -------
    parser : argparse.ArgumentParser
        With ``--repetitions`` and ``--json``. Options that a script adds must be
        long ones and keep their names, so that :func:`describe_run` can write the
        command again.
    """
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--repetitions",
        type=at_least(1),
        default=repetitions,
        metavar="N",
        help=f"how often each thing is measured; default: {repetitions}",
    )
    parser.add_argument(
        "--json", type=new_file, metavar="PATH", help="file for the numbers"
    )
    return parser


def new_file(text):
    """Return a path, as a type of option, if a file can be written there."""
    folder = Path(text).absolute().parent
    is_writable = folder.is_dir() and os.access(folder, os.W_OK)
    if Path(text).is_dir() or not is_writable:
        raise argparse.ArgumentTypeError(f"{text} cannot be written to")
    return text


def add_dir(parser):
    """Add ``--dir``, where a benchmark keeps its files while it runs.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    """
    parser.add_argument(
        "--dir",
        type=folder,
        metavar="PATH",
        help="folder for files while it runs; default: that of temporary files",
    )


def folder(text):
    """Return a path, as a type of option, if it is a folder to be written to."""
    if not (Path(text).is_dir() and os.access(text, os.W_OK)):
        raise argparse.ArgumentTypeError(f"{text} is no folder that can be written to")
    return text


def check_step(step):
    """Exit unless windows so many seconds apart are close to relative positioning."""
    tau_pos = RelativePositioning().tau_pos
    if step > tau_pos:
        raise SystemExit(f"--step must be at most {tau_pos:g} s, for pairs to be close")


def positive(text):
    """Return a number, as a type of option, if it is positive and finite."""
    if not 0 < float(text) < math.inf:
        raise argparse.ArgumentTypeError(f"must be positive and finite, got {text}")
    return float(text)


def probability(text):
    """Return a number, as a type of option, from 0 on to below 1."""
    if not 0 <= float(text) < 1:
        raise argparse.ArgumentTypeError(f"must be from 0 on to below 1, got {text}")
    return float(text)


def at_least(lowest):
    """Return a type of option: a whole number that is not below another."""

    def whole_number(text):
        if int(text) < lowest:
            raise argparse.ArgumentTypeError(f"must be at least {lowest}, got {text}")
        return int(text)

    return whole_number
