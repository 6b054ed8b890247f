"""Mice in their home cage, in an open field and hung by the tail."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from .._memmap import release
from .._signal_store import SignalStore, check_store
from ..recording import Annotation, Recording
from ._matfile import Mat5File, Mat73File, open_mat
from ._tst_files import find_files
from ._tst_layout import SFREQ, is_electrode, split_stem, to_annotations


def load_tst(path, *, names=None, memmap_dir=None):
    """Read local field potentials of mice in the tail-suspension test.

    Every recording goes from the home cage through an open field to the tail
    suspension. All files are found and their headers and times checked before any
    signal is read; then the signal is read electrode by electrode, so that memory
    holds it as float32, plus one electrode.

    Parameters
    ----------
    path : str or path-like
        The folder that holds

        - ``LFP_Data/<stem>_LFP.mat``, the signal: a variable ``<Region>_<NN>`` of
          shape (1, n_times) per electrode, sampled at 1000 Hz. Variables with
          another name are ignored;
        - ``INT_TIME/<stem>_TIME.mat``, the times: the variable ``INT_TIME``, onset
          and duration of the open field and of the tail suspension, in seconds;
        - ``CHANS/<stem>_CHANS.mat``, if there is one: the variables ``CHANNAMES``
          and ``CHANACTIVE``. Electrodes marked 0 are dropped, whatever they hold; those
          marked 1 or not listed are kept.

        The first two folders may also be called ``LFP_recordings`` and
        ``Behavioral_Times``, or ``Data``, and the third's files may lie with the
        signal; small and capital letters are the same there. A stem is
        mouse_date_protocol, such as ``MouseCKA1_030515_HCOFTS``, with the last date
        in it as MMDDYY. The files may be of MATLAB 5 or 7.3.
    names : sequence of str, default=None
        Read these only: stems, or mice with all that is of them. None reads all.
    memmap_dir : path-like, default=None
        Folder for the signals, as memory-mapped files; made if it is missing. Memory
        then holds one electrode at a time. A file is called after the recording and
        a hash of its content, and never changed. You delete files when nothing uses
        them, and any ``*.part`` that a killed process left. None keeps signals in
        memory.

    Returns
    -------
    recordings : list of Recording
        By stem. The subject is the mouse, the session the rest of the stem, the
        channels are the electrodes by name. Annotations are ``"home cage"``, always
        the first 300 s, ``"open field"`` and ``"tail suspension"``. The signal has
        the unit that the file has.

    Raises
    ------
    ValueError
        If the folder, a file or a partner is missing, a name, flag or time cannot be,
        the stretches overlap or end after the signal, electrodes differ in length or
        hold NaN or infinity, or none is left. The message names the file. Or if
        `memmap_dir` cannot be written to.
    OSError
        If the disk of `memmap_dir` has too little space, before any signal is read.
    ImportError
        If a file is of MATLAB 7.3 and h5py is not installed.

    See Also
    --------
    save_tst : Write such a folder.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from sksleep import Recording
    >>> from sksleep.datasets import load_tst, save_tst
    >>> recording = Recording(
    ...     np.zeros((2, 700_000)), sfreq=1000, ch_names=["BLA_01", "VTA_01"],
    ...     subject="MouseA", session="030515_HCOFTS",
    ...     annotations=[(0, 300, "home cage"), (310, 100, "open field"),
    ...                  (420, 280, "tail suspension")],
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     load_tst(save_tst(folder, [recording]), names=["MouseA"])
    [<Recording 'MouseA_030515_HCOFTS': 2 channels, 700.0 s at 1000 Hz, 3 annotations>]
    """
    plans = [_plan(files) for files in find_files(Path(path), names)]
    check_store(memmap_dir, [plan.shape for plan in plans])
    with SignalStore(memmap_dir) as store:
        return [_read(plan, store) for plan in plans]


class _Plan(NamedTuple):
    """What to read of one recording, known from all but its signal."""

    stem: str
    mat: Mat5File | Mat73File
    electrodes: tuple[str, ...]
    n_times: int
    annotations: list[Annotation]

    @property
    def shape(self):
        return len(self.electrodes), self.n_times


def _plan(files):
    mat = open_mat(files.lfp)
    shapes = _find_electrodes(mat)
    inactive = set() if files.chans is None else _read_inactive(files.chans, shapes)
    active = tuple(sorted(shapes.keys() - inactive))
    if not active:
        raise ValueError(f"{files.chans}: no electrode is active.")
    n_times = _find_length(mat, {name: shapes[name] for name in active})
    annotations = to_annotations(_read_int_time(files.time), n_times, files.time)
    return _Plan(files.stem, mat, active, n_times, annotations)


def _find_electrodes(mat):
    """Return the shapes of the electrodes, by name."""
    shapes = mat.shapes()
    electrodes = {name: shape for name, shape in shapes.items() if is_electrode(name)}
    if not electrodes:
        raise ValueError(
            f"{mat.file} holds no electrode, a variable such as BLA_01; it holds "
            f"{', '.join(shapes) or 'nothing'}."
        )
    return electrodes


def _find_length(mat, electrodes):
    """Return the samples that all electrodes have, or raise a ValueError."""
    for name, shape in electrodes.items():
        if len(shape) != 2 or min(shape) != 1:
            raise ValueError(
                f"{mat.file}: {name} has shape {shape}, expected (1, n_times)."
            )
    lengths = {name: max(shape) for name, shape in electrodes.items()}
    first = next(iter(lengths))
    for name, length in lengths.items():
        if length != lengths[first]:
            raise ValueError(
                f"{mat.file}: {name} has {length} samples, {first} has "
                f"{lengths[first]}; electrodes must be of one length."
            )
    return lengths[first]


def _read_inactive(file, electrodes):
    mat = _open_with(file, "CHANNAMES", "CHANACTIVE")
    names, active = mat.strings("CHANNAMES"), mat.numbers("CHANACTIVE").ravel()
    if len(names) != len(active):
        raise ValueError(
            f"{file}: CHANNAMES has {len(names)} entries, CHANACTIVE {len(active)}."
        )
    other = active[(active != 0) & (active != 1)]
    if len(other):
        raise ValueError(f"{file}: CHANACTIVE must be 0 or 1, it holds {other[0]}.")
    unknown = [name for name in names if name not in electrodes]
    if unknown:
        raise ValueError(
            f"{file} names the electrode {unknown[0]!r}, which the signal lacks; it "
            f"has {', '.join(electrodes)}."
        )
    return {name for name, flag in zip(names, active, strict=True) if flag == 0}


def _read_int_time(file):
    return _open_with(file, "INT_TIME").numbers("INT_TIME")


def _open_with(file, *names):
    mat = open_mat(file)
    held = mat.shapes()
    for name in names:
        if name not in held:
            raise ValueError(
                f"{file} holds no variable {name}; it holds "
                f"{', '.join(held) or 'nothing'}."
            )
    return mat


def _read(plan, store):
    signals = [store.empty(plan.stem, plan.shape)]
    _fill(plan, signals[0])
    [data] = store.keep(signals)
    subject, session = split_stem(plan.stem)
    return Recording(data, SFREQ, plan.electrodes, subject, session, plan.annotations)


def _fill(plan, signal):
    for row, name in zip(signal, plan.electrodes, strict=True):
        with np.errstate(over="ignore"):  # found as infinity below
            row[:] = plan.mat.numbers(name).ravel()
        _check_finite(row, name, plan.mat.file)
        release(signal)


def _check_finite(row, name, file):
    finite = np.isfinite(row)
    if not finite.all():
        sample = int(np.argmin(finite))
        raise ValueError(f"{file}: {name} is {row[sample]} at {sample / SFREQ:g} s.")
