"""EEG during rest and mental arithmetic."""

import re
from pathlib import Path

from .._optional import import_optional
from .._signal_store import check_store
from ._edf import open_edf
from ._mne import from_mne

_CH_NAMES = (
    *("Fp1", "Fp2", "F3", "F4", "F7", "F8", "T3", "T4", "C3", "C4"),
    *("T5", "T6", "P3", "P4", "O1", "O2", "Fz", "Cz", "Pz"),
)
_LABELS = {"1": "rest", "2": "arithmetic"}


def load_eegmat(path, *, memmap_dir=None):
    """Read the EEG of rest and mental arithmetic [1]_, already downloaded.

    Parameters
    ----------
    path : str or path-like
        The folder with ``Subject00_1.edf`` (rest), ``Subject00_2.edf`` (serial
        subtraction), and so on. Some of the 36 subjects will do.
    memmap_dir : path-like, default=None
        Folder for the signals, as memory-mapped files; made if it is missing. A file
        is called after the recording and a hash of its content, and never changed.
        You delete files when nothing uses them, and any ``*.part`` that a killed
        process left. None keeps signals in memory.

    Returns
    -------
    recordings : list of Recording
        Two of every subject, by name: session ``"1"`` annotated ``"rest"`` and
        session ``"2"`` annotated ``"arithmetic"``, from end to end. The 19 scalp
        channels, without A2-A1 and ECG, at 500 Hz, in volts.

    Raises
    ------
    ValueError
        If the folder does not exist or holds no such file, or if a file lacks its
        partner or a channel, is cut short or is no EDF. The message names the file.
        Or if `memmap_dir` cannot be written to.
    OSError
        If the disk of `memmap_dir` has too little space, before any signal is read.
    ImportError
        If MNE is not installed.

    Notes
    -----
    All of a subject's rest comes in one file and all arithmetic in another: what
    differs between files for any other reason tells the labels apart too.

    References
    ----------
    .. [1] Zyma et al. (2019). Electroencephalograms during mental arithmetic task
       performance. Data 4(1), 14. https://doi.org/10.3390/data4010014

    Examples
    --------
    >>> from sksleep.datasets import load_eegmat
    >>> recordings = load_eegmat("eegmat")  # doctest: +SKIP
    >>> recordings[0]  # doctest: +SKIP
    <Recording 'Subject00_1': 19 channels, 182.0 s at 500 Hz, 1 annotation>
    """
    import_optional("mne", "mne")
    raws = [(stem, _open(file)) for stem, file in _find_pairs(Path(path))]
    check_store(memmap_dir, [(len(_CH_NAMES), raw.n_times) for _, raw in raws])
    return [_read(raw, *stem, memmap_dir) for stem, raw in raws]


def _find_pairs(folder):
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder.")
    found = {}
    for file in sorted(folder.iterdir()):
        match = re.fullmatch(r"(Subject\d+)_([12])\.edf", file.name)
        if match:
            found[match.groups()] = file
    if not found:
        raise ValueError(
            f"{folder} holds no pair of files like Subject00_1.edf, Subject00_2.edf."
        )
    for (subject, session), file in found.items():
        partner = "2" if session == "1" else "1"
        if (subject, partner) not in found:
            raise ValueError(
                f"{file} has no partner: {subject}_{partner}.edf is missing."
            )
    return found.items()


def _open(file):
    raw = open_edf(file)
    missing = [name for name in _CH_NAMES if f"EEG {name}" not in raw.ch_names]
    if missing:
        raise ValueError(
            f"{file} has no channel 'EEG {missing[0]}'; it has "
            f"{', '.join(raw.ch_names)}."
        )
    return raw


def _read(raw, subject, session, memmap_dir):
    recording = from_mne(
        raw,
        subject=subject,
        session=session,
        picks=[f"EEG {name}" for name in _CH_NAMES],
        memmap_dir=memmap_dir,
    )
    return recording.replace(
        ch_names=_CH_NAMES,
        annotations=[(0, recording.duration, _LABELS[session])],
    )
