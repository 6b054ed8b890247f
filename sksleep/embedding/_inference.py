"""A trained network at work: windows in, numbers out, a few at a time."""

import numpy as np
import torch

from ._input import take_rows
from ._random import torch_threads

# Windows computed at a time: few enough to stay in the processor's cache.
_N_AT_ONCE = 64


def apply_network(network, X, n_outputs, *, device, n_jobs):
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

    Returns
    -------
    outputs : ndarray of float32 of shape (n_windows, n_outputs)
    """
    outputs = np.empty((len(X), n_outputs), dtype=np.float32)
    with torch.inference_mode(), torch_threads(n_jobs):
        for begin in range(0, len(X), _N_AT_ONCE):
            rows = np.arange(begin, min(begin + _N_AT_ONCE, len(X)))
            signal = torch.from_numpy(take_rows(X, rows)).to(device)
            outputs[rows] = network(signal).cpu().numpy()
    return outputs
