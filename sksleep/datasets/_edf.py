"""EDF files, of which one that is damaged is told by its name."""

import warnings
from contextlib import contextmanager

from .._optional import import_optional
from ._edf_header import read_header


def open_edf(file):
    """Return the Raw of an EDF file, its signal not loaded.

    Parameters
    ----------
    file : Path

    Returns
    -------
    raw : mne.io.BaseRaw

    Raises
    ------
    ValueError
        If it is no EDF file, or cut short.
    """
    mne = import_optional("mne", "mne")
    with _telling_damage(file), warnings.catch_warnings():
        # MNE only warns of a file that is cut short.
        warnings.filterwarnings("error", "Number of records")
        return mne.io.read_raw_edf(file, verbose="warning")


def read_edf_annotations(file):
    """Return the annotations of an EDF+ file.

    Parameters
    ----------
    file : Path

    Returns
    -------
    annotations : mne.Annotations
        Onsets count from the beginning of the file.

    Raises
    ------
    ValueError
        If it is no EDF file, or cut short.
    """
    mne = import_optional("mne", "mne")
    with _telling_damage(file):
        # MNE reads what there is of a file that is cut short.
        header = read_header(file)
        if header.n_bytes > file.stat().st_size:
            raise ValueError("it is cut short")
        return mne.read_annotations(file)


@contextmanager
def _telling_damage(file):
    try:
        yield
    # MNE asserts that a header ends where it says.
    except (ValueError, AssertionError, RuntimeWarning) as error:
        reason = str(error) or "its header is cut short"
        raise ValueError(f"{file} cannot be read as EDF: {reason}") from error
