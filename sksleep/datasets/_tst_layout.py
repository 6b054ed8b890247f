"""How the tail-suspension files name things, and how they keep times."""

import re
from itertools import pairwise

import numpy as np

from ..recording import Annotation

SFREQ = 1000.0  # Hz; the files do not say
FOLDERS = {  # of each kind of file; the first is written to
    "LFP": ("LFP_Data", "LFP_recordings", "Data"),
    "TIME": ("INT_TIME", "Behavioral_Times", "Data"),
    "CHANS": ("CHANS", "LFP_Data", "LFP_recordings", "Data"),
}
HOME_CAGE = Annotation(0.0, 300.0, "home cage")
OPEN_FIELD, TAIL_SUSPENSION = "open field", "tail suspension"

_DATE = re.compile(r"_(?=\d{6}_)", re.ASCII)  # what comes before one
_MMDDYY = re.compile(r"(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d\d", re.ASCII)
_ELECTRODE = re.compile(r"(?=.{1,63}$)[A-Za-z]\w*_\d+", re.ASCII)  # 63: MATLAB's limit


def split_stem(stem):
    """Return (mouse, date_protocol) of ``mouse_date_protocol``, or None.

    The date is the last six digits that are one, as mice may have numbers, too.
    """
    if stem.startswith(".") or "/" in stem or "\\" in stem:
        return None
    places = [match.start() for match in _DATE.finditer(stem)]
    splits = [(stem[:place], stem[place + 1 :]) for place in places]
    splits = [(mouse, rest) for mouse, rest in splits if mouse and len(rest) > 7]
    dated = [split for split in splits if _MMDDYY.fullmatch(split[1][:6])]
    return (dated or splits or [None])[-1]


def is_electrode(name):
    """Tell whether a variable is called ``<Region>_<NN>``."""
    return _ELECTRODE.fullmatch(name) is not None


def to_annotations(int_time, n_times, where):
    """Make annotations of INT_TIME, or raise a ValueError that begins with `where`.

    Parameters
    ----------
    int_time : array-like of 4 numbers
        Onset and duration of the open field, then of the tail suspension, in s.
    n_times : int
        Samples in the signal.
    where : str
        What the times belong to.

    Returns
    -------
    annotations : list of Annotation
        Home cage, open field, tail suspension.
    """
    # MATLAB keeps them as uint16 too, in which sums overflow.
    times = np.asarray(int_time).astype(float).ravel()
    if times.size != 4:
        raise ValueError(
            f"{where}: INT_TIME must hold 4 numbers, onset and duration of the open "
            f"field and of the tail suspension; it holds {times.size}."
        )
    onsets, durations = times[::2], times[1::2]
    if not np.isfinite(times).all() or (onsets < 0).any() or (durations <= 0).any():
        raise ValueError(
            f"{where}: INT_TIME is {times.tolist()}; onsets must not be negative, "
            "durations must be positive, in seconds."
        )
    annotations = [
        HOME_CAGE,
        Annotation(*times[:2].tolist(), OPEN_FIELD),
        Annotation(*times[2:].tolist(), TAIL_SUSPENSION),
    ]
    _check_apart(annotations, where)
    _check_inside(annotations, n_times / SFREQ, where)
    return annotations


def to_int_time(annotations):
    """Return INT_TIME of a recording's annotations, or None if it cannot hold them."""
    by_label = {annotation.label: annotation for annotation in annotations}
    labels = {HOME_CAGE.label, OPEN_FIELD, TAIL_SUSPENSION}
    if len(annotations) != 3 or by_label.keys() != labels:
        return None
    if by_label[HOME_CAGE.label] != HOME_CAGE:
        return None
    return [*by_label[OPEN_FIELD][:2], *by_label[TAIL_SUSPENSION][:2]]


def _check_apart(annotations, where):
    for first, second in pairwise(sorted(annotations)):
        end = first.onset + first.duration
        # Sums of seconds are rounded.
        if second.onset < end - 0.5 / SFREQ:
            raise ValueError(
                f"{where}: {second.label!r} begins at {second.onset:g} s, before "
                f"{first.label!r} ends at {end:g} s."
            )


def _check_inside(annotations, duration, where):
    for onset, length, label in annotations:
        if onset + length > duration + 0.5 / SFREQ:
            raise ValueError(
                f"{where}: {label!r} ends at {onset + length:g} s, after the signal "
                f"({duration:g} s)."
            )
