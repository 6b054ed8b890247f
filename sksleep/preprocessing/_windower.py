"""Recordings cut into windows."""

from numbers import Real

import numpy as np

from .._checks import check_recordings, check_same_montage
from .._constraints import POSITIVE, Numbers, StrOptions
from .._samples import SAME_SAMPLE, round_half_up
from ..recording import Recording
from ..windows import Windows
from ._base import RecordingTransformer
from ._channel_limits import channel_limits
from ._channel_names import array_ch_names
from ._label_names import (
    check_names,
    may_be_misspelt,
    warn_of_absent_names,
    warn_of_spellings,
    warn_of_unseen_labels,
)
from ._lost_labels import (
    Cut,
    is_long,
    warn_of_lost_annotations,
    warn_of_lost_classes,
    warn_of_lost_recordings,
)
from ._resting_channels import warn_of_resting_channels
from ._same_signal import warn_of_same_signal
from ._units import warn_of_high_reject, warn_of_units
from ._window_grid import grid_starts, peak_to_peak
from ._window_labels import is_bad_label, is_touched, label_windows


class Windower(RecordingTransformer, auto_wrap_output_keys=None):
    """Cut recordings into windows of one length, and label them.

    A window gets the label of the annotations that cover at least `min_coverage` of
    it. Annotations that MNE takes for bad stretches drop the windows that they touch.
    Times are rounded to whole samples, each by itself, so that windows keep to their
    times however long a recording is. No signal is copied.

    Parameters
    ----------
    duration : float, default=3.0
        Length of a window, in seconds, rounded to whole samples.
    step : float, default=None
        Time from the start of a window to that of the next, in seconds. None means
        `duration`: the windows neither overlap nor leave gaps, or by one sample where
        `duration` is no whole number of samples.
    min_coverage : float in (0, 1], default=1.0
        The part of a window that annotations with one label must cover for the
        window to have that label. A stretch that several annotations with that
        label cover counts once.
    align : {"recording", "annotation"}, default="recording"
        Where windows may start. ``"recording"``: one grid, from the first sample.
        ``"annotation"``: a new grid at the onset of every annotation that may label a
        window. Windows do not cross such an onset, but for one sample where `duration`
        is rounded up.
    reject : float or dict, default=None
        Drop a window where the peak-to-peak amplitude of any channel is above this
        limit, in the unit of the signal. A dict maps names of channels to limits
        and leaves the other channels alone.
    flat : float or dict, default=None
        Drop a window where the peak-to-peak amplitude of any channel is below this
        limit; otherwise like `reject`.
    labels : sequence of str, default=None
        The labels that count, in the order in which `y` numbers them. Other
        annotations do not label windows. None means all labels of the recordings
        given to `fit`, sorted; those of annotations that are bad or without duration
        are left out.
    reject_by_annotation : bool, default=True
        Drop a window that an annotation touches whose label begins with "bad" in
        capitals or small letters, as ``BAD_movement``. One without duration, as
        ``BAD boundary``, drops the window that it lies in. The sample by which
        `duration` is rounded up does not count. False: such an annotation is like any
        other, and so is one that `labels` names.
    sfreq : float, default=None
        Sampling rate of an array, in Hz. Recordings have their own.

    Attributes
    ----------
    class_names_ : tuple of str
        The labels; a window with ``y == k`` has the label ``class_names_[k]``.
    ch_names_ : tuple of str
        The channels; ``"ch0"``, ``"ch1"``, ... for an array.
    sfreq_ : float
        Sampling rate in Hz.
    n_features_in_ : int
        Number of channels; for an array of shape (n_recordings, n_times), n_times.

    Notes
    -----
    In an array, of shape (n_recordings, n_channels, n_times) or (n_recordings,
    n_times), each row is a recording of its own, of a subject named by the number of
    the row, and without annotations. The result is a
    :class:`~sksleep.Windows` there, too, and stays one whatever `set_output` says.

    Examples
    --------
    >>> import numpy as np
    >>> from sksleep import Recording
    >>> from sksleep.preprocessing import Windower
    >>> recording = Recording(
    ...     np.random.default_rng(0).normal(size=(2, 2500)), 250, ["Fpz", "Cz"], "S01",
    ...     annotations=[(0, 4, "wake"), (4, 5, "N1")],
    ... )
    >>> windows = Windower(duration=2.0).fit_transform([recording])
    >>> windows
    <Windows: 5 of 2 channels x 2 s at 250 Hz, 1 subjects, 4 labelled>
    >>> windows.class_names
    ('N1', 'wake')
    >>> windows.y
    array([ 1,  1,  0,  0, -1])
    """

    _parameter_constraints = {
        "duration": [POSITIVE],
        "step": [POSITIVE, None],
        "min_coverage": [Numbers(Real, 0, 1, closed="right")],
        "align": [StrOptions({"recording", "annotation"})],
        "reject": [POSITIVE, dict, None],
        "flat": [POSITIVE, dict, None],
        "labels": ["array-like", None],
        "reject_by_annotation": ["boolean"],
        "sfreq": [POSITIVE, None],
    }

    def __init__(
        self,
        duration=3.0,
        step=None,
        *,
        min_coverage=1.0,
        align="recording",
        reject=None,
        flat=None,
        labels=None,
        reject_by_annotation=True,
        sfreq=None,
    ):
        self.duration = duration
        self.step = step
        self.min_coverage = min_coverage
        self.align = align
        self.reject = reject
        self.flat = flat
        self.labels = labels
        self.reject_by_annotation = reject_by_annotation
        self.sfreq = sfreq

    def fit(self, X, y=None):
        """Learn the channels, the sampling rate and the classes.

        Parameters
        ----------
        X : list of Recording or array-like
            Recordings of one montage and sampling rate, or an array of shape
            (n_recordings, n_channels, n_times) or (n_recordings, n_times).
        y : None
            Ignored.

        Returns
        -------
        self : Windower

        Raises
        ------
        ValueError
            If a parameter cannot be, alone or with these recordings, an array comes
            without `sfreq`, recordings differ in channels or sampling rate, or a signal
            is shorter than a window, NaN, infinite or, of a recording, flat throughout.
        """
        return super().fit(X, y)

    def transform(self, X):
        """Cut recordings or the rows of an array into windows.

        Parameters
        ----------
        X : list of Recording or array-like
            Recordings with the channels and the sampling rate of those given to
            `fit`, or an array of shape (n_recordings, n_channels, n_times) or
            (n_recordings, n_times).

        Returns
        -------
        windows : Windows

        Raises
        ------
        ValueError
            As `fit` does, if channels or sampling rate are not those of `fit`, if two
            labels cover `min_coverage` of a window, or if no window is left.
        """
        return super().transform(X)

    def set_output(self, *, transform=None):
        """Return self unchanged: the output is always a :class:`~sksleep.Windows`.

        Parameters
        ----------
        transform : object
            Ignored; it is here for a pipeline with this step.

        Returns
        -------
        self : Windower
        """
        return self

    def _fit_recordings(self, recordings):
        super()._fit_recordings(recordings)
        self._learn(recordings)
        limits = self._limits("reject", np.inf)
        warn_of_high_reject(limits, self._typical_scales, self.ch_names_)

    def _fit_array(self, X):
        self._learn(self._rows_as_recordings(X))

    def _learn(self, recordings):
        self.ch_names_ = recordings[0].ch_names
        self.sfreq_ = recordings[0].sfreq
        self.class_names_ = self._class_names(recordings)
        self._limits("reject", np.inf)
        self._limits("flat", -np.inf)

    def _transform_array(self, X):
        return self._transform_recordings(self._rows_as_recordings(X))

    def _transform_recordings(self, recordings):
        self._check_as_in_fit(recordings[0])
        are_given = self.labels is not None
        warn_of_unseen_labels(
            self._labels_of(recordings), self.class_names_, are_given=are_given
        )
        grids = [self._starts(recording) for recording in recordings]
        if not any(map(len, grids)):
            raise ValueError(
                "no stretch between annotation onsets is as long as a window "
                f"(duration={self.duration:g} s)."
            )
        cuts = [self._cut(*pair) for pair in zip(recordings, grids, strict=True)]
        if not any(cut.keep.any() for cut in cuts):
            raise ValueError(
                f"reject={self.reject}, flat={self.flat} and reject_by_annotation="
                f"{self.reject_by_annotation} leave no window; the limits are "
                "peak-to-peak amplitudes in the recordings' unit."
            )
        self._warn_of_what_is_lost(cuts)
        return Windows(
            recordings,
            np.repeat(np.arange(len(cuts)), [cut.keep.sum() for cut in cuts]),
            np.concatenate([cut.starts[cut.keep] for cut in cuts]),
            self._window_size(self.sfreq_),
            y=np.concatenate([cut.y[cut.keep] for cut in cuts]),
            class_names=self.class_names_,
        )

    def _starts(self, recording):
        step = self.duration if self.step is None else self.step
        starts = grid_starts(
            recording.n_times,
            self._whole_samples(recording.sfreq),
            step * recording.sfreq,
            self._onsets(recording),
        )
        return starts[starts + self._window_size(recording.sfreq) <= recording.n_times]

    def _cut(self, recording, starts):
        whole = self._whole_samples(recording.sfreq)
        names, least = self.class_names_, self.min_coverage
        y = label_windows(recording, starts, whole, names, least)
        _, bad = self._sort_annotations(recording)
        keep = self._within_limits(recording, starts)
        keep &= ~is_touched(recording, bad, starts, whole)
        return Cut(recording, starts, y, keep)

    def _onsets(self, recording):
        if self.align == "recording":
            return []
        return [
            min(a.onset * recording.sfreq, recording.n_times)
            for a in self._sort_annotations(recording)[0]
            if self.labels is None or a.label in self.class_names_
        ]

    def _within_limits(self, recording, starts):
        if self.reject is None and self.flat is None:
            return np.ones(len(starts), dtype=bool)
        window = self._window_size(recording.sfreq)
        swing = peak_to_peak(recording.data, starts, window)
        low, high = self._limits("flat", -np.inf), self._limits("reject", np.inf)
        return ((low <= swing) & (swing <= high)).all(axis=0)

    def _window_size(self, sfreq):
        """Return the samples of a window."""
        return int(round_half_up(self.duration * sfreq))

    def _whole_samples(self, sfreq):
        """Return the samples that lie in a window from end to end.

        Of annotations as long as windows each has as many or more, wherever it begins.
        """
        return max(1, int(self.duration * sfreq + SAME_SAMPLE))

    def _limits(self, name, no_limit):
        return channel_limits(name, getattr(self, name), self.ch_names_, no_limit)

    def _class_names(self, recordings):
        occurring = self._labels_of(recordings)
        if self.labels is None:
            warn_of_spellings(occurring)
            return tuple(sorted(occurring))
        names = check_names(self.labels)
        warn_of_absent_names(names, occurring, recordings)
        return names

    def _rows_as_recordings(self, X):
        if self.sfreq is None:
            raise ValueError(
                "Windower needs sfreq, the sampling rate in Hz, to cut an array."
            )
        ch_names = array_ch_names(X)
        X = X[:, None] if X.ndim == 2 else X
        rows = [Recording(x, self.sfreq, ch_names, str(k)) for k, x in enumerate(X)]
        self._check_setup(rows[0])
        return rows

    def _check_recordings(self, recordings, *, reset):
        check_same_montage(check_recordings(recordings))
        recordings = super()._check_recordings(recordings, reset=reset)
        warn_of_same_signal(recordings)
        if reset:
            self._typical_scales = warn_of_units(recordings)
        else:
            is_known = recordings[0].ch_names == self.ch_names_
            warn_of_units(recordings, self._typical_scales if is_known else None)
        return recordings

    def _check_setup(self, recording):
        for parameter in ("duration", "step"):
            seconds = getattr(self, parameter)
            if seconds is not None and seconds * recording.sfreq < 1:
                raise ValueError(
                    f"recording {recording.name!r}: {parameter}={seconds:g} s is "
                    f"shorter than one sample ({1 / recording.sfreq:g} s)."
                )
        if self._window_size(recording.sfreq) > recording.n_times:
            raise ValueError(
                f"recording {recording.name!r} is {recording.duration:g} s long, "
                f"shorter than a window (duration={self.duration:g} s)."
            )

    def _check_as_in_fit(self, recording):
        if (recording.ch_names, recording.sfreq) != (self.ch_names_, self.sfreq_):
            raise ValueError(
                f"recording {recording.name!r} has the channels "
                f"{', '.join(recording.ch_names)} at {recording.sfreq:.10g} Hz; "
                f"those given to fit had {', '.join(self.ch_names_)} at "
                f"{self.sfreq_:.10g} Hz."
            )

    def _warn_of_what_is_lost(self, cuts):
        warn_of_lost_recordings(cuts, self._should_have_labels)
        if self.step is None or self.step <= self.duration:
            warn_of_lost_classes(cuts, self.class_names_)
            window = self._whole_samples(self.sfreq_)
            warn_of_lost_annotations(cuts, self.class_names_, window, self.align)
        warn_of_resting_channels(cuts, self._window_size(self.sfreq_))

    def _should_have_labels(self, recording):
        """Tell whether windows would have labels, were they not misspelt or short."""
        mine = self._sort_annotations(recording)[0]
        if self.labels is None:  # what is shorter than a window may be a marker
            mine = [a for a in mine if is_long(a.duration, self.duration)]
            return any(a.label in self.class_names_ for a in mine)
        return may_be_misspelt({a.label for a in mine}, self.class_names_)

    def _labels_of(self, recordings):
        """Return the labels of recordings that windows may have."""
        return {a.label for r in recordings for a in self._sort_annotations(r)[0]}

    def _sort_annotations(self, recording):
        """Return the annotations that may label windows, and those that drop them."""
        bad = set(filter(self._is_bad, {a.label for a in recording.annotations}))
        good = [a for a in recording.annotations if a.label not in bad]
        dropping = [a for a in recording.annotations if a.label in bad]
        return [a for a in good if a.duration > 0], dropping

    def _is_bad(self, label):
        is_named = self.labels is not None and label in self.labels
        return self.reject_by_annotation and is_bad_label(label) and not is_named

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # windows are float32
        return tags
