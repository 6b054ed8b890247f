"""Which label covers a window. Everything is counted in samples."""

import numpy as np

from .._samples import SAME_SAMPLE, round_half_up


def label_windows(recording, starts, window, class_names, min_coverage):
    """Return the position of each window's label in `class_names`, or -1.

    Parameters
    ----------
    recording : Recording
    starts : ndarray of int of shape (n_windows,)
    window : int
        Samples of each window that count, from its start.
    class_names : sequence of str
        The labels that count.
    min_coverage : float
        The part of a window that a label must cover.

    Returns
    -------
    y : ndarray of int of shape (n_windows,)

    Raises
    ------
    ValueError
        If two labels cover so much of one window.
    """
    # 0.56 * 300 is a little more than 168.
    required = max(1, np.ceil(min_coverage * window - SAME_SAMPLE))
    y = np.full(len(starts), -1)
    for position, name in enumerate(class_names):
        stretches = [a for a in recording.annotations if a.label == name]
        begins, ends = annotation_bounds(recording, stretches)
        has_label = covered_samples(starts, window, begins, ends) >= required
        contested = has_label & (y >= 0)
        if contested.any():
            row = np.argmax(contested)
            raise ValueError(
                f"recording {recording.name!r}: the window at "
                f"{starts[row] / recording.sfreq:g} s is covered by both "
                f"{class_names[y[row]]!r} and {name!r}; name the labels that count in "
                f"labels{' or raise min_coverage' if min_coverage < 1 else ''}, if the "
                "second number of annotations is their duration, and not their end."
            )
        y[has_label] = position
    return y


def annotation_bounds(recording, annotations):
    """Return the annotations' first samples and the samples after their last ones.

    Parameters
    ----------
    recording : Recording
    annotations : sequence of Annotation

    Returns
    -------
    begins, ends : ndarray of int of shape (n_annotations,)
    """
    times = np.array([(a.onset, a.onset + a.duration) for a in annotations])
    samples = round_half_up(times.reshape(-1, 2) * recording.sfreq).astype(np.int64)
    return np.minimum(samples, recording.n_times).T


def is_bad_label(label):
    """Tell whether MNE takes annotations with a label for bad stretches.

    Parameters
    ----------
    label : str
    """
    return label.lower().startswith("bad")


def is_touched(recording, annotations, starts, window):
    """Tell which windows one of some annotations touches.

    Parameters
    ----------
    recording : Recording
    annotations : list of Annotation
    starts : ndarray of int of shape (n_windows,)
    window : int
        Samples of each window that count, from its start.

    Returns
    -------
    is_touched : ndarray of bool of shape (n_windows,)
    """
    if not annotations:
        return np.zeros(len(starts), dtype=bool)
    # Rounded as the windows are: what begins where one ends shares no sample with it.
    bounds = np.array(annotation_bounds(recording, annotations), dtype=float)
    # What lies between two samples, such as a join, is where it is.
    is_point = bounds[0] == bounds[1]
    times = np.array([(a.onset, a.onset + a.duration) for a in annotations]).T
    within = times * recording.sfreq + [[SAME_SAMPLE], [-SAME_SAMPLE]]
    begins, ends = np.where(is_point, within, bounds)
    order = np.argsort(begins)
    # The latest end among those that begin before a window's.
    n_before = np.searchsorted(begins[order], starts + window)
    latest = np.concatenate([[-np.inf], np.maximum.accumulate(ends[order])])
    return latest[n_before] > starts


def covered_samples(starts, window, begins, ends):
    """Count the samples of each window that lie in at least one stretch.

    Parameters
    ----------
    starts : ndarray of int of shape (n_windows,)
    window : int
        Samples per window.
    begins, ends : ndarray of int of shape (n_stretches,)
        Stretches in any order; they may overlap.

    Returns
    -------
    covered : ndarray of int of shape (n_windows,)
    """
    lasts = begins < ends
    if not lasts.any():
        return np.zeros(len(starts), dtype=np.int64)
    begins, ends = _merge(begins[lasts], ends[lasts])
    # Samples covered before a time grow by one a sample inside a stretch and not at
    # all outside; interpolating that line is exact.
    bounds = np.stack([begins, ends], axis=1).ravel()
    before_end = np.cumsum(ends - begins)
    before = np.stack([before_end - (ends - begins), before_end], axis=1).ravel()
    at = np.interp([starts, starts + window], bounds, before)
    return np.rint(at[1] - at[0]).astype(np.int64)


def _merge(begins, ends):
    order = np.argsort(begins, kind="stable")
    begins, ends = begins[order], np.maximum.accumulate(ends[order])
    opens = np.append(True, begins[1:] > ends[:-1])
    closes = np.append(opens[1:], True)
    return begins[opens], ends[closes]
