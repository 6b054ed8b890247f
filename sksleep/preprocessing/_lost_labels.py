"""Recordings and annotations that come away without windows or labels."""

from typing import NamedTuple

import numpy as np

from .._some_of import some_of
from .._warn import warn
from ..recording import Recording
from ._window_labels import annotation_bounds

_SHARED = 0.25  # of a window, lies in an annotation that labels it
_NEARLY = 0.95  # of a window, has an epoch at least whose times were rounded
_NEVER = np.iinfo(np.int64).max


class Cut(NamedTuple):
    """The windows of one recording: first samples, labels, and whether each is kept."""

    recording: Recording
    starts: np.ndarray
    y: np.ndarray
    keep: np.ndarray


def warn_of_lost_recordings(cuts, should_have_labels):
    """Warn of recordings without a window, and of annotated ones without a label.

    Parameters
    ----------
    cuts : list of Cut
    should_have_labels : function of Recording to bool
        Whether a user would expect its annotations to label windows.
    """
    empty = [repr(cut.recording.name) for cut in cuts if not cut.keep.any()]
    if empty:
        warn(
            f"Recordings have no window left: {some_of(empty)}. The limits of "
            "reject and flat, in the recordings' unit, annotations that are bad, or "
            "stretches between annotations that are too short leave none."
        )
    unlabelled = [
        cut.recording
        for cut in cuts
        if cut.keep.any()
        and (cut.y[cut.keep] < 0).all()
        and should_have_labels(cut.recording)
    ]
    if unlabelled:
        names = [repr(recording.name) for recording in unlabelled]
        first = {repr(a.label) for a in unlabelled[0].annotations if a.duration > 0}
        warn(
            f"Recordings have annotations, but no labelled window: {some_of(names)}. A "
            "window has a label where annotations of a name in class_names_ cover "
            "min_coverage of it, and stays unless a bad stretch, reject or flat drops "
            f"it; the first of these recordings has {some_of(sorted(first))}."
        )


def warn_of_lost_classes(cuts, class_names):
    """Warn of classes that annotations have, but no window, while others do.

    Parameters
    ----------
    cuts : list of Cut
    class_names : sequence of str
    """
    present = np.unique(np.concatenate([cut.y for cut in cuts]))
    if (present < 0).all() or np.isin(np.arange(len(class_names)), present).all():
        return
    durations = {name: [] for name in class_names}
    for cut in cuts:
        for annotation in cut.recording.annotations:
            durations.get(annotation.label, []).append(annotation.duration)
    lost = [
        f"{name!r} ({len(durations[name])} annotations of {max(durations[name]):g} s "
        "at most)"
        for number, name in enumerate(class_names)
        if number not in present and any(durations[name])
    ]
    if lost:
        warn(
            f"No window has the label {' or '.join(lost)}. Annotations must cover "
            "min_coverage of a window; labels names those that count."
        )


def warn_of_lost_annotations(cuts, class_names, window, align):
    """Warn of annotations about as long as a window, or longer, that label none.

    Those of recordings without any label are left to `warn_of_lost_recordings`.

    Parameters
    ----------
    cuts : list of Cut
    class_names : sequence of str
    window : int
        Samples of a window that count, from its start.
    align : {"recording", "annotation"}
    """
    n_long, lost = 0, []
    for cut in cuts:
        if (cut.y[cut.keep] < 0).all():
            continue
        long = _find_long(cut, class_names, window)
        n_long += len(long)
        lost += [(cut.recording, a) for a, has_window in long if not has_window]
    if not lost:
        return
    recording, first = lost[0]
    cure = (
        "With align='annotation' windows begin where annotations do"
        if align == "recording"
        else "No window crosses the onset of the next; those of a shorter duration, or "
        "with align='recording', may fit"
    )
    warn(
        f"{len(lost)} of {n_long} annotations about as long as a window, or longer, "
        f"label none; the first is {first.label!r} at {first.onset:.10g} s of "
        f"recording {recording.name!r}, of {first.duration:.10g} s. {cure}; with a "
        "lower min_coverage a label need not cover all of a window."
    )


def is_long(duration, window):
    """Tell whether an annotation is about as long as a window, or longer."""
    return duration >= _NEARLY * window


def _find_long(cut, class_names, window):
    """Return annotations about as long, and whether a window there has their label."""
    shared = max(1, round(_SHARED * window))
    found = []
    for number, name in enumerate(class_names):
        annotations = [a for a in cut.recording.annotations if a.label == name]
        begins, ends = annotation_bounds(cut.recording, annotations)
        starts = cut.starts[cut.y == number]
        # The first that ends inside an annotation or later; does it begin inside?
        after = np.searchsorted(starts + window, begins + shared)
        has_window = np.append(starts, _NEVER)[after] <= ends - shared
        # Of the last epoch of a recording there may be a part.
        has_room = begins + window <= cut.recording.n_times
        found += [
            (annotations[k], has_window[k].item())
            for k in np.flatnonzero(is_long(ends - begins, window) & has_room)
        ]
    return sorted(found, key=lambda pair: pair[0].onset)
