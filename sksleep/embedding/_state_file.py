"""Files that hold the state of a training as a whole, or are known to be damaged."""

import hashlib
import io

import torch

from .._whole_file import write_whole
from ..nn._weights import UNREADABLE

_N_BYTES = hashlib.sha256().digest_size


def write_state(path, state):
    """Replace a file by one with this state, or leave it.

    Parameters
    ----------
    path : Path
        Its folder may have been removed, with the files of earlier trainings.
    state : dict
        As :func:`torch.save` takes it.
    """
    stream = io.BytesIO()
    torch.save(state, stream)
    content = stream.getbuffer()
    try:
        write_whole(path, hashlib.sha256(content).digest(), content)
    except OSError as error:
        raise OSError(
            f"the checkpoint {path} cannot be written; is the disk full, or the file "
            f"open elsewhere? ({error})"
        ) from error


def read_state(path, device):
    """Return what :func:`write_state` wrote.

    Parameters
    ----------
    path : Path
    device : str
        Where tensors go.

    Returns
    -------
    state : dict

    Raises
    ------
    ValueError
        If the file is not as it was written.
    """
    try:
        written = path.read_bytes()
        content = memoryview(written)[_N_BYTES:]
        # torch does not look at checksums.
        if hashlib.sha256(content).digest() != written[:_N_BYTES]:
            raise ValueError("its content is not what was written")
        return torch.load(io.BytesIO(content), map_location=device, weights_only=False)
    except torch.cuda.OutOfMemoryError:  # of a GPU; nothing is wrong with the file
        raise
    except UNREADABLE as error:
        raise ValueError(
            f"the checkpoint {path} cannot be read; if it is damaged, delete it, and "
            f"the training begins anew ({error})"
        ) from error
