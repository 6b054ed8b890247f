"""Signals in memory-mapped files: pickled as where they lie, opened again, let go."""

import errno
import hashlib
import mmap
import os
from contextlib import contextmanager
from pathlib import Path

import numpy as np

_ITEM_SIZE = np.dtype(np.float32).itemsize
# Bytes of signals, all together, of which memory-mapped ones may stay in memory once
# they were read: to map their pages again for every batch would take a few per cent of
# a training.
MAY_STAY = 1 << 28
_N_PROBED = 512  # samples, of which most lie in one page of a file


class PickledByFile(np.memmap):
    """A view of a memory map that is pickled as the place where it lies.

    joblib hashes it as what it is, an array: by its content.
    """

    recording = ""  # whose signal it is

    def __reduce_ex__(self, protocol):
        place = *locate(self), self.shape, self.strides
        return open_signal, (self.recording, *place, probe(self))

    def __deepcopy__(self, memo):
        return self  # it is read-only


def to_pickle(data, recording):
    """Return the signal of the recording of that name as it should be pickled."""
    if locate(data) is None:
        # In joblib's workers it is a map, but should have one hash everywhere.
        return np.asarray(data)
    view = data.view(PickledByFile)
    view.recording = recording
    return view


def locate(data):
    """Return file and offset in bytes of a memory-mapped array, else None."""
    whole = _whole(data)
    if not _is_map(whole) or whole.filename is None:
        return None
    # The file lacks what was changed in a copy-on-write map; joblib deletes those
    # that it made to hand arrays to workers.
    folder = Path(whole.filename).parent.name
    if whole.mode == "c" or folder.startswith("joblib_memmapping_folder_"):
        return None
    if min(data.strides) < 0:
        return None
    return str(whole.filename), whole.offset + data.ctypes.data - whole.ctypes.data


def release(data):
    """Let a memory map's pages go that were read or written, if data is of one.

    Of a corpus larger than memory a process so holds what it works on and no more.
    The system may keep the pages for a while: then to read them again costs little.
    """
    whole = _whole(data)
    # What was changed in a copy-on-write map would be lost.
    is_shared = _is_map(whole) and whole.mode != "c"
    if is_shared and hasattr(mmap, "MADV_DONTNEED"):
        whole.base.madvise(mmap.MADV_DONTNEED)


def open_signal(recording, file, offset, shape, strides, expected):
    """Map a signal again, read-only.

    Parameters
    ----------
    recording : str
        Name of the recording, for error messages.
    file : str
    offset : int
        Where the signal begins in the file, in bytes.
    shape, strides : tuple of int
        As those of an array of float32.
    expected : str
        What :func:`probe` gave for the signal, to tell another one by.

    Returns
    -------
    signal : ndarray of float32

    Raises
    ------
    FileNotFoundError
        If the file is gone.
    ValueError
        If it is too short, or holds another signal.
    """
    extent = zip(shape, strides, strict=True)
    n_bytes = _ITEM_SIZE + sum((n - 1) * stride for n, stride in extent)
    try:
        with one_file_more(file):
            whole = np.memmap(file, np.uint8, "r", offset, (n_bytes,))
    except FileNotFoundError as error:
        raise FileNotFoundError(
            errno.ENOENT,
            f"recording {recording!r}: the file of its signal is gone",
            file,
        ) from error
    except ValueError as error:
        raise ValueError(
            f"recording {recording!r}: the file of its signal, {file}, is shorter than "
            f"{offset + n_bytes} bytes."
        ) from error
    signal = np.ndarray(shape, np.float32, whole, strides=strides)
    if probe(signal) != expected:
        raise ValueError(
            f"recording {recording!r}: the file of its signal, {file}, has changed and "
            "holds another signal; make the recording, or the Windows, anew."
        )
    return signal


def probe(signal):
    """Return a hash of a few samples of the first, the middle and the last channel."""
    n_channels, n_times = signal.shape
    places = [(0, 0), (n_channels // 2, n_times // 2), (n_channels - 1, n_times)]
    digest = hashlib.sha256()
    for channel, time in places:
        begin = max(0, min(time, n_times - _N_PROBED))
        samples = np.ascontiguousarray(signal[channel, begin : begin + _N_PROBED])
        digest.update(samples.data)
    return digest.hexdigest()


@contextmanager
def one_file_more(file):
    """Say what to do where the system lets a process open no more files."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.EMFILE:
            raise
        raise OSError(
            errno.EMFILE,
            "Too many open files: each memory-mapped recording keeps one; allow more "
            "with `ulimit -n` before Python starts, or keep recordings in memory",
            os.fspath(file),
        ) from error


def _whole(data):
    """Return the array that a view is of, at the root of all views."""
    while isinstance(data.base, np.ndarray):
        data = data.base
    return data


def _is_map(whole):
    """Tell a memory map from what was computed or unpickled of one, of its class."""
    return isinstance(whole, np.memmap) and isinstance(whole.base, mmap.mmap)
