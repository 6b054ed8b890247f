"""Limits of amplitude, for all channels or for some."""

from numbers import Real

import numpy as np


def channel_limits(parameter, limits, ch_names, no_limit):
    """Return one limit per channel, or raise a ValueError that says what is wrong.

    Parameters
    ----------
    parameter : str
        What a message calls them.
    limits : float, dict of str to float, or None
        Of all channels, or by name.
    ch_names : tuple of str
    no_limit : float
        Where there is none.

    Returns
    -------
    limits : ndarray of float of shape (n_channels, 1)
    """
    if limits is None:
        limits = {}
    elif not isinstance(limits, dict):
        limits = dict.fromkeys(ch_names, limits)
    for name, limit in limits.items():
        if name not in ch_names:
            raise ValueError(
                f"{parameter} has a limit for channel {name!r}; the recordings have "
                f"{', '.join(ch_names)}."
            )
        is_number = isinstance(limit, Real) and not isinstance(limit, bool)
        if not is_number or not limit > 0:
            raise ValueError(
                f"{parameter} must be positive, got {limit!r} for channel {name!r}."
            )
    return np.array([[limits.get(name, no_limit)] for name in ch_names])
