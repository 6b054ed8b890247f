"""A trained network at work: windows in, numbers out, a few at a time."""

import math

import numpy as np
import torch

from ..nn import StagerNet
from ._reading import make_reader, read_ahead
from ._torch_state import deterministic_cudnn, torch_threads, without_autocast

# Windows computed at a time, and the numbers in them, 64 and 32 MB: few enough to stay
# in a processor's cache, and enough to keep a GPU busy. Modules of users may need more
# memory for each.
_N_AT_ONCE, _MOST_NUMBERS = 64, 1 << 24
_N_AT_ONCE_ON_A_GPU, _N_AT_ONCE_OF_OTHERS = 2048, 512
_MOST_NUMBERS_ON_A_GPU = 1 << 23


def apply_network(network, X, n_outputs, *, device, n_jobs, out=None):
    """Apply a network in evaluation mode to windows.

    Parameters
    ----------
    network : torch.nn.Module
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
    with (
        torch.inference_mode(),
        without_autocast(device),
        deterministic_cudnn(device),
        torch_threads(n_jobs),
    ):
        reader = make_reader(X, device)
        n_at_once = _n_at_once(network, reader.device, X.shape[1:])
        parts = _read(reader, len(X), n_at_once)
        for rows, outputs in _compute(network, read_ahead(parts, reader.device)):
            out[rows] = outputs
    return out


def _n_at_once(network, device, shape):
    """Return how many windows of a shape to compute at a time."""
    if device.type == "cpu":
        most, most_numbers = _N_AT_ONCE, _MOST_NUMBERS
    else:
        is_ours = any(isinstance(module, StagerNet) for module in network.modules())
        most = _N_AT_ONCE_ON_A_GPU if is_ours else _N_AT_ONCE_OF_OTHERS
        most_numbers = _MOST_NUMBERS_ON_A_GPU
    return max(1, min(most, most_numbers // math.prod(shape)))


def _read(reader, n_windows, n_at_once):
    """Yield a few rows after the other, and the windows of each few."""
    for begin in range(0, n_windows, n_at_once):
        rows = slice(begin, min(begin + n_at_once, n_windows))
        yield rows, reader(np.arange(rows.start, rows.stop))


def _compute(network, parts):
    """Yield rows and what a network makes of them.

    A GPU's outputs come while it computes the next ones already.
    """
    last = None
    for rows, signal in parts:
        outputs = network(signal)
        del signal  # the next but one takes its memory
        if outputs.device.type != "cuda":
            yield rows, outputs.cpu().numpy()
            continue
        coming = rows, *_copy(outputs)
        if last is not None:
            yield _when_copied(*last)
        last = coming
    if last is not None:
        yield _when_copied(*last)


def _copy(outputs):
    """Return a copy on the processor's side that is under way, and when it is there."""
    # Without blocking torch copies into memory that the GPU writes to by itself.
    copy, copied = outputs.to("cpu", non_blocking=True), torch.cuda.Event()
    copied.record(torch.cuda.current_stream(outputs.device))
    return copy, copied


def _when_copied(rows, copy, copied):
    copied.synchronize()
    return rows, copy.numpy()
