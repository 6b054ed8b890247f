"""One channel per brain region."""

from collections.abc import Collection
from fnmatch import fnmatchcase
from itertools import chain
from os import PathLike

import numpy as np
from sklearn.base import OneToOneFeatureMixin

from .._checks import check_finite, check_not_flat
from .._hashed_in_order import HashedInOrder
from .._memmap import release
from .._signal_store import SignalStore, check_store
from ._base import RecordingTransformer, TableOutputMixin
from ._channel_names import array_ch_names
from ._flat_stretches import warn_of_flat_stretches
from ._in_place import remember

_BLOCK = 1 << 18  # samples averaged at once

#: The regions of the tail-suspension data, and the names of their electrodes.
TST_REGIONS = {
    "PrL_Cx": "PrL_Cx_*",
    "Md_Thal": "Md_Thal_*",
    "IL_Cx": "IL_Cx_*",
    "BLA": "BLA_*",
    "Acb_Sh": "Acb_Sh_*",
    "Acb_Core": "Acb_Core_*",
    "mSNC": "mSNC_*",
    "mDHip": "mDHip_*",
    "lSNC": "lSNC_*",
    "lDHip": "lDHip_*",
    "VTA": ["L_VTA_*", "R_VTA_*", "VTA_*"],
}


class RegionAverager(
    HashedInOrder, TableOutputMixin, OneToOneFeatureMixin, RecordingTransformer
):
    """Average the electrodes of each brain region.

    Recordings may have different electrodes; they come out with the same channels,
    the regions.

    Parameters
    ----------
    regions : dict, default=None
        For each region, in the order of the output, the name of its electrodes: a
        pattern or a list of patterns as in :mod:`fnmatch`, with regard to case.
        Electrodes that no pattern matches are left out. None means
        :data:`TST_REGIONS`, the 11 regions of the tail-suspension data.
    ch_names : sequence of str, default=None
        Names of an array's channels. None means ``"ch0"``, ``"ch1"``, ...
        Recordings have their own.
    memmap_dir : path-like, default=None
        Folder for the signals of recordings, as memory-mapped files; made if it is
        missing. They are computed block by block, so the signals may be larger than
        memory. A file is called after the recording and a hash of its content, and
        never changed. You delete files when nothing uses them, and any ``*.part``
        that a killed process left. Too small a disk is an OSError before long work
        starts. None keeps signals in memory. Arrays stay there.

    Attributes
    ----------
    region_names_ : tuple of str
        The regions: the names of the output's channels.
    n_features_in_ : int
        Number of channels, where all recordings have the same number; for an array
        of shape (n_windows, n_times), n_times.

    Raises
    ------
    ValueError
        In ``fit`` and ``transform``: if a region has no electrode, an electrode matches
        two regions, `regions` is empty or holds anything but strings, or `ch_names` are
        not as many as an array's channels.

    Notes
    -----
    An array has the shape (n_windows, n_channels, n_times), or, for one channel,
    (n_windows, n_times). Means are taken in the type of the input, float32 or float64.

    An electrode that is flat throughout is refused; one that has one value for ten
    seconds on end, or nearly one behind a filter or a resampler, as when it came loose
    or telemetry paused, is averaged with a warning.

    Examples
    --------
    >>> import numpy as np
    >>> from sksleep import Recording
    >>> from sksleep.preprocessing import RegionAverager
    >>> recording = Recording(
    ...     [[1, 2], [3, 4], [0, 5]], 1000, ["BLA_01", "BLA_02", "L_VTA_01"], "CKA1"
    ... )
    >>> [averaged] = RegionAverager({"BLA": "BLA_*", "VTA": "?_VTA_*"}).fit_transform(
    ...     [recording]
    ... )
    >>> averaged.ch_names
    ('BLA', 'VTA')
    >>> averaged.data
    array([[2., 3.],
           [0., 5.]], dtype=float32)
    """

    _parameter_constraints = {
        "regions": [dict, None],
        "ch_names": ["array-like", None],
        "memmap_dir": [str, PathLike, None],
    }

    def __init__(self, regions=None, *, ch_names=None, memmap_dir=None):
        self.regions = regions
        self.ch_names = ch_names
        self.memmap_dir = memmap_dir

    def _fit_recordings(self, recordings):
        super()._fit_recordings(recordings)
        self.region_names_ = tuple(self._patterns())

    def _fit_array(self, X):
        self.region_names_ = tuple(self._patterns())

    def _ch_names_out(self):
        return self.region_names_

    def _transform_recordings(self, recordings):
        with SignalStore(self.memmap_dir) as store:
            return remember([self._average_recording(r, store) for r in recordings])

    def _average_recording(self, recording, store):
        electrodes = self._electrodes(recording)
        signals = [store.empty(recording.name, self._shape_out(recording))]
        _average(recording.data, list(electrodes.values()), signals[0])
        [averages] = store.keep(signals)
        return recording.replace(data=averages, ch_names=list(electrodes))

    def _transform_array(self, X):
        electrodes = self._array_electrodes(X)
        if X.ndim == 2:
            return X.copy()  # the mean of one channel
        return np.stack([X[:, rows].mean(axis=1) for rows in electrodes.values()], 1)

    def _check_setup(self, recording):
        self._electrodes(recording)

    def _check_output(self, recordings):
        check_store(self.memmap_dir, [self._shape_out(r) for r in recordings])

    def _shape_out(self, recording):
        return len(self._patterns()), recording.n_times

    def _check_recordings(self, recordings, *, reset):
        recordings = super()._check_recordings(recordings, reset=reset)
        warn_of_flat_stretches(chain(*map(self._used_electrodes, recordings)))
        return recordings

    def _check_signal(self, recording):
        for electrode in self._used_electrodes(recording):
            check_finite(electrode)
            check_not_flat(electrode)

    def _used_electrodes(self, recording):
        """Yield the electrodes that are averaged: a broken one else does no harm."""
        for row in chain(*self._electrodes(recording).values()):
            yield recording.replace(
                data=recording.data[row : row + 1],
                ch_names=recording.ch_names[row : row + 1],
                annotations=(),
            )

    def _check_array(self, X, *, reset):
        X = super()._check_array(X, reset=reset)
        self._array_electrodes(X)
        return X

    def _electrodes(self, recording):
        where = f"recording {recording.name!r}"
        return match_electrodes(self._patterns(), recording.ch_names, where)

    def _array_electrodes(self, X):
        n_channels = 1 if X.ndim == 2 else X.shape[1]
        ch_names = self.ch_names
        if ch_names is None:
            ch_names = array_ch_names(X)
        if not all(isinstance(name, str) for name in ch_names):
            raise ValueError(f"ch_names must be strings, got {ch_names!r}.")
        if len(ch_names) != n_channels:
            raise ValueError(
                f"ch_names has {len(ch_names)} names for an array of {n_channels} "
                "channels."
            )
        return match_electrodes(self._patterns(), ch_names, "the array")

    def _patterns(self):
        """Return regions with a list of patterns each."""
        regions = TST_REGIONS if self.regions is None else self.regions
        if not regions:
            raise ValueError("regions is empty; name at least one region.")
        patterns = {name: _as_list(name, given) for name, given in regions.items()}
        for name in chain(patterns, *patterns.values()):
            if not isinstance(name, str):
                raise ValueError(f"regions must hold strings, got {name!r}.")
        return patterns


