"""A simulated mouse: what its local field potentials are made of."""

from typing import NamedTuple

import numpy as np

from ._lfp_processes import (
    Session,
    damped_oscillation,
    mains_hum,
    movement_artefacts,
    pink_noise,
    wander,
    white_noise,
)
from ._tst_layout import HOME_CAGE, OPEN_FIELD, TAIL_SUSPENSION

STATES = (HOME_CAGE.label, OPEN_FIELD, TAIL_SUSPENSION)

# Where the regions lie, roughly: mm in front of bregma, beside it, below it.
REGIONS = {
    "PrL_Cx": (1.9, 0.4, 2.3),
    "Md_Thal": (-1.6, 0.4, 3.2),
    "IL_Cx": (1.8, 0.4, 3.0),
    "BLA": (-1.4, 3.1, 4.8),
    "Acb_Sh": (1.3, 0.6, 4.6),
    "Acb_Core": (1.3, 1.1, 4.3),
    "mSNC": (-3.1, 1.0, 4.3),
    "mDHip": (-1.9, 0.9, 1.5),
    "lSNC": (-3.1, 1.6, 4.1),
    "lDHip": (-1.9, 1.8, 1.6),
    "VTA": (-3.2, 0.5, 4.5),
}
_REGION_NAMES = tuple(REGIONS)
_COORDINATES = np.array(list(REGIONS.values()))
_DISTANCES = np.linalg.norm(_COORDINATES[:, None] - _COORDINATES[None], axis=-1)

_DELAY = 5e-3  # s/mm, from the region that leads an oscillation to the others
_CONDUCTION_LENGTH = 0.7  # mm, over which a potential falls to 1/e


class Oscillator(NamedTuple):
    """A rhythm that all regions share, and what the states do to it.

    Triples hold one value per state, in the order of `STATES`.
    """

    frequency: float  # Hz
    half_width: float  # Hz, of the spectral peak
    amplitude: float  # microvolts, root mean square
    regions: tuple  # amplitude in each region relative to `amplitude`
    log_power: tuple  # natural logarithm
    coherence: tuple  # 0 to 1: share of the amplitude that regions have in common
    burstiness: tuple  # spread of the log amplitude within seconds
    leader: tuple  # the region that leads the others
    theta_locking: tuple = (0.0, 0.0, 0.0)  # depth of modulation by theta's phase


# Regions as in REGIONS:       PrL  MdT  IL   BLA  AcS  AcC  mSN  mHi  lSN  lHi  VTA
OSCILLATORS = {
    "delta": Oscillator(
        frequency=2.5,
        half_width=0.8,
        amplitude=55.0,
        regions=(1.2, 1.0, 1.2, 0.8, 1.0, 1.0, 0.7, 0.6, 0.7, 0.6, 0.8),
        log_power=(0.75, -0.75, 0.0),
        coherence=(0.6, 0.35, 0.5),
        burstiness=(0.3, 0.1, 0.2),
        leader=("PrL_Cx", "Md_Thal", "IL_Cx"),
    ),
    "theta": Oscillator(
        frequency=7.0,
        half_width=0.7,
        amplitude=55.0,
        regions=(0.8, 0.8, 0.8, 0.7, 0.6, 0.6, 0.6, 1.6, 0.6, 1.5, 0.7),
        log_power=(-0.6, 0.9, -0.15),
        coherence=(0.5, 0.8, 0.75),
        burstiness=(0.3, 0.1, 0.2),
        leader=("Md_Thal", "mDHip", "PrL_Cx"),
    ),
    "alpha": Oscillator(
        frequency=11.0,
        half_width=1.5,
        amplitude=28.0,
        regions=(1.0, 1.4, 1.0, 0.8, 1.0, 1.0, 0.8, 0.6, 0.8, 0.6, 0.9),
        log_power=(0.45, -0.3, -0.15),
        coherence=(0.7, 0.4, 0.5),
        burstiness=(0.6, 0.3, 0.4),
        leader=("Md_Thal", "Acb_Core", "IL_Cx"),
    ),
    "beta": Oscillator(
        frequency=21.0,
        half_width=2.5,
        amplitude=24.0,
        regions=(1.2, 0.9, 1.2, 1.1, 0.9, 0.9, 1.2, 0.6, 1.2, 0.6, 1.1),
        log_power=(-0.3, -0.3, 0.75),
        coherence=(0.4, 0.5, 0.7),
        burstiness=(0.3, 0.3, 0.9),
        leader=("mSNC", "Acb_Core", "BLA"),
    ),
    "gamma": Oscillator(
        frequency=42.0,
        half_width=5.0,
        amplitude=18.0,
        regions=(0.9, 0.7, 0.9, 1.1, 1.3, 1.3, 0.8, 1.2, 0.8, 1.2, 0.9),
        log_power=(-0.45, 0.45, 0.15),
        coherence=(0.3, 0.5, 0.6),
        burstiness=(0.3, 0.4, 0.5),
        leader=("Acb_Core", "mDHip", "BLA"),
        theta_locking=(0.2, 0.9, 0.5),
    ),
}

