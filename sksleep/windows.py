"""Windows of recordings as one lazy array."""

from functools import cached_property
from numbers import Real
from operator import index

import numpy as np

from ._checks import check_out, check_recordings, check_same_montage
from ._memmap import MAY_STAY, release
from ._optional import import_optional
from ._warn import warn
from .recording import read_only


class Windows:
    """Windows cut from recordings: a lazy (n_windows, n_channels, n_times) array.

    A window is the number of its recording and the sample at which it starts; its
    signal is copied when a batch is asked for and not before. To scikit-learn it
    is an array: splitters, ``cross_validate`` and ``Pipeline`` take it unchanged. A
    copy, or a file that joblib or pickle makes of it, has the recordings of its windows
    alone.
    Usually made by :class:`~sksleep.preprocessing.Windower`.

    Parameters
    ----------
    recordings : sequence of Recording
        The recordings, all with the same channels and sampling rate.
    recording_index : array-like of int of shape (n_windows,)
        For each window, its recording's position in `recordings`.
    starts : array-like of int of shape (n_windows,)
        For each window, its first sample.
    n_times : int
        Samples per window.
    y : array-like of int of shape (n_windows,), default=None
        For each window, the position of its label in `class_names`, or -1 for no
        label. None means that no window has one.
    class_names : sequence of str, default=()
        The labels' names.

    Attributes
    ----------
    shape : tuple of int
        (n_windows, n_channels, n_times).
    ndim : int
        Always 3.
    dtype : numpy.dtype
        Always float32.
    groups : ndarray of str of shape (n_windows,)
        For each window, the subject: the groups of scikit-learn's splitters.
    onsets : ndarray of float of shape (n_windows,)
        For each window, when it begins, in seconds from the beginning of its
        recording.
    ch_names : tuple of str
        The channels' names.
    sfreq : float
        Sampling rate in Hz.

    Raises
    ------
    ValueError
        If there is no recording, recordings differ in channels or sampling rate,
        positions, starts or labels are not whole numbers, not one for each window or
        out of range, or a window does not lie inside its recording.
    IndexError
        On ``windows[...]``, if there is no such window, or if channels or times are
        indexed, too.

    Examples
    --------
    >>> import numpy as np
    >>> from sksleep import Recording, Windows
    >>> recording = Recording(np.arange(20).reshape(2, 10), 5, ["a", "b"], "S01")
    >>> windows = Windows([recording], [0, 0, 0], [0, 2, 4], n_times=5)
    >>> windows.shape
    (3, 2, 5)
    >>> windows[[0, 2]].onsets
    array([0. , 0.8])
    >>> windows[2]
    array([[ 4.,  5.,  6.,  7.,  8.],
           [14., 15., 16., 17., 18.]], dtype=float32)
    """

    ndim = 3
    dtype = np.dtype(np.float32)

    def __init__(
        self, recordings, recording_index, starts, n_times, *, y=None, class_names=()
    ):
        self.recordings = tuple(check_recordings(recordings))
        self.recording_index = read_only(_integers("recording_index", recording_index))
        self.starts = read_only(_integers("starts", starts))
        self.n_times = _size("n_times", n_times)
        y = np.full(len(self.starts), -1) if y is None else y
        self.y = read_only(_integers("y", y))
        if isinstance(class_names, str | bytes):
            raise ValueError(f"class_names is a list; write [{class_names!r}].")
        self.class_names = tuple(class_names)
        self._check()

    def __len__(self):
        return len(self.starts)

    def __repr__(self):
        n_labelled = np.count_nonzero(self.y >= 0)
        return (
            f"<Windows: {len(self)} of {len(self.ch_names)} channels x "
            f"{self.n_times / self.sfreq:g} s at {self.sfreq:g} Hz, "
            f"{len(np.unique(self.groups))} subjects, {n_labelled} labelled>"
        )

    def __getitem__(self, key):
        key = self._row_key(key)
        if isinstance(key, int | np.integer):
            return self._window(key)
        return self._subset(key)

    def __getstate__(self):
        # A file of some windows holds no signal of other recordings.
        used, index = np.unique(self.recording_index, return_inverse=True)
        state = dict(vars(self))
        state.pop("_n_bytes", None)
        # Without a window it still has the channels and the rate of one.
        kept = tuple(self.recordings[number] for number in used)
        state["recordings"] = kept or self.recordings[:1]
        state["recording_index"] = read_only(index)
        return state

    def __array__(self, dtype=None, copy=None):
        if copy is False:
            raise ValueError("Windows are lazy: as an array they are always a copy.")
        array = self.take(np.arange(len(self)))
        return array if dtype is None else array.astype(dtype, copy=False)

    @property
    def shape(self):
        return (len(self), len(self.ch_names), self.n_times)

    @property
    def ch_names(self):
        return self.recordings[0].ch_names

    @property
    def sfreq(self):
        return self.recordings[0].sfreq

    @property
    def onsets(self):
        return self.starts / self.sfreq

    @property
    def groups(self):
        return np.array([r.subject for r in self.recordings])[self.recording_index]

    def take(self, rows, out=None):
        """Copy the signal of some windows.

        Parameters
        ----------
        rows : array-like of int of shape (n_rows,)
            Positions of the windows; or whether to take each, as bool.
        out : ndarray of float of shape (n_rows, n_channels, n_times), default=None
            Where to put them; None makes a new float32 array.

        Returns
        -------
        out : ndarray of shape (n_rows, n_channels, n_times)

        Raises
        ------
        IndexError
            If there is no such row.
        ValueError
            If `out` is not an array of that shape that can be written to.

        Examples
        --------
        >>> import numpy as np
        >>> from sksleep import Recording, Windows
        >>> recording = Recording(np.arange(10)[np.newaxis], 5, ["a"], "S01")
        >>> Windows([recording], [0, 0], [0, 5], n_times=5).take([1])
        array([[[5., 6., 7., 8., 9.]]], dtype=float32)
        """
        rows = np.atleast_1d(self._row_key(np.asarray(rows)))
        n_rows = len(self.starts[rows])  # or an IndexError, before anything is written
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        shape = (n_rows, *self.shape[1:])
        if out is None:
            out = np.empty(shape, dtype=self.dtype)
        else:
            check_out(out, shape)
        for position, row in enumerate(rows):
            out[position] = self._window(row)
        self._release(rows)
        return out

    def labelled(self):
        """Return what a classifier needs, of the windows that have a label.

        Returns
        -------
        X : Windows
        y : ndarray of int of shape (n_labelled,)
            Positions in `class_names`.
        groups : ndarray of str of shape (n_labelled,)
            The subjects.

        Warns
        -----
        UserWarning
            If there is none.

        Examples
        --------
        >>> import numpy as np
        >>> from sksleep import Recording, Windows
        >>> recording = Recording(np.zeros((1, 15)), 5, ["a"], "S01")
        >>> windows = Windows(
        ...     [recording], [0, 0, 0], [0, 5, 10], n_times=5, y=[0, -1, 1],
        ...     class_names=["wake", "REM"],
        ... )
        >>> X, y, groups = windows.labelled()
        >>> len(X), y, groups
        (2, array([0, 1]), array(['S01', 'S01'], dtype='<U3'))
        """
        X = self[self.y >= 0]
        if not len(X):
            warn(
                "No window has a label: no annotation with a name in class_names, "
                f"{self.class_names}, covers enough of one. Those without duration, as "
                "MNE makes of events, cover nothing."
            )
        return X, X.y, X.groups

    def to_frame(self):
        """Return a table: a row per window.

        Returns
        -------
        frame : pandas.DataFrame
            Columns subject, session, onset (in seconds from the beginning of the
            recording), y and label (missing where y is -1). Predictions are another
            column: ``windows.to_frame().assign(predicted=model.predict(windows))``.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        pandas = import_optional("pandas", "pandas")
        sessions = np.array([r.session for r in self.recordings], dtype=object)
        # The last one, of -1, is no label.
        names = np.array([*self.class_names, None], dtype=object)
        return pandas.DataFrame(
            {
                "subject": self.groups,
                "session": sessions[self.recording_index],
                "onset": self.onsets,
                "y": self.y,
                "label": names[self.y],
            }
        )

    def _window(self, row):
        if not -len(self) <= row < len(self):
            raise IndexError(f"no window {row} among {len(self)}")
        start = self.starts[row]
        data = self.recordings[self.recording_index[row]].data
        return data[:, start : start + self.n_times]

    def _release(self, rows):
        """Let the pages of memory-mapped recordings go that some windows are of."""
        if len(rows) == 0 or self._n_bytes <= MAY_STAY:
            return
        for number in np.unique(self.recording_index[rows]):
            release(self.recordings[number].data)

    @cached_property
    def _n_bytes(self):
        return sum(recording.data.nbytes for recording in self.recordings)

    def _subset(self, key):
        return Windows(
            self.recordings,
            self.recording_index[key],
            self.starts[key],
            self.n_times,
            y=self.y[key],
            class_names=self.class_names,
        )

    @staticmethod
    def _row_key(key):
        # scikit-learn writes X[rows, ...].
        if isinstance(key, tuple) and len(key) == 2 and key[1] is Ellipsis:
            key = key[0]
        if isinstance(key, tuple) or key is None or key is Ellipsis:
            raise IndexError(
                "Windows are indexed by window alone: windows[rows]; use "
                "np.asarray(windows) to index channels or times."
            )
        if isinstance(key, slice):
            return key
        key = key if isinstance(key, int | np.integer) else np.asarray(key)
        if np.ndim(key) == 0:
            return _position(key)
        if key.ndim > 1:
            raise IndexError(f"windows are in a row, got rows of shape {key.shape}.")
        # An empty list has no integer type of its own.
        return key.astype(int) if key.size == 0 else key

    def _check(self):
        n_windows = len(self.starts)
        for name in ("recording_index", "starts", "y"):
            shape = getattr(self, name).shape
            if shape != (n_windows,):
                raise ValueError(
                    f"{name} must have shape ({n_windows},), one entry per window, "
                    f"got {shape}."
                )
        check_same_montage(self.recordings)
        if n_windows:
            self._check_labels()
            self._check_inside()

    def _check_labels(self):
        if self.y.min() < -1 or self.y.max() >= len(self.class_names):
            raise ValueError(
                f"y must lie between -1 and {len(self.class_names) - 1}, "
                f"the last of class_names; got {self.y.min()} to {self.y.max()}."
            )

    def _check_inside(self):
        numbers = self.recording_index
        if numbers.min() < 0 or numbers.max() >= len(self.recordings):
            raise ValueError(
                f"recording_index must lie between 0 and {len(self.recordings) - 1}, "
                f"got {numbers.min()} to {numbers.max()}."
            )
        lengths = np.array([r.n_times for r in self.recordings])[numbers]
        outside = (self.starts < 0) | (self.starts > lengths - self.n_times)
        if outside.any():
            row = int(np.argmax(outside))
            raise ValueError(
                f"recording {self.recordings[numbers[row]].name!r}: a window of "
                f"{self.n_times} samples from sample {self.starts[row]} does not lie "
                f"inside its {lengths[row]} samples."
            )


def _position(key):
    """Return the number of one window, or raise an IndexError if it is none."""
    try:
        if isinstance(key, bool):
            raise TypeError("a bool is one of a mask")
        return index(key)
    except TypeError as error:
        raise IndexError(
            f"windows are numbered by integers, got {key!r}; a mask must have one bool "
            "for each of them."
        ) from error


def _size(name, value):
    """Return a number as an int, or raise a ValueError if it is no size."""
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or value < 1 or not float(value).is_integer():
        raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}.")
    return int(value)


def _integers(name, values):
    """Return a copy of values as int64, or raise a ValueError if they are not whole."""
    values = np.asarray(values)
    try:
        with np.errstate(invalid="ignore"):
            integers = values.astype(np.int64)
    except (TypeError, ValueError):
        integers = None
    if not np.array_equal(integers, values):
        raise ValueError(
            f"{name} must be whole numbers, got an array of {values.dtype} with others."
        )
    return integers