def _average(data, electrodes, averages):
    """Fill averages with the mean of each region's electrodes, block by block."""
    for begin in range(0, data.shape[1], _BLOCK):
        block = slice(begin, begin + _BLOCK)
        for rows, average in zip(electrodes, averages, strict=True):
            np.mean(data[rows, block], axis=0, out=average[block])
        for signal in (data, averages):
            release(signal)


def _as_list(name, patterns):
    if isinstance(patterns, str):
        return [patterns]
    if not isinstance(patterns, Collection):  # a generator would last for one fit
        raise ValueError(
            f"regions: {name!r} must have a pattern or a list of patterns, got "
            f"{patterns!r}."
        )
    return list(patterns)


def match_electrodes(patterns, ch_names, where):
    """Return the positions of each region's electrodes among the channels.

    Parameters
    ----------
    patterns : dict of str to list of str
    ch_names : sequence of str
    where : str
        What has these channels, for error messages.

    Returns
    -------
    electrodes : dict of str to list of int

    Raises
    ------
    ValueError
        If a region has no electrode, or an electrode two regions.
    """
    electrodes, region_of = {}, {}
    for region, names in patterns.items():
        electrodes[region] = [
            row
            for row, ch_name in enumerate(ch_names)
            if any(fnmatchcase(ch_name, name) for name in names)
        ]
        if not electrodes[region]:
            raise ValueError(
                f"{where} has no electrode of region {region!r} "
                f"({' or '.join(names)}); there are {', '.join(ch_names)}. Give "
                "`regions` of these: None means those of the tail-suspension data."
            )
        for row in electrodes[region]:
            other = region_of.setdefault(row, region)
            if other != region:
                raise ValueError(
                    f"{where}: electrode {ch_names[row]!r} matches two regions, "
                    f"{other!r} and {region!r}."
                )
    return electrodes