# How much animals differ (standard deviations), and how much one animal changes.
_FREQUENCY_SPREAD = 0.04  # of the log frequency
_POWER_SPREAD = 0.3  # of an oscillator's log power in a region
_FOCUS = 1.6  # log power that an oscillator gains in the region that leads it
_FOCUS_SIZE = 1.5  # mm, over which that gain falls to 1/e
_RESPONSE_SPREAD = 0.15  # of what a state does to an oscillator's log power
_BACKGROUND_SPREAD = 0.2  # of the log amplitude of a region's 1/f noise
_EXPONENT_SPREAD = 0.07  # of the exponent of that noise
_CONDUCTION_SPREAD = 0.3  # of the log gain from one region to another
_GAIN_SPREAD = 0.25  # of the log gain of an electrode
_DRIVE_SPREAD = 0.8  # of the log power, all regions together, within a state
_LOCAL_DRIVE_SPREAD = 0.3  # the same, each region for itself
_DRIVE_TIME = 20.0  # s, correlation time of the drives
_STATE_PURITY = 4.0  # logit of the annotated state over the others
_STATE_SPREAD = 1.4  # of that logit
_BURST_TIME = 0.25  # s
_ARTEFACTS_PER_MINUTE = (1.0, 4.0, 3.0)


class Mouse:
    """An animal: what its brain and its electrodes are like, in all its sessions.

    Parameters
    ----------
    sites : sequence of str
        For each electrode, its region.
    rng : numpy.random.Generator
        Where the animal comes from.
    """

    def __init__(self, sites, rng):
        n_regions, n_electrodes = len(REGIONS), len(sites)
        shape = (len(OSCILLATORS), n_regions)
        self.frequency_factors = rng.lognormal(0, _FREQUENCY_SPREAD, len(OSCILLATORS))
        self.log_powers = rng.normal(0, _POWER_SPREAD, shape)
        self.responses = rng.normal(0, _RESPONSE_SPREAD, (*shape, len(STATES)))
        self.background = rng.lognormal(np.log(80), _BACKGROUND_SPREAD, n_regions)
        self.exponent = rng.normal(1.1, _EXPONENT_SPREAD)
        gains = rng.lognormal(0, _GAIN_SPREAD, n_electrodes)
        at = [_REGION_NAMES.index(site) for site in sites]
        conduction = np.exp(-_DISTANCES / _CONDUCTION_LENGTH)
        conduction *= rng.lognormal(0, _CONDUCTION_SPREAD, conduction.shape)
        self.mixing = (gains[:, None] * conduction[at]).astype(np.float32)
        self.noise = rng.lognormal(np.log(8), 0.3, n_electrodes)
        self.line = rng.lognormal(np.log(10), 0.5, n_electrodes)
        self.movement = rng.normal(0, 80, n_electrodes)

    def record(self, annotations, n_times, sfreq, rng):
        """Simulate a session.

        Parameters
        ----------
        annotations : sequence of (onset, duration, label)
            In seconds; labels as in `STATES`.
        n_times : int
            Samples to make.
        sfreq : float
            Sampling rate in Hz.
        rng : numpy.random.Generator
            What happens in this session.

        Returns
        -------
        data : ndarray of float32 of shape (n_electrodes, n_times)
            In microvolts.
        """
        session = Session(n_times, sfreq, rng)
        weights = state_weights(annotations, session)
        sources = self._rhythms(weights, session)
        for region, amplitude in enumerate(self.background):
            sources[region] += amplitude * pink_noise(self.exponent, session)
        data = self.mixing @ sources
        self._disturb(data, weights, session)
        return data

    def _rhythms(self, weights, session):
        """Return (n_regions, n_times), the sum of the oscillators in each region."""
        sources = np.zeros((len(REGIONS), session.n_times), dtype=np.float32)
        theta = None
        for index, (name, oscillator) in enumerate(OSCILLATORS.items()):
            frequency = oscillator.frequency * self.frequency_factors[index]
            shape = frequency, oscillator.half_width, session
            shared = damped_oscillation(*shape)
            if name == "theta":
                theta = shared.real / np.abs(shared)
            pace = locked_to_theta(oscillator.theta_locking, theta, weights, session)
            amplitudes = self._amplitudes(index, oscillator, weights, session)
            in_common, alone = share_out(oscillator, frequency, weights)
            for region, amplitude in enumerate(amplitudes):
                own = damped_oscillation(*shape)
                rhythm = session.stretch(amplitude * in_common[region]) * shared
                rhythm += session.stretch(amplitude * alone) * own
                sources[region] += rhythm.real * pace
        return sources

    def _amplitudes(self, index, oscillator, weights, session):
        """Return (n_regions, n_grid), an oscillator's amplitude in microvolts."""
        response = np.array(oscillator.log_power) + self.responses[index]
        response += _FOCUS * np.exp(-leader_distances(oscillator.leader) / _FOCUS_SIZE)
        log_power = response @ weights
        log_power += self.log_powers[index][:, None]
        log_power += _DRIVE_SPREAD * wander(_DRIVE_TIME, session)
        log_power += _LOCAL_DRIVE_SPREAD * wander(_DRIVE_TIME, session, len(REGIONS))
        # A lognormal burst has mean power 1 whatever its spread.
        spread = oscillator.burstiness @ weights
        bursts = np.exp(spread * wander(_BURST_TIME, session) - spread**2)
        scale = oscillator.amplitude * np.array(oscillator.regions)
        return scale[:, None] * np.exp(log_power / 2) * bursts

    def _disturb(self, data, weights, session):
        """Add what is not brain: noise, drift, mains and movement, in place."""
        movement = movement_artefacts(_ARTEFACTS_PER_MINUTE @ weights / 60, session)
        line = mains_hum(session)
        for channel in range(len(data)):
            drift = 40 * wander(15.0, session)
            data[channel] += session.stretch(drift)
            data[channel] += self.noise[channel] * white_noise(session)
            data[channel] += self.line[channel] * line
            data[channel] += self.movement[channel] * movement


