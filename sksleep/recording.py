"""One continuous recording: the signal, its channels, its subject, its labels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite
from numbers import Real
from typing import NamedTuple

import numpy as np

from ._memmap import PickledByFile, to_pickle
from ._names import as_text, recording_name, unwrapped


class Annotation(NamedTuple):
    """A stretch of a recording with a label.

    A named tuple, of which nothing is checked before a :class:`Recording` has it.

    Parameters
    ----------
    onset : float
        Beginning, in seconds from the beginning of the recording.
    duration : float
        Length in seconds.
    label : str
        What the stretch shows, for example ``"REM"``.

    Examples
    --------
    >>> from sksleep import Annotation
    >>> annotation = Annotation(onset=30.0, duration=90.0, label="REM")
    >>> annotation.onset + annotation.duration
    120.0
    >>> onset, duration, label = annotation
    >>> label
    'REM'
    """

    onset: float
    duration: float
    label: str


@dataclass(frozen=True, eq=False, repr=False)
class Recording:
    """One continuous recording of one subject. Immutable.

    Only a :class:`sksleep.preprocessing.BandpassFilter` that is told not to copy
    changes a signal.

    Parameters
    ----------
    data : array-like of shape (n_channels, n_times)
        The signal, in one unit for all recordings that are used together: those of
        MNE are in V. A float32 array is kept as it is, without a copy and
        memory-mapped if it was; another type is converted. The recording sees
        it read-only. NaN and infinity are let in; what computes with a signal refuses
        them. A memory map is pickled as its file's name and the place
        therein, not as the signal: the file must stay where it is, and as it is. Each
        memory map keeps its file open; ``ulimit -n`` says how many files may be.
    sfreq : float
        Sampling rate in Hz.
    ch_names : sequence of str
        A name for each channel, all different.
    subject : str
        Whom the recording is of. Recordings of one subject form one group for
        the splitters of scikit-learn. A number of a table is taken as text, 7.0 as 7.
    session : str, default=""
        Tells the recordings of one subject apart.
    annotations : sequence of (onset, duration, label), default=()
        Labelled stretches: onset and duration in seconds, label a string. Of a table of
        pandas: ``table[["onset", "duration", "label"]].to_numpy()``.

    Raises
    ------
    ValueError
        If the subject is missing, the data have another shape, a mask or anything but
        real numbers, or the sampling rate, the channel names or an annotation cannot
        be; the message names the recording.

    Examples
    --------
    >>> import numpy as np
    >>> from sksleep import Recording
    >>> recording = Recording(
    ...     np.zeros((2, 5000)), sfreq=250, ch_names=["Fpz", "Cz"], subject="S01",
    ...     annotations=[(0, 12.5, "wake")],
    ... )
    >>> recording
    <Recording 'S01': 2 channels, 20.0 s at 250 Hz, 1 annotation>
    >>> recording.annotations[0].label
    'wake'
    """

    data: np.ndarray
    sfreq: float
    ch_names: tuple[str, ...]
    subject: str
    session: str = ""
    annotations: tuple[Annotation, ...] = ()

    _is_overwritten = False  # by a filter whose output has this memory now

    def __post_init__(self):
        set_field = object.__setattr__  # the dataclass is frozen
        set_field(self, "subject", as_text("subject", self.subject))
        if not self.subject:
            # It would be one group with all others that have none.
            raise ValueError("a recording must have a subject, got none.")
        set_field(self, "session", as_text("session", self.session))
        set_field(self, "data", self._check_data(self.data))
        set_field(self, "sfreq", self._check_sfreq(self.sfreq))
        set_field(self, "ch_names", self._check_ch_names(self.ch_names))
        set_field(self, "annotations", self._check_annotations(self.annotations))

    def __repr__(self):
        n = len(self.annotations)
        return (
            f"<Recording {self.name!r}: {len(self.ch_names)} channels, "
            f"{self.duration:.1f} s at {self.sfreq:g} Hz, "
            f"{n} annotation{'' if n == 1 else 's'}>"
        )

    def __getstate__(self):
        return self.__dict__ | {
            "data": to_pickle(self.data, self.name),
            "annotations": _pack(self.annotations),
        }

    def __setstate__(self, state):
        data = state["data"]
        if isinstance(data, PickledByFile):  # not pickled but copied
            data = data.view(np.memmap)
        annotations = state["annotations"]
        annotations = _unpack(annotations) if annotations else ()
        # Pickling forgets that the array was read-only.
        self.__dict__.update(state, data=read_only(data), annotations=annotations)

    @property
    def name(self):
        """Subject and session as error messages show them: ``subject_session``."""
        return recording_name(self.subject, self.session)

    @property
    def n_times(self):
        """Number of samples per channel."""
        return self.data.shape[1]

    @property
    def duration(self):
        """Length in seconds."""
        return self.n_times / self.sfreq

    def replace(self, **changes):
        """Return a copy with some fields changed; the new fields are checked.

        The signal is not copied.

        Parameters
        ----------
        **changes
            Parameters of the class, by name.

        Returns
        -------
        recording : Recording

        Raises
        ------
        ValueError
            As the class does.
        TypeError
            If the class has no such parameter.

        Examples
        --------
        >>> import numpy as np
        >>> from sksleep import Recording
        >>> recording = Recording(np.zeros((1, 500)), 250, ["Cz"], "S01")
        >>> recording.replace(session="night2", annotations=[(0, 2, "wake")])
        <Recording 'S01_night2': 1 channels, 2.0 s at 250 Hz, 1 annotation>
        """
        # A subclass may make something of its annotations in __post_init__.
        if "annotations" in changes or type(self) is not Recording:
            changed = replace(self, **changes)
        else:
            changed = replace(self, **changes, annotations=())
            changed._set_checked(self.annotations)
        if self._is_overwritten and "data" not in changes:
            changed._mark_overwritten()
        return changed

    def pick(self, ch_names):
        """Return the recording with these channels only, in this order.

        Their signal is copied into memory.

        Parameters
        ----------
        ch_names : sequence of str
            Names of channels to keep.

        Returns
        -------
        recording : Recording

        Raises
        ------
        ValueError
            If there is no such channel, or a name comes twice.

        Examples
        --------
        >>> import numpy as np
        >>> from sksleep import Recording
        >>> recording = Recording(np.zeros((3, 500)), 250, ["Fpz", "Cz", "EMG"], "S01")
        >>> recording.pick(["Cz", "Fpz"]).ch_names
        ('Cz', 'Fpz')
        """
        if isinstance(ch_names, str):
            raise self._error(f"channels to pick are a list; write [{ch_names!r}]")
        ch_names = list(ch_names)
        if not ch_names:
            raise self._error("no channel to pick")
        missing = [name for name in ch_names if name not in self.ch_names]
        if missing:
            raise self._error(
                f"no channel named {missing[0]!r}; there are {', '.join(self.ch_names)}"
            )
        rows = [self.ch_names.index(name) for name in ch_names]
        picked = self.replace(data=self.data[rows], ch_names=ch_names)
        if self._is_overwritten:
            picked._mark_overwritten()
        return picked

    def _set_checked(self, annotations):
        """Take annotations that another recording has checked, but for their ends."""
        # All checks of a thousand annotations take longer than a filter does.
        last = self._last_end()
        if any(onset + duration > last for onset, duration, _ in annotations):
            annotations = self._check_annotations(annotations)
        object.__setattr__(self, "annotations", annotations)

    def _last_end(self):
        # An annotation may end with the last sample; files round that time.
        return self.duration + 0.5 / self.sfreq

    def _mark_overwritten(self):
        object.__setattr__(self, "_is_overwritten", True)

    def _error(self, message):
        return ValueError(f"recording {self.name!r}: {message}.")

    def _check_data(self, data):
        if np.ma.isMaskedArray(data):
            raise self._error("data must not be a masked array; fill or cut the gaps")
        try:
            # Not of another class than an array, such as a matrix, but for memory maps.
            data = data if isinstance(data, np.memmap) else np.asarray(data)
        except ValueError as error:  # rows of several lengths
            raise self._error(f"data is no array of numbers: {error}") from error
        if data.ndim != 2 or 0 in data.shape:
            raise self._error(
                f"data must have shape (n_channels, n_times), got {data.shape}"
            )
        if data.dtype != np.float32:
            if data.dtype.kind not in "fiub":
                raise self._error(f"data must be real numbers, got {data.dtype}")
            data = data.astype(np.float32)
        return read_only(data)

    def _check_sfreq(self, sfreq):
        if not (isinstance(sfreq, Real) and isfinite(sfreq) and sfreq > 0):
            raise self._error(f"sfreq must be a positive number of Hz, got {sfreq!r}")
        return float(sfreq)

    def _check_ch_names(self, ch_names):
        if isinstance(ch_names, str) or not isinstance(ch_names, Sequence | np.ndarray):
            raise self._error(f"ch_names must be a list of names, got {ch_names!r}")
        try:
            ch_names = tuple(str(unwrapped(name)) for name in ch_names)
        except ValueError as error:
            raise self._error(f"a channel's name {error}") from None
        if len(ch_names) != len(self.data):
            raise self._error(
                f"{len(ch_names)} channel names for {len(self.data)} channels"
            )
        twice = sorted({name for name in ch_names if ch_names.count(name) > 1})
        if twice:
            raise self._error(f"channel name {twice[0]!r} occurs more than once")
        return ch_names

    def _check_annotations(self, annotations):
        try:
            annotations = tuple(annotations)
        except TypeError:
            raise self._error(
                "annotations must be a list of (onset in s, duration in s, label), got "
                f"{annotations!r}"
            ) from None
        last = self._last_end()
        return tuple(self._check_annotation(each, last) for each in annotations)

    def _check_annotation(self, annotation, last):
        try:
            onset, duration, label = annotation
        except (TypeError, ValueError):
            raise self._error(
                "an annotation is (onset in s, duration in s, label), "
                f"got {annotation!r}; of a table give its rows, such as "
                'table[["onset", "duration", "label"]].to_numpy()'
            ) from None
        try:
            onset, duration = float(onset), float(duration)
        except (TypeError, ValueError):
            raise self._error(
                "an annotation is (onset in s, duration in s, label), in that order, "
                f"got {annotation!r}; of a table give its rows, such as "
                'table[["onset", "duration", "label"]].to_numpy(), and of times of '
                "pandas make seconds by (times - begin).dt.total_seconds()"
            ) from None
        if not isinstance(label, str):
            raise self._error(
                f"the annotation at {onset:g} s has the label {label!r}, which is no "
                'string; give it a name, such as "N2", or leave annotations without '
                "a label out"
            )
        checked = Annotation(onset, duration, str(label))
        if not (isfinite(onset) and isfinite(duration)) or duration < 0:
            raise self._error(
                f"annotation {label!r} has onset {onset} s and duration {duration} s"
            )
        if onset < 0:
            raise self._error(
                f"annotation {label!r} begins at {onset} s, before the recording"
            )
        if onset + duration > last:
            raise self._error(
                f"annotation {label!r} at {onset:g} s, of {duration:g} s, ends after "
                f"the recording ({self.duration:g} s); its second number is a "
                "duration, and not the time of its end; what was scored after the last "
                "sample must be left out"
            )
        return checked


def _pack(annotations):
    """Return annotations as few objects: pickle and joblib.hash take each by itself."""
    if not annotations:
        return ()
    onsets, durations, labels = zip(*annotations, strict=True)
    names = sorted(set(labels))
    number = {name: k for k, name in enumerate(names)}
    return {
        "times": np.array([onsets, durations]),
        "labels": np.array([number[label] for label in labels]),
        "names": names,
    }


def _unpack(packed):
    """Return the annotations of what `_pack` made of them."""
    names = packed["names"]
    labels = [names[number] for number in packed["labels"].tolist()]
    return tuple(map(Annotation, *packed["times"].tolist(), labels))


def read_only(data):
    """Return a read-only view of an array; a memory map stays one."""
    view = data.view()
    view.flags.writeable = False
    return view
