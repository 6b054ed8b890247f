"""Which freed memory goes back to the system, and which is kept for the next array."""

import mmap
from contextlib import suppress
from functools import cache

import numpy as np

_FEW_BYTES = 1 << 20  # for which pages of their own are not worth it
# Bytes of one block. glibc keeps twice that in all at the end of its memory.
_MOST_KEPT = 1 << 24
_MOST_THAT_GLIBC_KEEPS = (1 << 25) - (1 << 13)  # and no byte more


def new_bytes(n_bytes):
    """Return an array whose memory goes back to the system as soon as it is freed.

    Of arrays of a few MB, as np.empty makes them, malloc keeps the memory: hundreds of
    MB after a pipeline of signals, and holes among what trainings keep.
    """
    if n_bytes < _FEW_BYTES:
        return np.empty(n_bytes, dtype=np.uint8)
    private = {}  # Windows has no other than private ones, nor a name for them
    if hasattr(mmap, "MAP_PRIVATE"):
        private["flags"] = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    try:
        pages = mmap.mmap(-1, n_bytes, **private)
    except OSError as error:
        raise MemoryError(f"There is no memory for {n_bytes:,} bytes.") from error
    if hasattr(mmap, "MADV_HUGEPAGE"):  # fewer page faults, where the system has them
        with suppress(OSError):
            pages.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(pages, dtype=np.uint8)


def keep_freed(n_bytes):
    """Have malloc keep freed blocks of up to so many bytes for the next request.

    For loops whose libraries make arrays of a MB in each turn. glibc begins by giving
    blocks beyond 128 kB back to the system, so that every page of the next one costs a
    fault: twice the time of an FFT. It takes a larger block that is freed as a sign
    to keep those of that size. Elsewhere this does nothing.

    Parameters
    ----------
    n_bytes : int
        Of which 16 MiB count.
    """
    np.empty(min(n_bytes, _MOST_KEPT), dtype=np.uint8)


@cache
def keep_most_freed():
    """Have malloc keep freed blocks of up to 32 MiB, and 64 MiB in all.

    For loops of many large arrays of a library's, without asking how large. malloc
    does not forget, so once in a process is enough.
    """
    np.empty(_MOST_THAT_GLIBC_KEEPS, dtype=np.uint8)