def state_weights(annotations, session):
    """Return (n_states, n_grid): how much of each state there is, adding up to 1.

    Between two annotations one state goes over into the next.
    """
    knots = [
        time for onset, length, _ in annotations for time in (onset, onset + length)
    ]
    nominal = [
        np.interp(
            session.grid, knots, [a.label == s for a in annotations for _ in "ab"]
        )
        for s in STATES
    ]
    logits = _STATE_PURITY * np.array(nominal)
    logits += _STATE_SPREAD * wander(_DRIVE_TIME, session, len(STATES))
    weights = np.exp(logits - logits.max(axis=0))
    return weights / weights.sum(axis=0)


def leader_distances(leaders):
    """Return (n_regions, n_states): mm from the region that leads in a state."""
    return _DISTANCES[:, [_REGION_NAMES.index(name) for name in leaders]]


def share_out(oscillator, frequency, weights):
    """Return what part of the amplitude regions have in common, and what part alone.

    The first is complex, (n_regions, n_grid), and turned by the delay from the
    leading region; the second is (n_grid,). Their powers add up to 1.
    """
    coherence = oscillator.coherence @ weights
    delays = leader_distances(oscillator.leader) @ weights * _DELAY
    turn = np.exp(-2j * np.pi * frequency * delays)
    return coherence * turn, np.sqrt(1 - coherence**2)


def locked_to_theta(depths, theta, weights, session):
    """Return an amplitude that follows theta's phase and has mean power 1."""
    if not any(depths):
        return np.float32(1)
    depth = session.stretch(depths @ weights)
    return (1 + depth * theta) / np.sqrt(1 + depth**2 / 2)
