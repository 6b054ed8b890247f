"""Transformers of each channel's signal by itself."""

import numpy as np
from joblib import Parallel, delayed

from .._blas_threads import one_blas_thread
from .._memmap import release
from .._memory import new_bytes
from .._signal_store import SignalStore, check_store
from ._base import RecordingTransformer
from ._in_place import places_to_overwrite, remember

_BLOCK = 1 << 20  # samples that one task transforms, if a channel has not more


class SignalTransformer(RecordingTransformer):
    """A transformer that treats all channels alike and each by itself.

    A subclass has the parameters `n_jobs`, `memmap_dir` and, for arrays, one with their
    sampling rate, which `_sfreq_parameter` names. It says what to do at a sampling
    rate: `_design` returns a function of (rows, out) that fills out, of as many rows
    and `_n_times_out` samples each; `_check_rate` refuses a rate that cannot be.
    """

    _sfreq_parameter = "sfreq"

    def _check_rate(self, sfreq, name):
        """Raise a ValueError if a signal, which a name tells, has no fit rate."""

    def _may_overwrite(self):
        """Tell whether to put signals, of as many samples, where the given ones are."""
        return False

    def _transform_recordings(self, recordings):
        design = {sfreq: self._design(sfreq) for sfreq in {r.sfreq for r in recordings}}
        with SignalStore(self.memmap_dir) as store:
            places = self._places(recordings, store)
            fill_rows(
                [
                    (design[r.sfreq], r.data, out)
                    for r, out in zip(recordings, places, strict=True)
                ],
                self.n_jobs,
            )
            kept = zip(recordings, store.keep(places), strict=True)
            return remember([self._with_signal(r, signal) for r, signal in kept])

    def _places(self, recordings, store):
        """Return for each recording the array to fill."""
        places = [None] * len(recordings)
        if self._may_overwrite() and self.memmap_dir is None:
            places = places_to_overwrite(recordings)
        return [
            store.empty(r.name, self._shape_out(r)) if place is None else place
            for r, place in zip(recordings, places, strict=True)
        ]

    def _transform_array(self, X):
        sfreq = self._array_sfreq()
        rows = X.reshape(-1, X.shape[-1])
        out = rows
        if not (self._may_overwrite() and rows.flags.writeable):
            n_times = self._n_times_out(rows.shape[1], sfreq)
            out = np.empty((len(rows), n_times), dtype=rows.dtype)
        fill_rows([(self._design(sfreq), rows, out)], self.n_jobs)
        return out.reshape(*X.shape[:-1], out.shape[-1])

    def _shape_out(self, recording):
        n_times = self._n_times_out(recording.n_times, recording.sfreq)
        return len(recording.ch_names), n_times

    def _n_times_out(self, n_times, sfreq):
        return n_times

    def _with_signal(self, recording, data):
        return recording.replace(data=data)

    def _check_setup(self, recording):
        self._check_rate(recording.sfreq, f"recording {recording.name!r}")

    def _check_output(self, recordings):
        check_store(self.memmap_dir, [self._shape_out(r) for r in recordings])

    def _check_array(self, X, *, reset):
        self._check_rate(self._array_sfreq(), "the array")
        return super()._check_array(X, reset=reset)

    def _array_sfreq(self):
        sfreq = getattr(self, self._sfreq_parameter)
        if sfreq is None:
            raise ValueError(
                f"{type(self).__name__} needs {self._sfreq_parameter}, the sampling "
                "rate in Hz, for an array; recordings have their own."
            )
        return sfreq


def fill_rows(tasks, n_jobs):
    """Run functions of (rows, out) over blocks of rows, in threads.

    Parameters
    ----------
    tasks : list of (function, ndarray, ndarray)
        Function, rows and out, the arrays with as many rows each. Out may be the rows
        themselves.
    n_jobs : int or None
        Number of threads: FFTs, filters and matrix products let go of Python's lock.
    """
    blocks = [
        (function, rows[block], out[block])
        for function, rows, out in tasks
        for block in _row_blocks(*rows.shape)
    ]
    with one_blas_thread:  # for each of ours
        Parallel(n_jobs=n_jobs, require="sharedmem")(
            delayed(_fill)(function, rows, out) for function, rows, out in blocks
        )


def _fill(function, rows, out):
    if np.may_share_memory(rows, out):
        made = new_bytes(rows.nbytes).view(rows.dtype).reshape(rows.shape)
        function(rows, made)
        out[...] = made
    else:
        function(rows, out)
    for signal in (rows, out):
        release(signal)


def _row_blocks(n_rows, n_times):
    step = max(1, _BLOCK // n_times)
    return [slice(begin, begin + step) for begin in range(0, n_rows, step)]
