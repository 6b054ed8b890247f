"""Signals in memory-mapped files: written, pickled as where they lie, opened again."""

import errno
import hashlib
import mmap
import os
import re
import secrets
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from ._memory import new_bytes

_ITEM_SIZE = np.dtype(np.float32).itemsize
_N_PROBED = 512  # samples, of which most lie in one page of a file
_DIGEST_LENGTH = 32  # hexadecimal digits in a file's name


class SignalStore:
    """Where new signals are put: into memory, or into memory-mapped files.

    A file is called after the recording and after a hash of what it holds. So it
    never takes the place of another: two processes may write into one folder, and a
    pickled recording finds the signal that it had. While it is written its name ends
    in ``.part``.

    Parameters
    ----------
    folder : path-like or None
        Where to put the files; None is memory.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> with SignalStore(folder.name) as store:
    ...     signals = [store.empty("S01", (2, 3))]
    ...     signals[0][:] = 1
    ...     [signal] = store.keep(signals)
    >>> Path(signal.filename).name
    'S01-...npy'
    >>> folder.cleanup()
    """

    def __init__(self, folder):
        self._folder = None if folder is None else Path(folder)
        # Of the recordings, by the name of the file that is being written: numpy says
        # otherwise than the user where it lies, without links and from the root.
        self._names = {}

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        for name in self._names:
            # Windows deletes nothing that an error's traceback may still hold a map of.
            with suppress(PermissionError):
                (self._folder / name).unlink(missing_ok=True)

    def empty(self, name, shape):
        """Return a new float32 array to fill, for the recording of that name."""
        if self._folder is None:
            return new_bytes(_n_bytes(shape)).view(np.float32).reshape(shape)
        # Any character may occur in a subject's name, not in a file's, and CON.1 is a
        # device of Windows.
        stem = re.sub(r"[^\w-]", "_", name).encode()[:100].decode(errors="ignore")
        part = self._folder / f"{stem}-{secrets.token_hex(16)}.part"
        self._names[part.name] = stem
        # numpy writes into the file what it cannot read, if not of Python's int.
        shape = tuple(int(size) for size in shape)
        with _one_file_more(part):
            signal = np.lib.format.open_memmap(part, "w+", np.float32, shape)
        _reserve(part)
        return signal

    def keep(self, signals):
        """Return arrays of `empty`, now filled, as recordings can hold them.

        Parameters
        ----------
        signals : list of ndarray
            It is emptied, and nothing else may hold a view of one: Windows moves no
            file that is mapped.

        Returns
        -------
        kept : list of ndarray
        """
        kept = []
        while signals:
            signal = signals.pop(0)
            if self._folder is not None:
                signal.flush()
                part = Path(signal.filename)
                del signal  # its map is closed
                signal = self._move(part)
            kept.append(signal)
        return kept

    def _move(self, part):
        """Map a file that is written, under the name of its content."""
        digest = _hash_file(part)
        stem = self._names[part.name]
        file = part.with_name(f"{stem}-{digest[:_DIGEST_LENGTH]}.npy")
        # One that is there already may be mapped elsewhere, which Windows and network
        # file systems mind.
        if file.exists() and _hash_file(file) == digest:
            part.unlink()
        else:
            os.replace(part, file)
        del self._names[part.name]
        with _one_file_more(file):
            return np.load(file, mmap_mode="r")


def check_store(folder, shapes):
    """Raise an error if a folder cannot take the signals; make it if it is missing.

    Parameters
    ----------
    folder : path-like or None
        None is memory, of which nothing is checked.
    shapes : list of tuple of int
        The signals'.

    Raises
    ------
    ValueError
        If the folder cannot be made or written to.
    OSError
        If the disk has too little space.
    """
    if folder is None:
        return
    check_folder("memmap_dir", folder)
    needed = sum(map(_n_bytes, shapes))
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise OSError(
            errno.ENOSPC,
            f"{len(shapes)} recordings need {needed:,} bytes in memmap_dir, "
            f"{free:,} are free; files of earlier runs that nothing uses can go",
            os.fspath(folder),
        )


def check_folder(parameter, folder):
    """Raise a ValueError if a folder cannot be written to; make it if it is missing.

    Parameters
    ----------
    parameter : str
        What gave it, for the message.
    folder : path-like
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise ValueError(
            f"{parameter}={os.fspath(folder)!r} cannot be written to: {error}"
        ) from error


class PickledByFile(np.memmap):
    """A view of a memory map that is pickled as the place where it lies.

    joblib hashes it as what it is, an array: by its content.
    """

    recording = ""  # whose signal it is

    def __reduce_ex__(self, protocol):
        place = *locate(self), self.shape, self.strides
        return open_signal, (self.recording, *place, _probe(self))

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


def open_signal(recording, file, offset, shape, strides, probe=None):
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
    probe : str, default=None
        Hash of a few samples of the signal, to tell another one by. None looks at none.

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
        with _one_file_more(file):
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
    if probe not in (None, _probe(signal)):
        raise ValueError(
            f"recording {recording!r}: the file of its signal, {file}, has changed and "
            "holds another signal; make the recording, or the Windows, anew."
        )
    return signal


def _probe(signal):
    """Hash a few samples of the first, the middle and the last channel."""
    n_channels, n_times = signal.shape
    places = [(0, 0), (n_channels // 2, n_times // 2), (n_channels - 1, n_times)]
    digest = hashlib.sha256()
    for channel, time in places:
        begin = max(0, min(time, n_times - _N_PROBED))
        samples = np.ascontiguousarray(signal[channel, begin : begin + _N_PROBED])
        digest.update(samples.data)
    return digest.hexdigest()


@contextmanager
def _one_file_more(file):
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


def _n_bytes(shape):
    return _ITEM_SIZE * int(np.prod(shape, dtype=np.int64))


def _hash_file(file):
    with _one_file_more(file), file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _reserve(file):
    """Take the disk space of a file; a map that finds none kills the process."""
    if not hasattr(os, "posix_fallocate"):
        return
    with file.open("r+b") as stream:
        try:
            os.posix_fallocate(stream.fileno(), 0, file.stat().st_size)
        except OSError as error:
            # Some file systems cannot reserve; without they serve as well.
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
                raise
