"""A trained network at work: windows in, numbers out, a few at a time."""

import numpy as np
import torch

from ._random import deterministic_cudnn, torch_threads
from ._reading import make_reader, read_ahead

# Windows computed at a time: few enough to stay in a processor's cache, and enough to
# keep a GPU busy.
_N_AT_ONCE = {"cpu": 64}
_N_AT_ONCE_ELSEWHERE = 512


def apply_network(network, X, n_outputs, *, device, n_jobs, out=None):
    """Apply a network in evaluation mode to windows.

    Parameters
    ----------
    network : callable
        From a tensor (n, n_channels, n_times) to one of (n, n_outputs).
    X : Windows or ndarray of shape (n_windows, n_channels, n_times)
    n_outputs : int
    device : str
        Where the network is.
    n_jobs : int or None
        Threads of torch.
    out : ndarray of shape (n_windows, n_outputs), default=None
        Where to put the outputs; None makes a new array.

    Returns
    -------
    out : ndarray of shape (n_windows, n_outputs)
        A new one is float32.
    """
    if out is None:
        out = np.empty((len(X), n_outputs), dtype=np.float32)
    with torch.inference_mode(), deterministic_cudnn(device), torch_threads(n_jobs):
        reader = make_reader(X, device)
        for rows, signal in read_ahead(_read(reader, len(X))):
            out[rows] = network(signal).cpu().numpy()
    return out


def _read(reader, n_windows):
    """Yield a few rows after the other, and the windows of each few."""
    n_at_once = _N_AT_ONCE.get(reader.device.type, _N_AT_ONCE_ELSEWHERE)
    for begin in range(0, n_windows, n_at_once):
        rows = slice(begin, min(begin + n_at_once, n_windows))
        yield rows, reader(np.arange(rows.start, rows.stop))
