"""What the annotations of an MNE Raw say: where its signal jumps, and labels."""

from typing import NamedTuple

import numpy as np

from .._samples import round_half_up

# By how labels begin, in small letters. MNE filters what is between such stretches
# separately: between raws that were concatenated, and where nothing was acquired.
_GAPS = ("edge", "bad_acq_skip")
# Where EEGLAB cut something out, and where BrainVision's recorder had paused; how long
# they last is how much is missing.
_CUTS = ("boundary", "new segment/")
# Samples by which files of one FIF may be apart once MNE has resampled each.
_ROUNDED = 2


class Part(NamedTuple):
    """Samples of a Raw between which nothing is missing: `begin` to `end` - 1."""

    begin: int
    end: int


def find_parts(raw, joins=()):
    """Return the parts of a raw that joins and gaps divide, empty ones left out.

    Parameters
    ----------
    raw : mne.io.BaseRaw
    joins : iterable of int
        Samples that begin a part, besides what annotations say.

    Returns
    -------
    parts : list of Part
        In order of time.
    """
    parts, begin = [], 0
    gaps = [*_find_gaps(raw), *((join, join) for join in joins)]
    for gap_begin, gap_end in sorted(gaps):
        if gap_begin > begin:
            parts.append(Part(begin, gap_begin))
        begin = max(begin, gap_end)
    return [*parts, Part(begin, raw.n_times)] if begin < raw.n_times else parts


def find_joins(raw):
    """Return the first samples of raws that were concatenated, but of the first.

    Their annotation is lost where a hypnogram replaced all that there were. The files
    of a split FIF go on where the one before ends.

    Parameters
    ----------
    raw : mne.io.BaseRaw

    Returns
    -------
    joins : list of int
    """
    begins = np.cumsum(raw._raw_lengths)[:-1]
    missing = raw._first_samps[1:] - raw._last_samps[:-1] - 1
    return begins[abs(missing) > _ROUNDED].tolist()


def divide_annotations(raw, parts, ch_names):
    """Return each part's annotations, clipped, their onsets counted from its begin.

    Parameters
    ----------
    raw : mne.io.BaseRaw
    parts : list of Part
    ch_names : list of str
        What is of other channels only is left out, and what divides the parts, as is
        the ``BAD boundary`` that MNE puts there, too.

    Returns
    -------
    annotations : list of list of tuple of (float, float, str)
    """
    bounds = {sample for part in parts for sample in part}
    items = [
        (_onset(raw, item), item["duration"], item["description"])
        for item in raw.annotations
        if not _is_of_others(item, ch_names) and not _divides(raw, item, bounds)
    ]
    return [_clip(items, part, raw.info["sfreq"]) for part in parts]


def _clip(items, part, sfreq):
    clipped, length = [], (part.end - part.begin) / sfreq
    for onset, duration, label in items:
        onset = onset - part.begin / sfreq
        first, last = max(onset, 0.0), min(onset + duration, length)
        instant = duration == 0 and 0 <= onset < length
        # MNE rounds times to a microsecond, so that some stick out by as much.
        is_rest = last - first < 0.5 * min(duration, 1 / sfreq)
        if instant or (last > first and not is_rest):
            clipped.append((first, last - first, label))
    return clipped


def _find_gaps(raw):
    """Yield first samples of joins and gaps, and the samples after them."""
    for item in raw.annotations:
        if _begins_with(item, (*_GAPS, *_CUTS)):
            duration = item["duration"] if _begins_with(item, _GAPS) else 0.0
            times = np.array([0.0, duration]) + _onset(raw, item)
            samples = round_half_up(times * raw.info["sfreq"])
            yield tuple(np.clip(samples, 0, raw.n_times).astype(int).tolist())


def _divides(raw, item, bounds):
    if _begins_with(item, ("bad boundary",)) and not item["duration"]:
        return int(round_half_up(_onset(raw, item) * raw.info["sfreq"])) in bounds
    return _begins_with(item, (*_GAPS, *_CUTS))


def _onset(raw, item):
    """Return when an annotation begins, in seconds from the first sample of a raw."""
    # With a measurement date or without, MNE's onsets count from sample 0 of the
    # whole measurement, of which the first sample of raw is number first_samp.
    return item["onset"] - raw.first_time


def _is_of_others(item, ch_names):
    own = item.get("ch_names")  # missing or empty: of all
    return bool(own) and not set(own) & set(ch_names)


def _begins_with(item, beginnings):
    return item["description"].lower().startswith(beginnings)
