"""Simulated recordings that look like the tail-suspension data."""

from datetime import date, timedelta
from numbers import Real

import numpy as np
from sklearn.utils import check_random_state

from .._constraints import check_count, is_integer
from ..recording import Annotation, Recording
from ._lfp_model import REGIONS, STATES, Mouse

_FIRST_DAY = date(2026, 1, 1)
_LOWEST_SFREQ = 125.0  # Hz; the mains at 60 Hz lie below half of it


def make_tst(
    n_subjects=5,
    *,
    n_sessions=1,
    sfreq=1000.0,
    durations=(300.0, 300.0, 600.0),
    gaps=(60, 200),
    electrodes_per_region=(1, 3),
    random_state=None,
):
    """Simulate recordings that look like the tail-suspension data.

    Mice with electrodes in 11 brain regions spend a while in the home cage, in an
    open field and hanging by the tail. The recordings have the layout, the names
    and the labels of those that ``load_tst`` reads.

    Parameters
    ----------
    n_subjects : int, default=5
        Number of mice. With the same `random_state`, more mice leave the first
        ones as they were.
    n_sessions : int, default=1
        Recordings of each mouse, on successive days, with the same electrodes.
    sfreq : float, default=1000.0
        Sampling rate in Hz, at least 125. Another rate gives the same mice that
        go through the same changes of power and state, but other samples; `durations`
        that are no multiples of 0.02 s may change that.
    durations : tuple of three floats, default=(300.0, 300.0, 600.0)
        Seconds in the home cage, in the open field and suspended by the tail.
    gaps : tuple of two ints, default=(60, 200)
        Shortest and longest stretch without a label, in seconds, before the open
        field and before the tail suspension; each is drawn as a whole number.
    electrodes_per_region : tuple of two ints, default=(1, 3)
        Fewest and most electrodes in a region; the left and the right VTA count
        as two.
    random_state : int, RandomState instance or None, default=None
        Makes the recordings reproducible. See scikit-learn's Glossary.

    Returns
    -------
    recordings : list of Recording
        In microvolts, subject by subject, then session by session. Annotations
        are ``"home cage"`` (from 0 s), ``"open field"`` and ``"tail suspension"``.

    Raises
    ------
    ValueError
        If a parameter cannot be; the message names it.

    Notes
    -----
    A region's signal is the sum of 1/f noise and five damped oscillators driven by
    noise (delta, theta, alpha, beta, gamma), each partly common to all regions.
    The state sets each oscillator's power, its coherence between regions, which
    region leads it and by how much, how far it comes in bursts, and how closely
    gamma follows theta's phase. Power and state both wander within tens of
    seconds, so that states overlap, and one state goes over into the next where
    there is no label. Mice differ in frequencies, powers, their response to the
    states, volume conduction and the electrodes' gain; electrodes add noise, drift,
    60 Hz hum, whose phase wanders about one that is the same in all recordings, and
    movement artefacts, which occur in every state.

    The sizes of the effects were set so that log band power of the region averages,
    with all labels, classifies 3 s windows of mice that it has not seen with an
    accuracy between 0.70 and 0.85: about 0.76 with 10 mice and 0.82 with 15, in five
    folds, and 0.73 with the 12 mice of the benchmarks. Nothing else was looked at.

    The recordings serve to try programs and to compare methods under known
    conditions. They say nothing about mice: the numbers are plausible, not fitted
    to data, and an accuracy on them does not tell that on real recordings.

    Examples
    --------
    >>> from sksleep.datasets import make_tst
    >>> recordings = make_tst(
    ...     2, sfreq=250, durations=(6, 6, 12), gaps=(2, 4), random_state=0
    ... )
    >>> recordings[0].name
    'MouseSIM001_010126_HCOFTS'
    >>> recordings[0].ch_names[:3]
    ('PrL_Cx_01', 'PrL_Cx_02', 'Md_Thal_01')
    >>> recordings[0].annotations[0]
    Annotation(onset=0.0, duration=6.0, label='home cage')
    """
    check_count("n_subjects", n_subjects)
    check_count("n_sessions", n_sessions)
    _check_sfreq(sfreq)
    _check_durations(durations, sfreq)
    _check_range("gaps", gaps, smallest=0)
    _check_range("electrodes_per_region", electrodes_per_region, smallest=1)
    entropy = check_random_state(random_state).randint(2**31, size=4)
    seeds = np.random.SeedSequence(entropy.tolist()).spawn(n_subjects)
    return [
        recording
        for number, seed in enumerate(seeds, start=1)
        for recording in _make_subject(
            f"MouseSIM{number:03d}",
            seed.spawn(1 + n_sessions),
            sfreq,
            durations,
            gaps,
            electrodes_per_region,
        )
    ]


def _make_subject(subject, seeds, sfreq, durations, gaps, electrodes_per_region):
    """Return the recordings of one animal, one for each seed but the first."""
    rng, *session_rngs = (np.random.default_rng(seed) for seed in seeds)
    ch_names, sites = _implant(electrodes_per_region, rng)
    mouse = Mouse(sites, rng)
    recordings = []
    for day, session_rng in enumerate(session_rngs):
        annotations, duration = _schedule(durations, gaps, session_rng)
        n_times = round(duration * sfreq)
        data = mouse.record(annotations, n_times, sfreq, session_rng)
        session = f"{_FIRST_DAY + timedelta(days=day):%m%d%y}_HCOFTS"
        recordings.append(
            Recording(data, sfreq, ch_names, subject, session, annotations)
        )
    return recordings


def _implant(electrodes_per_region, rng):
    """Return the electrodes' names and their regions."""
    low, high = electrodes_per_region
    ch_names, sites = [], []
    for region in REGIONS:
        for bundle in ("L_VTA", "R_VTA") if region == "VTA" else (region,):
            n_electrodes = rng.integers(low, high, endpoint=True)
            ch_names += [f"{bundle}_{n:02d}" for n in range(1, n_electrodes + 1)]
            sites += [region] * n_electrodes
    return ch_names, sites


def _schedule(durations, gaps, rng):
    """Return the annotations and the length in seconds of a session."""
    annotations, end = [], 0.0
    for duration, label in zip(durations, STATES, strict=True):
        onset = end + rng.integers(*gaps, endpoint=True) if annotations else 0.0
        annotations.append(Annotation(float(onset), float(duration), label))
        end = onset + duration
    return annotations, end


def _check_sfreq(sfreq):
    if not isinstance(sfreq, Real) or not _LOWEST_SFREQ <= sfreq < np.inf:
        raise ValueError(
            f"sfreq must be at least {_LOWEST_SFREQ:g} Hz, so that the mains at 60 Hz "
            f"lie below the Nyquist frequency; got {sfreq!r}."
        )


def _check_durations(durations, sfreq):
    valid = np.shape(durations) == (len(STATES),) and all(
        isinstance(d, Real) and 1 / sfreq <= d < np.inf for d in durations
    )
    if not valid:
        raise ValueError(
            f"durations must be {len(STATES)} positive numbers of seconds, for "
            f"{', '.join(STATES)}; got {durations!r}."
        )


def _check_range(name, value, smallest):
    valid = (
        np.shape(value) == (2,)
        and all(is_integer(v, smallest) for v in value)
        and value[0] <= value[1]
    )
    if not valid:
        raise ValueError(
            f"{name} must be two ints, the lowest and the highest, of at least "
            f"{smallest}; got {value!r}."
        )
