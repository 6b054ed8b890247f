"""Recordings from MNE-Python."""

from copy import copy

from .._names import recording_name
from .._optional import import_optional
from .._signal_store import SignalStore, check_store
from .._warn import warn
from ..recording import Recording
from ._edf_pauses import check_no_pause
from ._mne_parts import divide_annotations, find_joins, find_parts
from ._mne_signal import name_raw, pick, read_signal


def from_mne(
    raw, *, subject, session="", picks="data", annotations=None, memmap_dir=None
):
    """Make a recording of an MNE Raw.

    The signal is read in blocks, so that memory holds it as float32 once, plus one
    block, even where `raw` is not loaded; plus a channel, where it is an EDF file whose
    channels have several sampling rates.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        Any Raw of MNE without joins and gaps inside, loaded or not, cropped or not. Of
        one that has them :func:`parts_from_mne` makes several recordings.
    subject : str
        Whom the recording is of.
    session : str, default=""
        Tells the recordings of one subject apart.
    picks : str, list or slice, default="data"
        Channels to take, as MNE understands them: ``"data"``, ``"eeg"``, names,
        indices. Channels marked as bad are left out, unless `picks` names them.
    annotations : mne.Annotations, default=None
        Besides those that `raw` has, such as a hypnogram in a file of its own, as
        ``mne.read_annotations`` reads it. They are placed where
        ``raw.set_annotations`` would place them, which would replace those of gaps:
        without a date, onsets count from the first sample of `raw`.
    memmap_dir : path-like, default=None
        Folder for the signal, as a memory-mapped file; made if it is missing. Memory
        then holds one block of the signal at a time, where `raw` is not loaded. The
        file is called after the recording and a hash of its content, and never
        changed. You delete it when nothing uses it, and any ``*.part`` that a killed
        process left. None keeps the signal in memory.

    Returns
    -------
    recording : Recording
        In MNE's units (V for EEG), without the projectors that `raw` has but that are
        not applied yet. Times count from the first sample of `raw`, or after a gap with
        which it begins. Annotations that stick out beyond the recording are clipped,
        those wholly outside are dropped, and so are those of channels alone that are
        not picked; one of some picked channels only becomes one of the whole
        recording. :class:`~sksleep.preprocessing.Windower` drops the windows that
        annotations such as ``BAD_movement`` touch.

    Raises
    ------
    TypeError
        If `raw` is not a Raw, or `annotations` are none of MNE.
    ValueError
        If `raw` has joins or gaps inside, as its annotations say, is a gap from end to
        end, or goes on after a pause in an EDF+ or BDF+ file, none of `annotations`
        lies in it, or they have a date and it has none, `picks` finds no channel or not
        all that it names, the signal is complex, or of several sampling rates and
        cropped before it was loaded, `subject` is missing, or `memmap_dir` cannot be
        written to.
    OSError
        If the disk of `memmap_dir` has too little space, before any signal is read.
    ImportError
        If MNE is not installed.

    Warns
    -----
    UserWarning
        If `raw` was joined of several that do not go on where the one before ends, and
        no annotation says so; if some of `annotations` lie outside; if projectors are
        not applied.

    Examples
    --------
    >>> import mne
    >>> import numpy as np
    >>> from sksleep.datasets import from_mne
    >>> info = mne.create_info(["Fpz", "Cz"], sfreq=100, ch_types="eeg")
    >>> raw = mne.io.RawArray(np.zeros((2, 6000)), info, verbose="error")
    >>> hypnogram = mne.Annotations([0, 30], [30, 60], ["W", "N1"])
    >>> recording = from_mne(raw, subject="S01", annotations=hypnogram)
    >>> recording
    <Recording 'S01': 2 channels, 60.0 s at 100 Hz, 2 annotations>
    >>> [tuple(annotation) for annotation in recording.annotations]
    [(0.0, 30.0, 'W'), (30.0, 30.0, 'N1')]
    """
    raw = _check_raw(raw, annotations)
    parts = _find_parts(raw)
    if len(parts) > 1:
        raise ValueError(
            f"{name_raw(raw)} has a join or a gap at "
            f"{parts[0].end / raw.info['sfreq']:g} s; filters and pretext tasks would "
            "take it for continuous. parts_from_mne makes a recording of each part."
        )
    _warn_of_joins(raw)
    [recording] = _read(raw, parts, subject, [session], picks, memmap_dir)
    return recording


