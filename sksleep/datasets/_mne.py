"""Recordings from MNE-Python."""

import numpy as np

from .._memmap import SignalStore, check_store
from .._optional import import_optional
from ..recording import Recording, recording_name

_BLOCK = 1 << 22  # numbers read in one go; MNE gives them as float64


def from_mne(raw, *, subject, session="", picks="data", memmap_dir=None):
    """Make a recording of an MNE Raw.

    The signal is read in blocks, so that memory holds it as float32 once, plus one
    block, even where `raw` is not loaded; plus a channel, where it is an EDF file whose
    channels have several sampling rates.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        Any Raw of MNE, loaded or not, cropped or not.
    subject : str
        Whom the recording is of.
    session : str, default=""
        Tells the recordings of one subject apart.
    picks : str, list or slice, default="data"
        Channels to take, as MNE understands them: ``"data"``, ``"eeg"``, names,
        indices. Channels marked as bad are left out, unless `picks` names them.
    memmap_dir : path-like, default=None
        Folder for the signal, as a memory-mapped file; made if it is missing. Memory
        then holds one block of the signal at a time, where `raw` is not loaded. The
        file is called after the recording and a hash of its content, and never
        changed. You delete it when nothing uses it, and any ``*.part`` that a killed
        process left. None keeps the signal in memory.

    Returns
    -------
    recording : Recording
        In MNE's units (V for EEG). Times count from the first sample of `raw`.
        Annotations that stick out beyond the recording are clipped, those wholly
        outside are dropped; an annotation of some channels only becomes one of the
        whole recording. :class:`~sksleep.preprocessing.Windower` drops the windows
        that annotations such as ``BAD_movement`` touch.

    Raises
    ------
    TypeError
        If `raw` is not a Raw.
    ValueError
        If `picks` finds no channel or not all that it names, the signal is complex, or
        of several sampling rates and cropped before it was loaded, or `memmap_dir`
        cannot be written to.
    OSError
        If the disk of `memmap_dir` has too little space, before any signal is read.
    ImportError
        If MNE is not installed.

    Examples
    --------
    >>> import mne
    >>> import numpy as np
    >>> from sksleep.datasets import from_mne
    >>> info = mne.create_info(["Fpz", "Cz"], sfreq=100, ch_types="eeg")
    >>> raw = mne.io.RawArray(np.zeros((2, 6000)), info, verbose="error")
    >>> _ = raw.set_annotations(mne.Annotations([0, 30], [30, 30], ["W", "N1"]))
    >>> recording = from_mne(raw.crop(tmin=20), subject="S01")
    >>> recording
    <Recording 'S01': 2 channels, 40.0 s at 100 Hz, 2 annotations>
    >>> [tuple(annotation) for annotation in recording.annotations]
    [(0.0, 10.0, 'W'), (10.0, 30.0, 'N1')]
    """
    mne = import_optional("mne", "mne")
    if not isinstance(raw, mne.io.BaseRaw):
        raise TypeError(f"Expected a Raw of MNE, got {type(raw).__name__}.")
    ch_names = _pick(raw, picks)
    shape = len(ch_names), raw.n_times
    check_store(memmap_dir, [shape])
    with SignalStore(memmap_dir) as store:
        data = store.empty(recording_name(subject, session), shape)
        _read_signal(raw, ch_names, data)
        return Recording(
            store.keep(data),
            sfreq=raw.info["sfreq"],
            ch_names=ch_names,
            subject=subject,
            session=session,
            annotations=_clipped_annotations(raw),
        )


def _pick(raw, picks):
    # MNE resolves picks in place only; a stand-in saves copying the signal.
    mne = import_optional("mne", "mne")
    stand_in = mne.io.RawArray(
        np.zeros((len(raw.ch_names), 1)), raw.info, verbose="error"
    )
    try:
        return stand_in.pick(picks, exclude="bads", verbose="error").ch_names
    except (ValueError, IndexError) as error:
        missing = _missing_names(raw, picks)
        found = f"no channel {missing[0]!r}" if missing else "no good channel"
        bads = ", ".join(raw.info["bads"]) or "none"
        raise ValueError(
            f"{_name(raw)}: picks={picks!r} finds {found} among "
            f"{', '.join(raw.ch_names)} (bad: {bads})."
        ) from error


def _missing_names(raw, picks):
    """Return the names in picks that are of no channel, if it names channels."""
    names = picks if isinstance(picks, list | tuple) else []
    names = [name for name in names if isinstance(name, str)]
    kinds = set(raw.get_channel_types())
    return [name for name in names if name not in {*raw.ch_names, *kinds}]


def _read_signal(raw, ch_names, data):
    rows = [raw.ch_names.index(name) for name in ch_names]
    if not _is_resampled(raw, rows):
        _read_blocks(raw, rows, data, max(1, _BLOCK // len(rows)))
        return
    if raw.n_times != sum(extras["nsamples"] for extras in raw._raw_extras):
        raise ValueError(
            f"{_name(raw)}: channels of several sampling rates cannot be read in part; "
            "call load_data() before crop()."
        )
    for row, channel in zip(rows, data, strict=True):
        _read_blocks(raw, [row], channel[np.newaxis], raw.n_times)


def _is_resampled(raw, rows):
    """Tell whether MNE will bring a channel of a file to the rate of faster ones.

    It does so only from end to end rightly, for each part that is asked for by itself:
    in parts a channel is another signal. It warns of most parts, but not of all.
    """
    if raw.preload:
        return False
    for extras, picks in zip(raw._raw_extras, raw._read_picks, strict=True):
        if {"n_samps", "sel", "max_samp", "nsamples"} <= set(extras):  # EDF, BDF, GDF
            n_samples = extras["n_samps"][extras["sel"][picks[rows]]]
            if (n_samples != extras["max_samp"]).any():
                return True
    return False


def _read_blocks(raw, rows, data, n_block):
    """Fill data, so many samples at a time."""
    for begin in range(0, raw.n_times, n_block):
        end = min(begin + n_block, raw.n_times)
        block = raw.get_data(picks=rows, start=begin, stop=end, verbose="error")
        if np.iscomplexobj(block):
            raise ValueError(f"{_name(raw)}: the signal is complex, expected real.")
        data[:, begin:end] = block


def _clipped_annotations(raw):
    # With a measurement date or without, MNE's onsets count from sample 0 of the
    # whole measurement, of which the first sample of raw is number first_samp.
    whole, clipped = raw.n_times / raw.info["sfreq"], []
    for item in raw.annotations:
        onset = item["onset"] - raw.first_time
        begin, end = max(onset, 0.0), min(onset + item["duration"], whole)
        instant = item["duration"] == 0 and 0 <= onset < whole
        if end > begin or instant:
            clipped.append((begin, end - begin, item["description"]))
    return clipped


def _name(raw):
    file = raw.filenames[0]
    return "raw" if file is None else f"raw of {file}"
