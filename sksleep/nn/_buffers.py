"""Memory that is used again: to get it from the system costs page faults.

The system takes large freed arrays back and hands out zeroed pages at the next
request, page by page. For arrays of a few MB, made and freed at every training step,
that took a tenth of the time. A thread keeps scratch to its end, and other memory until
it has asked for others a hundred times.
"""

import math
import threading
import weakref

import torch

from .._memory import new_bytes

_ALIGNMENT = 64  # bytes: a line of the cache
# What `empty` keeps, in bytes: enough for a step with hundreds of windows. What
# goes beyond comes from the system.
_MOST_KEPT = 1 << 28
# Requests after which what none of them took is given back, some 15 training steps: a
# large batch that comes once leaves nothing behind. Large batches make many requests,
# so it is at least so many times the blocks that there are.
_OLDEST = 100
_OLDEST_TIMES_KEPT = 8

_of_thread = threading.local()


def scratch(name, shape, dtype):
    """Return this thread's tensor of that name; its content is left from the last use.

    It has pages of its own: malloc would keep what it lay in before it grew.

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
        n_bytes = size * dtype.itemsize
        with torch.inference_mode(False):
            memory = _aligned(new_bytes(n_bytes + _ALIGNMENT), n_bytes)
            buffer = torch.from_numpy(memory).view(dtype)
        buffers[name, dtype] = buffer
    return buffer[:size].view(shape)


def empty(shape, dtype):
    """Return a tensor like ``torch.empty``, in memory that no tensor uses any more.

    Parameters
    ----------
    shape : tuple of int
    dtype : torch.dtype
    """
    n_bytes = math.prod(shape) * dtype.itemsize
    block = _find_block(n_bytes + _ALIGNMENT)
    part = _aligned(block.memory, n_bytes)
    # A tensor holds on to the array that it was made of, and so do its views.
    block.user = weakref.ref(part)
    return torch.from_numpy(part).view(dtype).view(shape)


def _aligned(memory, n_bytes):
    """Return so many bytes of a memory, from a line of the cache on."""
    begin = -memory.ctypes.data % _ALIGNMENT
    return memory[begin : begin + n_bytes]


class _Block:
    """Some bytes, and a weak reference to the array that a tensor has of them."""

    def __init__(self, n_bytes):
        self.memory = new_bytes(n_bytes)
        self.user = _nobody
        self.age = 0  # requests that it was free at

    def is_free(self):
        return self.user() is None


def _nobody():
    """Return what a weak reference to an array returns when the array is gone."""


def _find_block(n_bytes):
    kept = vars(_of_thread).setdefault("kept", [])
    free = [block for block in kept if block.is_free()]
    fitting = [block for block in free if n_bytes <= len(block.memory) <= 2 * n_bytes]
    if fitting:  # the one that is most likely still in the cache
        block = min(fitting, key=lambda block: block.age)
    else:
        block = _Block(n_bytes)
        # One of nearly the size has been in use for the same, in a smaller batch.
        nearly = [other for other in free if n_bytes / 2 < len(other.memory) < n_bytes]
        _keep(block, kept, in_place_of=nearly[:1])
    for other in free:
        other.age += 1
    block.age = 0
    oldest = max(_OLDEST, _OLDEST_TIMES_KEPT * len(kept))
    kept[:] = [other for other in kept if other.age <= oldest]
    return block


def _keep(block, kept, in_place_of):
    """Add a block, and make room for it where too much would be kept."""
    kept[:] = [other for other in kept if other not in in_place_of]
    n_bytes = len(block.memory)
    if n_bytes + _n_kept(kept) > _MOST_KEPT:
        kept[:] = [other for other in kept if not other.is_free()]
    if n_bytes + _n_kept(kept) <= _MOST_KEPT:
        kept.append(block)


def _n_kept(blocks):
    return sum(len(block.memory) for block in blocks)
