"""Times in samples."""

import numpy as np

# Times that differ by less of a sample are the same: rounding of seconds.
SAME_SAMPLE = 1e-6


def round_half_up(samples):
    """Round times in samples, halves always up.

    Rounded to even ones, stretches of one length in seconds that follow each other at
    half samples would be of several lengths in samples.

    Parameters
    ----------
    samples : float or ndarray of float
    """
    return np.floor(samples + (0.5 + SAME_SAMPLE))
