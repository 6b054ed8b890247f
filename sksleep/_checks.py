"""Checks of recordings and arrays, made before any long work starts."""

from os import PathLike

import numpy as np

from ._memmap import release
from .recording import Recording

_BLOCK = 1 << 20  # numbers looked at in one go, so that a memory map stays on disk


def check_recordings(recordings):
    """Return recordings as a list, or raise a ValueError that says what is wrong.

    Parameters
    ----------
    recordings : sequence of Recording
        Must hold at least one; one recording alone is not a sequence.

    Returns
    -------
    recordings : list of Recording
    """
    if isinstance(recordings, Recording):
        raise ValueError("Expected a list of recordings, got one; write [recording].")
    recordings = list(recordings)
    if not recordings:
        raise ValueError("Expected a list of recordings, got an empty one.")
    for position, recording in enumerate(recordings):
        if not isinstance(recording, Recording):
            raise ValueError(
                f"Expected a list of recordings, got {type(recording).__name__} at "
                f"position {position}."
            )
    return recordings


def refuse_what_is_no_array(X, takes):
    """Raise a ValueError if X is something that scientists have, but no array.

    numpy would only say that it cannot make an array of it.

    Parameters
    ----------
    X : object
    takes : {"recordings", "windows"}
        What X may be, besides an array.
    """
    for item in X if isinstance(X, list | tuple) else [X]:
        if np.ma.isMaskedArray(item):  # numpy would forget what is masked
            raise ValueError(
                f"Expected {takes} or an array, got a masked array; leave out the rows "
                "with gaps, or fill them."
            )
        if isinstance(item, str | PathLike):
            raise ValueError(
                f"Expected {takes} or an array, got {str(item)!r}; read files first, "
                "with sksleep.datasets."
            )
        if hasattr(item, "ch_names") and hasattr(item, "get_data"):
            raise ValueError(
                f"Expected {takes} or an array, got {type(item).__name__} of MNE; make "
                "a recording of a Raw with sksleep.datasets.from_mne, and give a list "
                "of them."
            )
        if takes == "windows" and isinstance(item, Recording):
            raise ValueError(
                "Expected windows or an array, got recordings; cut them with "
                "sksleep.preprocessing.Windower first."
            )


def check_out(out, shape):
    """Raise a ValueError unless out is an array that numbers can be put into.

    Parameters
    ----------
    out : object
    shape : tuple of int
        What it must have.
    """
    if not isinstance(out, np.ndarray) or not np.issubdtype(out.dtype, np.floating):
        kind = getattr(out, "dtype", type(out).__name__)
        raise ValueError(f"out must be a numpy array of floats, got {kind}.")
    if out.shape != shape:
        raise ValueError(f"out must have the shape {shape}, got {out.shape}.")
    if not out.flags.writeable:
        raise ValueError("out must be writeable; open a memory map with mode 'r+'.")


def check_finite_array(X):
    """Raise a ValueError if an array of windows has a number that is NaN or infinite.

    Parameters
    ----------
    X : ndarray of shape (n_windows, n_channels, n_times) or (n_windows, n_times)
    """
    if X.ndim > 3:  # refused for that
        return
    n_rows = max(1, _BLOCK // max(1, X[:1].size))
    for begin in range(0, len(X), n_rows):
        block = X[begin : begin + n_rows]
        is_finite = np.isfinite(block).all()
        release(X)
        if is_finite:
            continue
        row, *place = np.argwhere(~np.isfinite(block))[0]
        is_nan = np.isnan(block[(row, *place)])
        kind = "NaN" if is_nan else f"infinity or a value too large for {X.dtype}"
        names = ("channel", "sample")[-len(place) :]
        where = ", ".join(f"{n} {k}" for n, k in zip(names, place, strict=True))
        raise ValueError(
            f"Input X contains {kind}, in row {begin + row}, {where}; leave such rows "
            "out, or interpolate first."
        )


def check_finite(recording, first=0, end=None):
    """Raise a ValueError if a recording has a sample that is NaN or infinite.

    Parameters
    ----------
    recording : Recording
    first, end : int
        The samples to look at; all by default.
    """
    for begin, block in _blocks(recording, first, end):
        if np.isfinite(block).all():
            continue
        channel, time = np.argwhere(~np.isfinite(block))[0]
        raise ValueError(
            f"recording {recording.name!r}: channel {recording.ch_names[channel]!r} is "
            f"{block[channel, time]} at {(begin + time) / recording.sfreq:g} s; cut "
            "or interpolate such stretches first."
        )


def check_not_flat(recording):
    """Raise a ValueError if a channel has one value throughout the recording.

    Parameters
    ----------
    recording : Recording
    """
    varies = np.zeros(len(recording.ch_names), dtype=bool)
    for _, block in _blocks(recording):
        varies |= (block != recording.data[:, :1]).any(axis=1)
        if varies.all():
            return
    name = recording.ch_names[int(np.argmin(varies))]
    raise ValueError(
        f"recording {recording.name!r}: channel {name!r} is flat, it has the value "
        f"{recording.data[recording.ch_names.index(name), 0]:g} throughout; leave it "
        "out with Recording.pick."
    )


def check_same_montage(recordings):
    """Raise a ValueError where recordings differ in sampling rate or channels.

    Parameters
    ----------
    recordings : sequence of Recording
    """
    first = recordings[0]
    for other in recordings[1:]:
        if other.sfreq != first.sfreq:
            raise ValueError(
                f"recording {other.name!r} is sampled at {other.sfreq:.10g} Hz, "
                f"{first.name!r} at {first.sfreq:.10g} Hz; bring them to one rate with "
                "Resampler first, or with Recording.replace(sfreq=...) where one rate "
                "was written in two ways."
            )
        if other.ch_names != first.ch_names:
            raise ValueError(
                f"recording {other.name!r} has the channels "
                f"{', '.join(other.ch_names)}, {first.name!r} has "
                f"{', '.join(first.ch_names)}; bring them to the same channels in the "
                "same order first (RegionAverager, Recording.pick)."
            )


def _blocks(recording, first=0, end=None):
    """Yield the signal by stretches: the first sample of each, and the stretch."""
    n_times = max(1, _BLOCK // len(recording.ch_names))
    data = recording.data[:, :end]
    for begin in range(first, data.shape[1], n_times):
        try:
            yield begin, data[:, begin : begin + n_times]
        finally:  # the check may have seen enough
            release(recording.data)
