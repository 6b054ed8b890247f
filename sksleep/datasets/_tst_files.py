"""Which files of a tail-suspension folder belong together."""

from pathlib import Path
from typing import NamedTuple

from ._select_named import select_named
from ._tst_layout import FOLDERS, split_stem


class TstFiles(NamedTuple):
    """The files of one recording."""

    stem: str
    lfp: Path
    time: Path
    chans: Path | None


def find_files(folder, names=None):
    """Find the files of every recording; a file without its partner is an error.

    Parameters
    ----------
    folder : Path
        Where the folders of signals and times are.
    names : sequence of str, default=None
        Stems or mice to look for. None means all.

    Returns
    -------
    files : list of TstFiles
        By stem.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder.")
    lfp, time, chans = (find_kind(folder, kind) for kind in ("LFP", "TIME", "CHANS"))
    if not lfp:
        raise ValueError(
            f"{folder} holds no file *_LFP.mat; looked in its folders "
            f"{', '.join(FOLDERS['LFP'])}."
        )
    known = {stem: (stem, _mouse(stem)) for stem in lfp.keys() | time.keys()}
    wanted = select_named(known, names, f"{folder} holds no recording and no mouse")
    _check_chans(chans, lfp.keys())
    for stem in wanted:
        _check_stem(stem, lfp.get(stem) or time[stem])
        _check_partners(stem, lfp.get(stem), time.get(stem))
    return [TstFiles(stem, lfp[stem], time[stem], chans.get(stem)) for stem in wanted]


def find_kind(folder, kind):
    """Return the files of one kind by stem; kind is "LFP", "TIME" or "CHANS"."""
    # As on systems to which small and capital letters are the same.
    names, end = {name.lower() for name in FOLDERS[kind]}, f"_{kind}.mat".lower()
    found = {}
    for inner in sorted(folder.iterdir()) if folder.is_dir() else []:
        if inner.name.lower() not in names or not inner.is_dir():
            continue
        for file in sorted(inner.iterdir()):
            # macOS leaves ._copies.
            if file.name.startswith(".") or not file.name.lower().endswith(end):
                continue
            stem = file.name[: -len(end)]
            if stem in found:
                raise ValueError(f"{file} and {found[stem]} have the same name.")
            found[stem] = file
    return found


def _check_chans(chans, stems):
    """Raise a ValueError if a file of broken electrodes is of no recording."""
    alone = sorted(chans.keys() - stems)
    if alone:
        raise _without_partner(chans[alone[0]], alone[0], "LFP")


def _mouse(stem):
    parts = split_stem(stem)
    return parts and parts[0]


def _check_stem(stem, file):
    if split_stem(stem) is None:
        raise ValueError(
            f"{file}: {stem!r} is not of the form mouse_date_protocol with a date of "
            "six digits, such as MouseCKA1_030515_HCOFTS."
        )


def _check_partners(stem, lfp, time):
    if time is None:
        raise _without_partner(lfp, stem, "TIME")
    if lfp is None:
        raise _without_partner(time, stem, "LFP")


def _without_partner(file, stem, kind):
    """Return the error of a file that has none of another kind to go with it."""
    return ValueError(
        f"{file} has no partner: no {stem}_{kind}.mat in the folders "
        f"{', '.join(FOLDERS[kind])}."
    )
