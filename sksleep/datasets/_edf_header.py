"""The header of EDF and BDF files."""

from typing import NamedTuple

# The fields of the header of a signal, in bytes: label, transducer, unit, minima and
# maxima, prefilter; the number of samples in a record comes after them.
_LABEL, _BEFORE_N_SAMPLES = 16, 16 + 80 + 8 + 4 * 8 + 80
_OF_A_SIGNAL = 256


class EdfHeader(NamedTuple):
    """What the header of an EDF or BDF file says of its records.

    Attributes
    ----------
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
        whole = stream.read(256)
        n_signals = int(whole[252:256])
        fields = stream.read(_OF_A_SIGNAL * n_signals)
    counts = fields[_BEFORE_N_SAMPLES * n_signals :]
    n_samples = [int(counts[8 * k : 8 * (k + 1)]) for k in range(n_signals)]
    begin, bytes_of_a_sample = 256 + len(fields), 3 if whole[:1] == b"\xff" else 2
    n_records = max(int(whole[236:244]), 0)  # -1 is an unknown number
    return EdfHeader(
        duration=float(whole[244:252]),
        labels=[fields[_LABEL * k : _LABEL * (k + 1)] for k in range(n_signals)],
        n_samples=n_samples,
        begin=begin,
        bytes_of_a_sample=bytes_of_a_sample,
        n_bytes=begin + n_records * sum(n_samples) * bytes_of_a_sample,
    )
