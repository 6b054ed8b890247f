"""MATLAB files, version 5 or 7.3, read variable by variable."""

import zlib
from contextlib import contextmanager

import numpy as np
import scipy.io
from scipy.io.matlab import MatReadError

from .._optional import import_optional

_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
# What SciPy and h5py raise on files that are damaged or something else.
_UNREADABLE = (
    *(ValueError, TypeError, KeyError, IndexError, OSError, EOFError, RuntimeError),
    *(OverflowError, NotImplementedError, UnboundLocalError, zlib.error, MatReadError),
    AttributeError,  # h5py.Empty has not what arrays have
)


def open_mat(file):
    """Return a MATLAB file to read from, whatever its version.

    Parameters
    ----------
    file : Path

    Returns
    -------
    mat : Mat5File or Mat73File
        Both have the methods ``shapes()``, ``numbers(name)`` and ``strings(name)``.
        Vectors of version 7.3 come transposed.
    """
    with file.open("rb") as stream:
        start = stream.read(512 + len(_HDF5_SIGNATURE))
    # MATLAB puts its own header of 512 bytes before that of HDF5.
    if _HDF5_SIGNATURE in (start[: len(_HDF5_SIGNATURE)], start[512:]):
        return Mat73File(file)
    return Mat5File(file)


class Mat5File:
    """A file of version 5 or older, read with SciPy."""

    def __init__(self, file):
        self.file = file

    def shapes(self):
        """Return the shape of every variable, reading none."""
        with _naming(self.file):
            found = scipy.io.whosmat(self.file, appendmat=False)
        return {name: shape for name, shape, _ in found}

    def numbers(self, name):
        """Return one variable, an array of real numbers."""
        return _check_numbers(self._read(name), name, self.file)

    def strings(self, name):
        """Return one variable, a cell array of strings or a matrix of characters."""
        values = self._read(name).ravel()
        return [str(_only(value, name, self.file)).strip() for value in values]

    def _read(self, name):
        with _naming(self.file):
            contents = scipy.io.loadmat(
                self.file, variable_names=[name], appendmat=False
            )
            return contents[name]


class Mat73File:
    """A file of version 7.3, which is HDF5, read with h5py."""

    def __init__(self, file):
        self.file = file
        self._h5py = import_optional("h5py", "h5py")

    def shapes(self):
        """Return the shape of every variable, reading none."""
        with self._open() as stream:
            return {
                # A group is a struct: no array; an empty one has None for a shape.
                name: getattr(item, "shape", None) or ()
                for name, item in stream.items()
                if not name.startswith("#")  # what references point to
            }

    def numbers(self, name):
        """Return one variable, an array of real numbers."""
        with self._open() as stream:
            values = stream[name][()]
            if stream[name].attrs.get("MATLAB_class") == b"char":  # as their codes
                values = None
        return _check_numbers(values, name, self.file)

    def strings(self, name):
        """Return one variable, a cell array of strings or a matrix of characters."""
        with self._open() as stream:
            values = stream[name][()]
            if values.dtype == self._h5py.ref_dtype:
                codes = [stream[reference][()].ravel() for reference in values.ravel()]
            else:
                codes = values.T  # a string in every row, transposed
            return ["".join(map(chr, row)).strip() for row in codes]

    @contextmanager
    def _open(self):
        with _naming(self.file), self._h5py.File(self.file, "r") as stream:
            yield stream


@contextmanager
def _naming(file):
    try:
        yield
    except _UNREADABLE as error:
        raise ValueError(f"{file} cannot be read as a MATLAB file: {error}") from error


def _check_numbers(values, name, file):
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiu":
        raise ValueError(f"{file}: {name} is no array of real numbers.")
    return values


def _only(value, name, file):
    if np.size(value) != 1 or np.asarray(value).dtype.kind != "U":
        raise ValueError(f"{file}: {name} holds {value!r}, expected a string.")
    return np.ravel(value)[0]
