"""Memory that is used again: to get it from the system costs page faults.

The system takes large freed arrays back and hands out zeroed pages at the next
request, page by page. For arrays of a few MB, made and freed at every training step,
that took a sixth of the time.
"""

import math
import sys
import threading

import numpy as np
import torch

_ALIGNMENT = 64  # bytes: a line of the cache
# What a thread keeps, of arrays that someone may still use: enough for a training step.
_MOST_KEPT = 1 << 26

_of_thread = threading.local()


def scratch(name, shape, dtype):
    """Return this thread's tensor of that name; its content is left from the last use.

    Parameters
    ----------
    name : str
    shape : tuple of int
    dtype : torch.dtype
    """
    buffers = vars(_of_thread).setdefault("buffers", {})
    size = math.prod(shape)
    buffer = buffers.get((name, dtype))
    if buffer is None or len(buffer) < size:
        # Training cannot write to a tensor that was made in inference mode.
        with torch.inference_mode(False):
            buffer = buffers[name, dtype] = torch.empty(size, dtype=dtype)
    return buffer[:size].view(shape)


def empty(shape, dtype):
    """Return a tensor like ``torch.empty``, in memory that no tensor uses any more.

    Parameters
    ----------
    shape : tuple of int
    dtype : torch.dtype
    """
    n_bytes = math.prod(shape) * dtype.itemsize
    memory = _find_free(n_bytes)
    begin = -memory.ctypes.data % _ALIGNMENT
    # The tensor holds a reference to the memory, as do its views, for as long as it is.
    tensor = torch.from_numpy(memory[begin : begin + n_bytes])
    return tensor.view(dtype).view(shape)


def _find_free(n_bytes):
    kept = vars(_of_thread).setdefault("kept", [])
    size = n_bytes + _ALIGNMENT
    for number in range(len(kept)):
        if len(kept[number]) == size and _is_free(kept, number):
            return kept[number]
    memory = np.empty(size, dtype=np.uint8)
    if size + sum(map(len, kept)) > _MOST_KEPT:
        kept[:] = [kept[n] for n in range(len(kept)) if not _is_free(kept, n)]
    if size + sum(map(len, kept)) <= _MOST_KEPT:
        kept.append(memory)
    return memory


def _is_free(kept, number):
    return _n_references(kept, number) <= _N_IF_FREE


def _n_references(kept, number):
    return sys.getrefcount(kept[number])


# As this Python counts, where the list alone refers to something.
_N_IF_FREE = _n_references([np.empty(1)], 0)
