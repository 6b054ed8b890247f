"""The header of EDF and BDF files."""

from typing import NamedTuple

# The fields of the header of a signal, in bytes: label, transducer, unit, minima and
# maxima, prefilter; the number of samples in a record comes after them.
_LABEL, _BEFORE_N_SAMPLES = 16, 16 + 80 + 8 + 4 * 8 + 80
_WHOLE, _OF_A_SIGNAL = 256, 256


class EdfHeader(NamedTuple):
    """What the header of an EDF or BDF file says of its records.

    Attributes
    ----------
    start : bytes
        Date and time of the first record, as in ``b"24.04.8916.13.00"``.
    duration : float
        Of a record, in seconds.
    labels : list of bytes
        Of the signals.
    n_samples : list of int
        Of each signal in a record.
    begin : int
        Bytes before the first record.
    bytes_of_a_sample : int
    n_bytes : int
        Of the whole file, as far as the recorder knew.
    """

    start: bytes
    duration: float
    labels: list[bytes]
    n_samples: list[int]
    begin: int
    bytes_of_a_sample: int
    n_bytes: int


def read_header(file):
    """Return the header of an EDF or BDF file, or raise a ValueError.

    Parameters
    ----------
    file : Path
    """
    with file.open("rb") as stream:
        whole = stream.read(_WHOLE)
        n_signals = int(_number(whole[252:256] or b"0"))
        fields = stream.read(_OF_A_SIGNAL * n_signals)
    if len(whole) < _WHOLE or len(fields) < _OF_A_SIGNAL * n_signals:
        raise ValueError("its header is cut short")
    counts = fields[_BEFORE_N_SAMPLES * n_signals :]
    n_samples = [int(_number(counts[8 * k : 8 * (k + 1)])) for k in range(n_signals)]
    begin, bytes_of_a_sample = _WHOLE + len(fields), 3 if whole[:1] == b"\xff" else 2
    n_records = max(int(_number(whole[236:244])), 0)  # -1 is an unknown number
    return EdfHeader(
        start=whole[168:184],
        duration=_number(whole[244:252]),
        labels=[fields[_LABEL * k : _LABEL * (k + 1)] for k in range(n_signals)],
        n_samples=n_samples,
        begin=begin,
        bytes_of_a_sample=bytes_of_a_sample,
        n_bytes=begin + n_records * sum(n_samples) * bytes_of_a_sample,
    )


def _number(field):
    # Some recorders fill fields with zeros, not with spaces.
    return float(field.partition(b"\0")[0])
