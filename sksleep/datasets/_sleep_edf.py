"""Whole nights of sleep, scored."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from .._constraints import NOT_NEGATIVE
from .._optional import import_optional
from .._signal_store import check_store
from .._warn import warn
from ..recording import Annotation
from ._edf import open_edf, read_edf_annotations
from ._edf_header import read_header
from ._mne import from_mne
from ._mne_signal import is_resampled, pick
from ._sleep_edf_files import Night, find_nights

# Stages 3 and 4 of Rechtschaffen and Kales are one of the AASM.
_STAGES = {"W": "W", "1": "N1", "2": "N2", "3": "N3", "4": "N3", "R": "R"}
_LABELS = {f"Sleep stage {name}": label for name, label in _STAGES.items()}
_EPOCH = 30.0  # seconds
_UNSCORED = ("Sleep stage ?", "Movement time")


def load_sleep_edf(
    path,
    *,
    names=None,
    picks=("EEG Fpz-Cz", "EEG Pz-Oz"),
    wake_margin=1800.0,
    memmap_dir=None,
):
    """Read scored nights of the expanded Sleep-EDF database [1]_, already downloaded.

    All files are found, and their headers and hypnograms checked, before any signal is
    read; then the signal is read in blocks.

    Parameters
    ----------
    path : str or path-like
        The folder with ``SC4001E0-PSG.edf``, ``SC4001EC-Hypnogram.edf`` and so on: the
        ``sleep-cassette`` or ``sleep-telemetry`` of the download, or what
        ``mne.datasets.sleep_physionet`` fetched. Some of the nights will do.
    names : sequence of str, default=None
        Read these only: nights, such as ``"SC4001"``, or subjects with all that is of
        them, such as ``"SC400"``. None reads all.
    picks : sequence of str, default=("EEG Fpz-Cz", "EEG Pz-Oz")
        Channels to take; ``"EOG horizontal"`` is a third that all files have at 100
        Hz.
    wake_margin : float or None, default=1800.0
        How much of the recording to keep before the first and after the last epoch of
        sleep, in seconds, rounded up to whole epochs of 30 s. Those of
        ``sleep-cassette`` go on for a day, most of it awake. None keeps all.
    memmap_dir : path-like, default=None
        Folder for the signals, as memory-mapped files; made if it is missing. A file
        is called after the recording and a hash of its content, and never changed.
        You delete files when nothing uses them, and any ``*.part`` that a killed
        process left. None keeps signals in memory.

    Returns
    -------
    recordings : list of Recording
        One of every night, by name, in volts. The subject is ``"SC400"``, the session
        the number of the night; both nights of a subject are one group for
        scikit-learn's splitters. Annotations are ``"W"``, ``"N1"``, ``"N2"``, ``"N3"``
        (stages 3 and 4) and ``"R"``; movement and what was not scored have none.
        ``Windower(30.0)`` cuts the epochs.

    Raises
    ------
    ValueError
        If the folder does not exist or holds no such file, or a file lacks its
        partner or a channel, is cut short or is no EDF, or a hypnogram has no sleep or
        a stage of another name. The message names the file. Or if a parameter cannot
        be, or `memmap_dir` cannot be written to.
    OSError
        If the disk of `memmap_dir` has too little space, before any signal is read.
    ImportError
        If MNE is not installed.

    Warns
    -----
    UserWarning
        If a hypnogram begins at another time than the signal.

    References
    ----------
    .. [1] Kemp et al. (2000). Analysis of a sleep-dependent neuronal feedback loop:
       the slow-wave microcontinuity of the EEG. IEEE Transactions on Biomedical
       Engineering 47(9), 1185-1194. https://physionet.org/content/sleep-edfx/

    Examples
    --------
    >>> from sksleep.datasets import load_sleep_edf
    >>> from sksleep.preprocessing import Windower
    >>> nights = load_sleep_edf("sleep-cassette")  # doctest: +SKIP
    >>> windower = Windower(30.0, labels=["W", "N1", "N2", "N3", "R"])
    >>> epochs = windower.fit_transform(nights)  # doctest: +SKIP
    """
    import_optional("mne", "mne")
    _check_margin(wake_margin)
    picks = _check_picks(picks)
    nights = find_nights(Path(path), names)
    plans = [_plan(night, picks, wake_margin) for night in nights]
    check_store(memmap_dir, [plan.shape for plan in plans])
    return [_read(plan, memmap_dir) for plan in plans]


class _Plan(NamedTuple):
    """What to read of one night, known from all but its signal."""

    night: Night
    raw: object  # cropped
    ch_names: list[str]
    stages: list[Annotation]

    @property
    def shape(self):
        return len(self.ch_names), self.raw.n_times


def _check_margin(wake_margin):
    if wake_margin is not None and not NOT_NEGATIVE.is_satisfied_by(wake_margin):
        raise ValueError(
            f"wake_margin must be seconds, at least 0, or None, got {wake_margin!r}."
        )


def _check_picks(picks):
    if isinstance(picks, str):
        raise ValueError(f"picks must be a list of channels; write [{picks!r}].")
    if not isinstance(picks, Iterable) or len({*picks}) < len([*picks]):
        raise ValueError(f"picks must be different channels, got {picks!r}.")
    return list(picks)


def _plan(night, picks, wake_margin):
    """Open a night, crop it to its sleep, and count its stages from there."""
    raw = open_edf(night.psg)
    ch_names = pick(raw, picks)
    if is_resampled(raw, [raw.ch_names.index(name) for name in ch_names]):
        raise ValueError(
            f"{night.psg}: not all of the channels {', '.join(ch_names)} have "
            f"{raw.info['sfreq']:g} Hz; leave the slower ones out of picks."
        )
    length = raw.n_times / raw.info["sfreq"]
    stages = _clip(_read_stages(night.hypnogram), 0.0, length)
    _warn_of_another_start(night)
    if all(stage.label == "W" for stage in stages):
        raise ValueError(
            f"{night.hypnogram} has no epoch of sleep in {night.psg}; stages without a "
            "duration do not count."
        )
    begin, end = 0.0, length
    if wake_margin is not None:
        margin = math.ceil(wake_margin / _EPOCH) * _EPOCH
        first, last = _find_sleep(stages)
        begin, end = max(begin, first - margin), min(end, last + margin)
    raw.crop(begin, end, include_tmax=False)
    return _Plan(night, raw, ch_names, _clip(stages, begin, end))


def _warn_of_another_start(night):
    """Warn where a hypnogram begins at another time than the signal."""
    starts = [read_header(file).start for file in (night.psg, night.hypnogram)]
    if starts[0] != starts[1]:
        psg, hypnogram = (f"{s[:8].decode()} {s[8:].decode()}" for s in starts)
        warn(
            f"{night.hypnogram} begins at {hypnogram}, and {night.psg.name} at {psg}. "
            "Its stages are taken to count from the beginning of the signal, as MNE "
            "takes them."
        )


def _read_stages(file):
    """Return the stages of a hypnogram by the names that they have here."""
    stages = []
    for item in read_edf_annotations(file):
        name = str(item["description"])
        if name not in _LABELS and name not in _UNSCORED:
            known = ", ".join([*_LABELS, *_UNSCORED])
            raise ValueError(f"{file} has the stage {name!r}; those known are {known}.")
        if name in _LABELS:
            stages.append(Annotation(item["onset"], item["duration"], _LABELS[name]))
    return stages


def _find_sleep(stages):
    """Return when the first epoch of sleep begins, and when the last one ends."""
    asleep = [stage for stage in stages if stage.label != "W"]
    return asleep[0].onset, max(stage.onset + stage.duration for stage in asleep)


def _clip(stages, begin, end):
    """Return the stages between two times, which count from the first of these."""
    clipped = []
    for onset, duration, label in stages:
        first, last = max(onset, begin), min(onset + duration, end)
        if first < last:
            clipped.append(Annotation(first - begin, last - first, label))
    return clipped


def _read(plan, memmap_dir):
    recording = from_mne(
        plan.raw,
        subject=plan.night.subject,
        session=plan.night.session,
        picks=plan.ch_names,
        memmap_dir=memmap_dir,
    )
    return recording.replace(annotations=plan.stages)
