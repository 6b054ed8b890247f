"""Windows on their way to the network: where they are cut, and one batch ahead."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from ..windows import Windows

# Part of a GPU's free memory that recordings may take; the rest is the training's.
_MEMORY_SHARE = 0.5
_END = object()


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
        free, _ = torch.cuda.mem_get_info(device)
        if sum(signal.nbytes for signal in _signals(X)) <= _MEMORY_SHARE * free:
            return ResidentReader(X, device)
    return HostReader(X, device)


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
        signal = torch.from_numpy(take_rows(self.X, rows))
        if self.device.type == "cuda":
            signal = signal.pin_memory()  # or the copy would wait for the network
        return signal.to(self.device, non_blocking=True)


class ResidentReader:
    """The signal lies on the device, and windows are cut there.

    Recordings lie one after the other; those without a window are left out.

    Parameters
    ----------
    X : Windows or ndarray of shape (n_windows, n_channels, n_times)
    device : torch.device
    """

    def __init__(self, X, device):
        signals = _signals(X)
        self.device = device
        self.starts = _starts(X, [signal.shape[-1] for signal in signals])
        self.n_times = X.shape[2]
        total = sum(signal.shape[-1] for signal in signals)
        self.signal = torch.empty(X.shape[1], total, device=device)
        end = 0
        for signal in signals:
            begin, end = end, end + signal.shape[-1]
            self.signal[:, begin:end] = torch.tensor(signal)

    def __call__(self, rows):
        """Return a tensor of shape (n_rows, n_channels, n_times)."""
        starts = torch.from_numpy(self.starts[rows]).to(self.device)
        windows = self.signal.unfold(1, self.n_times, 1)[:, starts]
        return windows.transpose(0, 1).contiguous()


def read_ahead(iterable):
    """Yield what an iterable yields, and get the next item in a thread meanwhile.

    Parameters
    ----------
    iterable : iterable
        All of it is iterated in one thread, an item at a time.

    Yields
    ------
    item : object
    """
    iterator = iter(iterable)
    with ThreadPoolExecutor(max_workers=1) as pool:
        coming = pool.submit(next, iterator, _END)
        while (item := coming.result()) is not _END:
            coming = pool.submit(next, iterator, _END)
            yield item


def take_rows(X, rows):
    """Return the signal of some rows of Windows or of an array, as an array."""
    return X.take(rows) if isinstance(X, Windows) else X[rows]


def _signals(X):
    """Return the signals that hold all windows, of shape (n_channels, n_times)."""
    if not isinstance(X, Windows):
        return list(X)
    return [X.recordings[number].data for number in np.unique(X.recording_index)]


def _starts(X, lengths):
    """Return where each window starts in the signals, one after the other."""
    begins = np.cumsum([0, *lengths[:-1]])
    if not isinstance(X, Windows):
        return begins
    _, position = np.unique(X.recording_index, return_inverse=True)
    return begins[position] + X.starts
