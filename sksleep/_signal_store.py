"""Where new signals are put: into memory, or into memory-mapped files."""

import errno
import hashlib
import os
import re
import secrets
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np

from ._memmap import one_file_more
from ._memory import new_bytes
from ._whole_file import patiently

_ITEM_SIZE = np.dtype(np.float32).itemsize
_DIGEST_LENGTH = 32  # hexadecimal digits in a file's name


class SignalStore:
    """Where new signals are put: into memory, or into memory-mapped files.

    A file is called after the recording and after a hash of what it holds, and after
    the user where another's cannot be read. So it never takes the place of another: two
    processes may write into one folder, and a pickled recording finds the signal that
    it had. While it is written its name ends in ``.part``.

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
    >>> del signal  # Windows deletes no file that is mapped
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
        with one_file_more(part):
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
        stem = f"{self._names[part.name]}-{digest[:_DIGEST_LENGTH]}"
        file = part.with_name(f"{stem}.npy")
        try:
            is_there = _holds(file, digest)
        except PermissionError:  # another user's
            file = part.with_name(f"{stem}-{_user()}.npy")
            is_there = _holds(file, digest)
        # One that is there already may be mapped elsewhere, which Windows and network
        # file systems mind.
        if is_there or not _name(part, file, digest):
            patiently(part.unlink)
        del self._names[part.name]
        with one_file_more(file):
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


def _n_bytes(shape):
    return _ITEM_SIZE * int(np.prod(shape, dtype=np.int64))


def _user():
    """Return a number that is the user's, or where there is none the process'."""
    return getattr(os, "getuid", os.getpid)()


def _holds(file, digest):
    return file.exists() and _hash_file(file) == digest


def _name(part, file, digest):
    """Give a file its name, and tell whether no other process was first with its own.

    Windows moves nothing to where one has mapped it since.
    """
    try:
        os.replace(part, file)
    except PermissionError:
        if _holds(file, digest):
            return False
        patiently(part.replace, file)
    return True


def _hash_file(file):
    with one_file_more(file), file.open("rb") as stream:
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
