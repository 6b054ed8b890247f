"""The signal of an MNE Raw, read in blocks."""

import numpy as np

from .._memmap import release
from .._optional import import_optional

# What MNE takes beside names and types of channels: alone in a list, and with others.
_ALONE = ("all", "bads", "data")
_TYPES_OF = {
    "meg": {"grad", "mag"},
    "fnirs": {"hbo", "hbr", "fnirs_cw_amplitude", "fnirs_od"}
    | {"fnirs_fd_ac_amplitude", "fnirs_fd_phase"},
    "eyetrack": {"eyegaze", "pupil"},
}
_BLOCK = 1 << 22  # numbers read in one go; MNE gives them as float64


def pick(raw, picks):
    """Return the names of the channels that picks mean to MNE, or raise a ValueError.

    Parameters
    ----------
    raw : mne.io.BaseRaw
    picks : str, list or slice

    Returns
    -------
    ch_names : list of str
    """
    # MNE resolves picks in place only; a stand-in saves copying the signal.
    mne = import_optional("mne", "mne")
    stand_in = mne.io.RawArray(
        np.zeros((len(raw.ch_names), 1)), raw.info, verbose="error"
    )
    try:
        picked = stand_in.pick(picks, exclude="bads", verbose="error")
    except (ValueError, IndexError) as error:
        missing = _missing_names(raw, picks)
        raise _found_none(raw, picks, missing) from error
    # Of types in a list MNE minds none that is missing.
    if missing := _missing_names(picked, picks):
        raise _found_none(raw, picks, missing)
    return picked.ch_names


def _found_none(raw, picks, missing):
    found = f"no channel {missing[0]!r}" if missing else "no good channel"
    bads = ", ".join(raw.info["bads"]) or "none"
    return ValueError(
        f"{name_raw(raw)}: picks={picks!r} finds {found} among "
        f"{', '.join(raw.ch_names)} (bad: {bads})."
    )


def read_signal(raw, ch_names, parts, signals):
    """Fill arrays with the signal of a raw's parts.

    Parameters
    ----------
    raw : mne.io.BaseRaw
    ch_names : list of str
        Channels to read.
    parts : list of Part
    signals : list of ndarray of float32 of shape (n_channels, n_times)
        One for each part.
    """
    rows = [raw.ch_names.index(name) for name in ch_names]
    for channels, begin, block in _blocks(raw, rows):
        if np.iscomplexobj(block):
            raise ValueError(f"{name_raw(raw)}: the signal is complex, expected real.")
        end = begin + block.shape[1]
        for part, signal in zip(parts, signals, strict=True):
            first, last = max(begin, part.begin), min(end, part.end)
            if first < last:
                place = slice(first - part.begin, last - part.begin)
                signal[channels, place] = block[:, first - begin : last - begin]
                release(signal)


def name_raw(raw):
    """Return what a message calls a raw."""
    file = raw.filenames[0]
    return "raw" if file is None else f"raw of {file}"


def _missing_names(raw, picks):
    """Return the names in picks that are of no channel and no type of one."""
    names = [picks] if isinstance(picks, str) else picks if np.ndim(picks) == 1 else []
    if len(names) == 1 and names[0] in _ALONE:
        return []
    types = set(raw.get_channel_types())
    known = {*raw.ch_names, *types, *(n for n, of in _TYPES_OF.items() if of & types)}
    return [str(name) for name in names if isinstance(name, str) and name not in known]


def _blocks(raw, rows):
    """Yield which of some rows a block is of, its first sample and its signal."""
    if not is_resampled(raw, rows):
        n_block = max(1, _BLOCK // len(rows))
        for begin in range(0, raw.n_times, n_block):
            end = min(begin + n_block, raw.n_times)
            yield slice(None), begin, _get(raw, rows, begin, end)
        return
    if raw.n_times != sum(extras["nsamples"] for extras in raw._raw_extras):
        raise ValueError(
            f"{name_raw(raw)}: channels of several sampling rates cannot be read in "
            "part; call load_data() before crop()."
        )
    for position, row in enumerate(rows):
        yield slice(position, position + 1), 0, _get(raw, [row], 0, raw.n_times)


def _get(raw, rows, begin, end):
    return raw.get_data(picks=rows, start=begin, stop=end, verbose="error")


def is_resampled(raw, rows):
    """Tell whether MNE will bring a channel of a file to the rate of faster ones.

    It does so only from end to end rightly, for each part that is asked for by itself:
    in parts a channel is another signal. It warns of most parts, but not of all.

    Parameters
    ----------
    raw : mne.io.BaseRaw
    rows : list of int
        Its channels that count.

    Returns
    -------
    is_resampled : bool
    """
    if raw.preload:
        return False
    for extras, picks in zip(raw._raw_extras, raw._read_picks, strict=True):
        if {"n_samps", "sel", "max_samp", "nsamples"} <= set(extras):  # EDF, BDF, GDF
            n_samples = extras["n_samps"][extras["sel"][picks[rows]]]
            if (n_samples != extras["max_samp"]).any():
                return True
    return False
