"""Files that are there as a whole, as they were before, or not at all."""

import os
import secrets
import time
from contextlib import suppress

_WAITS = (0.05, 0.2, 1.0, 3.0)  # seconds


def write_whole(path, *contents):
    """Replace a file by one of these contents, one after the other, or leave it.

    Parameters
    ----------
    path : Path
        Its folder is made if it is missing.
    *contents : bytes-like
    """
    # No name that a process elsewhere, which may have the same number, writes to, too.
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with part.open("wb") as file:
            file.writelines(contents)
            file.flush()
            # After a power cut there would be the new name, and not all of the content.
            os.fsync(file.fileno())
        patiently(part.replace, path)
    finally:
        part.unlink(missing_ok=True)


def patiently(action, *args):
    """Call what Windows refuses for a file that another program reads for a moment.

    As scanners do with new files.

    Parameters
    ----------
    action : callable
        Moves or deletes a file.
    *args : object
        What it takes.
    """
    for seconds in _WAITS:
        with suppress(PermissionError):
            action(*args)
            return
        time.sleep(seconds)
    action(*args)