def parts_from_mne(
    raw, *, subject, session="", picks="data", annotations=None, memmap_dir=None
):
    """Make recordings of the parts of an MNE Raw that joins and gaps divide.

    A recording is continuous: its filter must not run over a join, and windows are
    close in time in one recording alone. What divides are joins between raws that were
    concatenated, and MNE's annotations of what was not acquired (``BAD_ACQ_SKIP``,
    which is left out), of what EEGLAB cut out (``boundary``), and of BrainVision's
    recorder that was paused (``New Segment/``). ``raw.set_annotations(hypnogram)``
    would replace them: give a hypnogram as `annotations`.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        Any Raw of MNE, loaded or not, cropped or not.
    subject : str
        Whom the recordings are of.
    session : str, default=""
        Tells the recordings of one subject apart, besides the number of the part.
    picks : str, list or slice, default="data"
        Channels to take, as for :func:`from_mne`.
    annotations : mne.Annotations, default=None
        Besides those of `raw`, as for :func:`from_mne`.
    memmap_dir : path-like, default=None
        Folder for the signals, as memory-mapped files; as for :func:`from_mne`.

    Returns
    -------
    recordings : list of Recording
        As :func:`from_mne` makes them, in order of time, each with annotations that
        count from its own beginning. Their sessions are called ``part1``, ``part2``,
        with `session` before that. Leave out those shorter than a window, which
        :class:`~sksleep.preprocessing.Windower` refuses:
        ``[part for part in parts if part.duration >= 3]``.

    Raises
    ------
    TypeError, ValueError, OSError, ImportError
        As :func:`from_mne` does, but for joins and gaps.

    Examples
    --------
    >>> import mne
    >>> import numpy as np
    >>> from sksleep.datasets import parts_from_mne
    >>> info = mne.create_info(["Fpz", "Cz"], sfreq=100, ch_types="eeg")
    >>> nights = [mne.io.RawArray(np.zeros((2, 6000)), info, verbose="error")
    ...           for _ in range(2)]
    >>> raw = mne.concatenate_raws(nights, verbose="error")
    >>> parts_from_mne(raw, subject="S01")
    [<Recording 'S01_part1': 2 channels, 60.0 s at 100 Hz, 0 annotations>,
     <Recording 'S01_part2': 2 channels, 60.0 s at 100 Hz, 0 annotations>]
    """
    raw = _check_raw(raw, annotations)
    parts = _find_parts(raw, find_joins(raw))
    before = f"{session}_" if session else ""
    sessions = [f"{before}part{number}" for number, _ in enumerate(parts, start=1)]
    return _read(raw, parts, subject, sessions, picks, memmap_dir)


def _check_raw(raw, annotations):
    """Return a raw with more annotations, or raise an error if it cannot be read."""
    mne = import_optional("mne", "mne")
    if not isinstance(raw, mne.io.BaseRaw):
        raise TypeError(f"Expected a Raw of MNE, got {type(raw).__name__}.")
    check_no_pause(raw)
    if annotations is not None and not isinstance(annotations, mne.Annotations):
        raise TypeError(
            "annotations must be mne.Annotations, as mne.read_annotations returns, got "
            f"{type(annotations).__name__}."
        )
    return _with_annotations(raw, annotations) if annotations else raw


def _with_annotations(raw, annotations):
    """Return a raw that has more annotations and shares its signal."""
    begin, origin = raw.info["meas_date"], annotations.orig_time
    if origin is not None and begin is None:
        raise ValueError(
            f"{name_raw(raw)} has no date, but the annotations given count from "
            f"{origin}; give raw its date (set_meas_date), or the annotations none."
        )
    both = copy(raw).set_annotations(annotations, emit_warning=False)
    n_outside = len(annotations) - len(both.annotations)
    if n_outside:
        where = (
            f"{name_raw(raw)}: {n_outside} of the {len(annotations)} annotations given "
            f"lie outside of it. It begins at {begin}, and their onsets count from "
            f"{origin or 'its first sample'}."
        )
        if n_outside == len(annotations):
            raise ValueError(where)
        warn(where)
    own = raw.annotations
    both.annotations.append(own.onset, own.duration, own.description, own.ch_names)
    return both


def _find_parts(raw, joins=()):
    """Return the parts of a raw, or raise an error if there is none."""
    parts = find_parts(raw, joins)
    if not parts:
        raise ValueError(f"{name_raw(raw)} is a gap from end to end (BAD_ACQ_SKIP).")
    return parts


def _read(raw, parts, subject, sessions, picks, memmap_dir):
    """Return a recording of each part, called after a session each."""
    ch_names = pick(raw, picks)
    _warn_of_projectors(raw, ch_names)
    shapes = [(len(ch_names), part.end - part.begin) for part in parts]
    check_store(memmap_dir, shapes)
    annotations = divide_annotations(raw, parts, ch_names)
    with SignalStore(memmap_dir) as store:
        signals = [
            store.empty(recording_name(subject, session), shape)
            for session, shape in zip(sessions, shapes, strict=True)
        ]
        read_signal(raw, ch_names, parts, signals)
        kept = store.keep(signals)
    return [
        Recording(signal, raw.info["sfreq"], ch_names, subject, *rest)
        for signal, *rest in zip(kept, sessions, annotations, strict=True)
    ]


def _warn_of_joins(raw):
    """Warn of joins whose annotation is gone: lost, or because raws follow closely."""
    joins = find_joins(raw)
    if joins:
        warn(
            f"{name_raw(raw)} was joined at {joins[0] / raw.info['sfreq']:g} s, but "
            "has no annotation there. If something is missing between, parts_from_mne "
            "makes a recording of each part."
        )


def _warn_of_projectors(raw, ch_names):
    """Warn of projectors that MNE's Epochs would apply, such as a reference."""
    waiting = [
        proj["desc"]
        for proj in raw.info["projs"]
        if not proj["active"] and set(proj["data"]["col_names"]) & set(ch_names)
    ]
    if waiting:
        warn(
            f"{name_raw(raw)} has projectors that are not applied: "
            f"{', '.join(waiting)}. The recording is without them; call "
            "raw.apply_proj() before, or raw.del_proj() if that is meant."
        )
