"""Windows on their way to the network: where they are cut, and one batch ahead."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import torch

from .._memmap import release
from .._take_rows import take_rows
from ..nn._buffers import empty
from ..windows import Windows

# Part of a GPU's free memory that recordings may take; the rest is the training's.
_MEMORY_SHARE = 0.5
_END = object()
_here = threading.local()


def make_reader(X, device):
    """Return what reads rows of X as a tensor on a device.

    Parameters
    ----------
    X : Windows or ndarray of shape (n_windows, n_channels, n_times)
    device : str or torch.device

    Returns
    -------
    reader : ResidentReader or HostReader
        The first where the device is a GPU with room for the whole signal.
    """
    device = torch.device(device)
    if device.type == "cuda":
        n_bytes = sum(signal.nbytes for signal in _signals(X))
        if n_bytes <= _MEMORY_SHARE * _free_memory(device):
            # Other processes may have taken the memory meanwhile.
            with suppress(torch.cuda.OutOfMemoryError):
                return ResidentReader(X, device)
    return HostReader(X, device)


def _free_memory(device):
    """Return the bytes of a GPU that this process can have."""
    free, _ = torch.cuda.mem_get_info(device)
    # torch keeps what it has freed for itself.
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return free + kept


class HostReader:
    """Windows are cut in the memory of the processor, and a batch copied at a time.

    Parameters
    ----------
    X : Windows or ndarray of shape (n_windows, n_channels, n_times)
    device : torch.device
    """

    def __init__(self, X, device):
        self.X = X
        self.device = device

    def __call__(self, rows):
        """Return a tensor of shape (n_rows, n_channels, n_times)."""
        if isinstance(self.X, Windows):
            # Batches have many sizes: made by numpy they would leave holes in memory.
            signal = empty((len(rows), *self.X.shape[1:]), torch.float32)
            self.X.take(rows, out=signal.numpy())
        else:
            # Rows of an array have its layout, in which torch may sum otherwise; those
            # that joblib hands to workers have another.
            signal = torch.from_numpy(np.ascontiguousarray(take_rows(self.X, rows)))
        if self.device.type != "cuda":
            return signal.to(self.device)
        # From other memory the copy would wait for the network.
        return signal.pin_memory().to(self.device, non_blocking=True)


class ResidentReader:
    """The signal lies on the device, and windows are cut there.

    Recordings lie one after the other; those without a window are left out.

    Parameters
    ----------
    X : Windows or ndarray of shape (n_windows, n_channels, n_times)
    device : torch.device
    """

    def __init__(self, X, device):
        self.device = device
        if isinstance(X, Windows):
            self.windows, self.rows = _upload(X, device)
        else:
            self.windows, self.rows = torch.tensor(X, device=device), np.arange(len(X))

    def __call__(self, rows):
        """Return a tensor of shape (n_rows, n_channels, n_times)."""
        rows = torch.from_numpy(self.rows[rows]).to(self.device, non_blocking=True)
        return self.windows[rows].contiguous()


def read_ahead(iterable, device):
    """Yield what an iterable yields, and get the next item in a thread meanwhile.

    Parameters
    ----------
    iterable : iterable
        All of it is iterated in one thread, an item at a time.
    device : torch.device
        Where items are put. Of devices other than processors and CUDA's, such as
        Apple's, not all can be spoken to by two threads: nothing is read ahead there.

    Yields
    ------
    item : object
    """
    if device.type not in ("cpu", "cuda"):
        yield from iterable
        return
    iterator = iter(iterable)
    # Each thread has a stream of its own: on another than this one's, items could be
    # used before they are there.
    stream = torch.cuda.current_stream(device) if device.type == "cuda" else None
    with ThreadPoolExecutor(1, None, _begin_to_read, (stream,)) as pool:
        coming = pool.submit(next, iterator, _END)
        while (item := coming.result()) is not _END:
            coming = pool.submit(next, iterator, _END)
            yield item


def is_reading():
    """Tell whether this thread is one that reads ahead."""
    return getattr(_here, "is_reading", False)


def _begin_to_read(stream):
    _here.is_reading = True
    if stream is not None:
        torch.cuda.set_stream(stream)


def _signals(X):
    """Return the arrays that hold all windows."""
    if not isinstance(X, Windows):
        return [X]
    return [X.recordings[number].data for number in np.unique(X.recording_index)]


def _upload(X, device):
    """Return all windows that there could be, as a view, and which of them X has."""
    signals = _signals(X)
    lengths = [signal.shape[1] for signal in signals]
    joined = torch.empty(X.shape[1], sum(lengths), dtype=torch.float32, device=device)
    for place, signal in zip(joined.split(lengths, dim=1), signals, strict=True):
        place.copy_(torch.tensor(signal))
        release(signal)
    begins = np.cumsum([0, *lengths[:-1]])
    _, position = np.unique(X.recording_index, return_inverse=True)
    every_start = joined.unfold(1, X.shape[2], 1).transpose(0, 1)
    return every_start, begins[position] + X.starts
