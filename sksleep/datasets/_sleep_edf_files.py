"""Which files of a Sleep-EDF folder belong together."""

import re
from pathlib import Path
from typing import NamedTuple

from ._select_named import select_named

_NAME = re.compile(r"((?:SC4|ST7)\d\d)(\d)[A-Z]\w-(PSG|Hypnogram)\.edf")
_PARTNER = {"PSG": "Hypnogram", "Hypnogram": "PSG"}


class Night(NamedTuple):
    """The files of one night."""

    subject: str
    session: str
    psg: Path
    hypnogram: Path


def find_nights(folder, names=None):
    """Find the files of every night; one without its partner is an error.

    Parameters
    ----------
    folder : Path
    names : sequence of str, default=None
        Subjects or nights to look for. None means all.

    Returns
    -------
    nights : list of Night
        By name.
    """
    found = _find_files(folder)
    known = {key[:2]: (key[0], key[0] + key[1]) for key in found}
    wanted = select_named(known, names, f"{folder} holds no subject and no night")
    for night in wanted:
        for kind, other in _PARTNER.items():
            if (*night, kind) not in found:
                raise ValueError(
                    f"{found[*night, other]} has no partner: no {''.join(night)}*-"
                    f"{kind}.edf in its folder."
                )
    return [Night(*n, found[*n, "PSG"], found[*n, "Hypnogram"]) for n in wanted]


def _find_files(folder):
    """Return the files by subject, night and kind."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder.")
    found = {}
    for file in sorted(folder.iterdir()):
        if match := _NAME.fullmatch(file.name):
            night = match.groups()
            if night in found:
                raise ValueError(f"{file} and {found[night]} are of one night.")
            found[night] = file
    if not found:
        raise ValueError(
            f"{folder} holds no files like SC4001E0-PSG.edf and "
            "SC4001EC-Hypnogram.edf; in the download they lie in the folders "
            "sleep-cassette and sleep-telemetry."
        )
    return found
