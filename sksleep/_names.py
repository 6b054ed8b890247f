"""Names of recordings and channels, as files and tables have them."""

import numpy as np

from ._labels import is_missing


def recording_name(subject, session):
    """Return the name of a recording of a subject."""
    return f"{subject}_{session}" if session else str(subject)


def as_text(field, value):
    """Return what names a recording as a string.

    Of a table it may be a number, or missing: the empty string.
    """
    try:
        value = unwrapped(value)
    except ValueError as error:
        raise ValueError(f"a recording's {field} {error}.") from None
    if is_missing(value):
        return ""
    if isinstance(value, float | np.floating) and value.is_integer():
        # pandas makes floats of numbers where another is missing.
        value = int(value)
    return str(value)


def unwrapped(value):
    """Return a name without what h5py and scipy.io wrap it in: bytes, or an array."""
    while isinstance(value, np.ndarray):  # of cells an array in an array
        if value.size != 1:
            raise ValueError(
                f"must be one text, got an array of {value.size}: {value!r}"
            )
        value = value.item()
    return value.decode(errors="replace") if isinstance(value, bytes) else value
