"""Pauses in EDF+ and BDF+ files, of which MNE's Raws say nothing."""

from pathlib import Path

from ._mne_signal import name_raw

# The fields of the header of a signal, in bytes: label, transducer, unit, minima and
# maxima, prefilter; the number of samples in a record comes after them.
_LABEL, _BEFORE_N_SAMPLES = 16, 16 + 80 + 8 + 4 * 8 + 80
# Clocks are not exact: seconds from a record to the next, and in all, and the part of
# the time that one may be fast or slow.
_JUMP, _DRIFT, _RATE = 0.1, 0.5, 1e-4
_BYTES_OF_A_SAMPLE = {b"EDF+D": 2, b"BDF+D": 3}


def check_no_pause(raw):
    """Raise a ValueError if a raw goes on after a pause in its file.

    MNE reads a discontinuous file (EDF+D, BDF+D) as if it were continuous, but takes
    the times of its annotations as they are: after a pause they mark other samples.
    Some recorders write such files without a pause.

    Parameters
    ----------
    raw : mne.io.BaseRaw
    """
    for file, last in zip(raw.filenames, raw._last_samps, strict=True):
        if file is None or not Path(file).is_file():
            continue
        pause = _find_pause(Path(file))
        end = (last + 1) / raw.info["sfreq"]
        if pause is not None and pause[0] < end:
            raise ValueError(
                f"{name_raw(raw)}: {Path(file).name} is a discontinuous file. After "
                f"{pause[0]:g} s of signal its records are {pause[1]:g} s late, "
                "which MNE leaves out of the signal, but not of the times of "
                "annotations. Divide the file at its pauses first, as EDFbrowser does "
                f"('EDF+D to EDF+C'), or crop raw to what is before {pause[0]:g} s."
            )


def _find_pause(file):
    """Return after how many seconds of signal a file pauses, and for how long.

    None if it does not, or does not say when its records begin.
    """
    with file.open("rb") as stream:
        header = stream.read(256)
        size = _BYTES_OF_A_SAMPLE.get(header[192:197])
        if size is None:
            return None
        n_signals, duration = int(header[252:256]), float(header[244:252])
        fields = stream.read(256 * n_signals)
        place = _find_annotations(fields, n_signals)
        onsets = [] if place is None else list(_read_onsets(stream, *place, size))
    late_before = 0.0
    for number, onset in enumerate(onsets):
        if onset is None:
            continue
        time = number * duration
        late = onset - (onsets[0] or 0.0) - time
        if abs(late - late_before) > _JUMP or abs(late) > _DRIFT + _RATE * time:
            return time, late
        late_before = late
    return None


def _find_annotations(fields, n_signals):
    """Return the samples of a record before its annotations, therein, and in all.

    None where a file has no annotations.
    """
    labels = [fields[_LABEL * k : _LABEL * (k + 1)] for k in range(n_signals)]
    counts = fields[_BEFORE_N_SAMPLES * n_signals :]
    counts = [int(counts[8 * k : 8 * (k + 1)]) for k in range(n_signals)]
    for k, label in enumerate(labels):
        if b"DF Annotations" in label:
            return sum(counts[:k]), counts[k], sum(counts)
    return None


def _read_onsets(stream, before, n_samples, in_all, size):
    """Yield when each record begins, the first that its annotations say, or None."""
    begin = stream.tell()
    while True:
        stream.seek(begin + before * size)
        text = stream.read(n_samples * size)
        begin += in_all * size
        if len(text) < n_samples * size:
            return
        try:
            yield float(text.partition(b"\x14")[0])
        except ValueError:  # of a recorder that was cut off
            yield None
