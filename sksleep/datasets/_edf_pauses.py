"""Pauses in EDF+ and BDF+ files, of which MNE's Raws say nothing."""

from pathlib import Path

from ._edf_header import read_header
from ._mne_signal import name_raw

# Clocks are not exact: seconds from a record to the next, and in all, and the part of
# the time that one may be fast or slow.
_JUMP, _DRIFT, _RATE = 0.1, 0.5, 1e-4
_ANNOTATIONS = b"DF Annotations"  # with an E or a B before it
_DISCONTINUOUS = (b"EDF+D", b"BDF+D")


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
        if stream.read(256)[192:197] not in _DISCONTINUOUS:
            return None
        header = read_header(file)
        onsets = list(_read_onsets(stream, header))
    late_before = 0.0
    for number, onset in enumerate(onsets):
        if onset is None:
            continue
        time = number * header.duration
        late = onset - (onsets[0] or 0.0) - time
        if abs(late - late_before) > _JUMP or abs(late) > _DRIFT + _RATE * time:
            return time, late
        late_before = late
    return None


def _read_onsets(stream, header):
    """Yield when each record begins, the first that its annotations say, or None.

    Nothing of a file that has no annotations.
    """
    signals = [k for k, label in enumerate(header.labels) if _ANNOTATIONS in label]
    if not signals:
        return
    before = sum(header.n_samples[: signals[0]])
    n_samples = header.n_samples[signals[0]]
    size, begin = header.bytes_of_a_sample, header.begin
    while True:
        stream.seek(begin + before * size)
        text = stream.read(n_samples * size)
        begin += sum(header.n_samples) * size
        if not text or len(text) < n_samples * size:
            return
        try:
            yield float(text.partition(b"\x14")[0])
        except ValueError:  # of a recorder that was cut off
            yield None
