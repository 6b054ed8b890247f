"""The options that every benchmark has."""

import argparse


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
    parser.add_argument("--json", metavar="PATH", help="file for the numbers")
    return parser


def at_least(lowest):
    """Return a type of option: a whole number that is not below another."""

    def whole_number(text):
        if int(text) < lowest:
            raise argparse.ArgumentTypeError(f"must be at least {lowest}, got {text}")
        return int(text)

    return whole_number
