"""Write recordings in the layout of the tail-suspension data."""

import re
from pathlib import Path

import numpy as np
import scipy.io

from .._checks import check_finite, check_recordings
from .._optional import import_optional
from ._tst_files import find_kind
from ._tst_layout import (
    FOLDERS,
    HOME_CAGE,
    OPEN_FIELD,
    SFREQ,
    TAIL_SUSPENSION,
    is_electrode,
    split_stem,
    to_annotations,
    to_int_time,
)

_NO_FILE = re.compile(r'[<>:"|?*\x00-\x1f]')
_MAT5_LIMIT = 2**31  # bytes in a variable
_MAT73_HEADER = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"


def save_tst(path, recordings, *, version="5"):
    """Write recordings in the layout of the tail-suspension data.

    :func:`load_tst` reads them back the same, in the order of their names and with
    channels in the order of theirs.

    Parameters
    ----------
    path : str or path-like
        Where to put the folders ``LFP_Data`` and ``INT_TIME``; made if missing.
    recordings : sequence of Recording
        At 1000 Hz, for the layout keeps no sampling rate; with the three annotations
        of :func:`load_tst`; with channels called ``<Region>_<NN>``, as in
        ``"BLA_01"``; named mouse_date_protocol, as in subject ``"MouseA"``, session
        ``"030515_HCOFTS"``.
    version : {"5", "7.3"}, default="5"
        Version of the MATLAB files. Version 5 holds less than 2 GiB per channel,
        149 hours. Version 7.3 needs h5py.

    Returns
    -------
    path : Path
        The folder.

    Raises
    ------
    ValueError
        If the layout cannot hold a recording, two have one name, a sample is NaN or
        infinite, files of a recording are there already, or `version` is another;
        nothing is written then.
    ImportError
        If version 7.3 is asked for and h5py is not installed.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from pathlib import Path
    >>> from sksleep import Recording
    >>> from sksleep.datasets import save_tst
    >>> recording = Recording(
    ...     np.zeros((1, 700_000)), sfreq=1000, ch_names=["BLA_01"],
    ...     subject="MouseA", session="030515_HCOFTS",
    ...     annotations=[(0, 300, "home cage"), (310, 100, "open field"),
    ...                  (420, 280, "tail suspension")],
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for file in sorted(save_tst(folder, [recording]).glob("*/*")):
    ...         print(file.name)
    MouseA_030515_HCOFTS_TIME.mat
    MouseA_030515_HCOFTS_LFP.mat
    """
    recordings, folder = check_recordings(recordings), Path(path)
    if version not in ("5", "7.3"):
        raise ValueError(f"version must be '5' or '7.3', got {version!r}.")
    if version == "7.3":
        import_optional("h5py", "h5py")
    for recording in recordings:
        _check_layout(recording)
        _check_size(recording, version)
    _check_new(folder, [recording.name for recording in recordings])
    for recording in recordings:
        check_finite(recording)
    for recording in recordings:
        _write(folder, recording, _write_mat5 if version == "5" else _write_mat73)
    return folder


def _check_layout(recording):
    where = f"recording {recording.name!r}"
    if recording.sfreq != SFREQ:
        raise ValueError(
            f"{where} is sampled at {recording.sfreq:g} Hz, the layout keeps signals "
            f"at {SFREQ:g} Hz only."
        )
    if found := _NO_FILE.search(recording.name):
        raise ValueError(
            f"{where}: {found[0]!r} can be in no file's name on Windows; give subject "
            "and session without it."
        )
    if split_stem(recording.name) != (recording.subject, recording.session):
        raise ValueError(
            f"{where}: subject {recording.subject!r} and session "
            f"{recording.session!r} must be of the form mouse and date_protocol with a "
            "date of six digits, such as 'MouseA' and '030515_HCOFTS'."
        )
    for name in recording.ch_names:
        if not is_electrode(name):
            raise ValueError(
                f"{where}: channel {name!r} is not of the form <Region>_<NN>, such as "
                "'BLA_01'."
            )
    _check_annotations(recording, where)


def _check_annotations(recording, where):
    int_time = to_int_time(recording.annotations)
    if int_time is None:
        raise ValueError(
            f"{where}: annotations must be {HOME_CAGE.label!r} from 0 to "
            f"{HOME_CAGE.duration:g} s, {OPEN_FIELD!r} and {TAIL_SUSPENSION!r}, once "
            f"each; they are {[tuple(item) for item in recording.annotations]}."
        )
    to_annotations(int_time, recording.n_times, where)


def _check_size(recording, version):
    if version == "5" and recording.n_times * 4 >= _MAT5_LIMIT:
        raise ValueError(
            f"recording {recording.name!r} is too long for MATLAB version 5, which "
            "holds less than 2 GiB per channel; write version='7.3'."
        )


def _check_new(folder, names):
    # On Windows and macOS files may not differ in capitals alone.
    folded = [name.casefold() for name in names]
    there = {
        stem.casefold(): file
        for kind in reversed(FOLDERS)
        for stem, file in find_kind(folder, kind).items()
    }
    for name in folded:
        if folded.count(name) > 1:
            raise ValueError(
                f"two recordings are called {names[folded.index(name)]!r}."
            )
        if name in there:
            raise ValueError(f"{there[name]} exists already.")


def _write(folder, recording, write):
    signal = dict(zip(recording.ch_names, recording.data, strict=True))
    times = {"INT_TIME": np.array(to_int_time(recording.annotations))}
    for kind, variables in (("LFP", signal), ("TIME", times)):
        subfolder = folder / FOLDERS[kind][0]
        subfolder.mkdir(parents=True, exist_ok=True)
        file = subfolder / f"{recording.name}_{kind}.mat"
        is_new = not file.exists()
        try:
            write(file, variables)
        except BaseException:  # as on a full disk: a part would be in the way
            if is_new:
                file.unlink(missing_ok=True)
            raise


def _write_mat5(file, variables):
    with file.open("xb") as stream:
        scipy.io.savemat(stream, {name: row[None] for name, row in variables.items()})


def _write_mat73(file, variables):
    h5py = import_optional("h5py", "h5py")
    classes = {"f4": b"single", "f8": b"double"}
    with h5py.File(file, "x", userblock_size=512) as stream:
        for name, row in variables.items():
            dataset = stream.create_dataset(name, data=row[:, None])  # transposed
            dataset.attrs["MATLAB_class"] = np.bytes_(classes[row.dtype.str[1:]])
    with file.open("r+b") as stream:  # MATLAB looks for its own header
        stream.write(_MAT73_HEADER)
