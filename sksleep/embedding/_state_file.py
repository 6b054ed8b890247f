"""Files that hold the state of a training as a whole, or are known to be damaged."""

import hashlib
import io
import os
import secrets
import time
from contextlib import suppress

import torch

from ..nn._weights import UNREADABLE

_N_BYTES = hashlib.sha256().digest_size
_WAITS = (0.05, 0.2, 1.0, 3.0)  # seconds


def write_state(path, state):
    """Replace a file by one with this state, or leave it.

    Parameters
    ----------
    path : Path
    state : dict
        As :func:`torch.save` takes it.
    """
    content = io.BytesIO()
    torch.save(state, content)
    # No name that a process elsewhere, which may have the same number, writes to, too.
    part = path.with_suffix(f".{secrets.token_hex(8)}.part")
    try:
        # The folder may have been removed, with the files of earlier trainings.
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(hashlib.sha256(content.getbuffer()).digest())
            file.write(content.getbuffer())
            file.flush()
            # After a power cut there would be the new name, and not all of the content.
            os.fsync(file.fileno())
        _move(part, path)
    except OSError as error:
        raise OSError(
            f"the checkpoint {path} cannot be written; is the disk full, or the file "
            f"open elsewhere? ({error})"
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _move(part, path):
    # Windows moves nothing to where a scanner or another training reads for a moment.
    for seconds in _WAITS:
        with suppress(PermissionError):
            part.replace(path)
            return
        time.sleep(seconds)
    part.replace(path)


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
