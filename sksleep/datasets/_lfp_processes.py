"""Random processes that simulated local field potentials are made of."""

import numpy as np
from scipy import fft, signal

_GRID_RATE = 50.0  # Hz, of all that changes slowly: drives, bursts, artefacts


class Session:
    """The samples of a session, the coarse grid of what changes slowly, and chance.

    What is drawn on the grid does not depend on the sampling rate.

    Parameters
    ----------
    n_times : int
        Number of samples.
    sfreq : float
        Sampling rate in Hz.
    rng : numpy.random.Generator
        Parent of `rng`, for the samples, and of `slow_rng`, for the grid.
    """

    def __init__(self, n_times, sfreq, rng):
        self.rng, self.slow_rng = rng.spawn(2)
        self.n_times, self.sfreq = n_times, sfreq
        self.times = np.arange(n_times) / sfreq
        self.grid = np.arange(int(self.times[-1] * _GRID_RATE) + 2) / _GRID_RATE

    def stretch(self, values):
        """Interpolate values on the grid at every sample, in single precision."""
        stretched = np.interp(self.times, self.grid, values)
        return stretched.astype(np.complex64 if np.iscomplexobj(values) else np.float32)


def wander(time_constant, session, *n_processes):
    """Ornstein-Uhlenbeck processes of unit variance on the grid, the last axis."""
    keep = np.exp(-1 / (time_constant * _GRID_RATE))
    steps = session.slow_rng.standard_normal((*n_processes, len(session.grid)))
    steps[..., 1:] *= np.sqrt(1 - keep**2)
    return signal.lfilter([1.0], [1.0, -keep], steps)


def damped_oscillation(frequency, half_width, session):
    """A damped oscillator driven by noise: complex, its real part of variance 1.

    Its spectrum peaks at `frequency` and falls to a half `half_width` Hz from there.
    """
    pole = np.exp(2 * np.pi * (-half_width + 1j * frequency) / session.sfreq)
    drive = session.rng.standard_normal(2 * session.n_times, dtype=np.float32)
    drive[2:] *= np.float32(np.sqrt(1 - np.abs(pole) ** 2))
    coefficients = np.array([1, -pole], dtype=np.complex64)
    return signal.lfilter(coefficients[:1], coefficients, drive.view(np.complex64))


def white_noise(session):
    """Noise whose density does not depend on the rate: variance 1 at 1000 Hz."""
    noise = session.rng.standard_normal(session.n_times, dtype=np.float32)
    return noise * np.float32(np.sqrt(session.sfreq / 1000))


def pink_noise(exponent, session):
    """Noise with a power spectrum of f**-exponent, flat below 0.1 Hz.

    Its scale is set so that exponent 1 has unit variance between 1 and 100 Hz.
    """
    n_fft = fft.next_fast_len(session.n_times, real=True)
    frequencies = np.maximum(fft.rfftfreq(n_fft, 1 / session.sfreq), 0.1)
    spectrum = session.rng.standard_normal(2 * len(frequencies), dtype=np.float32)
    spectrum = spectrum.view(np.complex64)
    spectrum *= frequencies ** (-exponent / 2)
    scale = np.sqrt(n_fft * session.sfreq / (4 * np.log(100)))
    return np.float32(scale) * fft.irfft(spectrum, n_fft)[: session.n_times]


def movement_artefacts(rate, session):
    """Bursts of slow waves with some muscle on top.

    Parameters
    ----------
    rate : ndarray of shape (n_grid,)
        Artefacts per second.
    session : Session
    """
    rng = session.slow_rng
    happens = rng.random(rate.shape) < rate / _GRID_RATE
    strength = happens * rng.lognormal(0, 0.6, rate.shape)
    keep = np.exp(-1 / (0.4 * _GRID_RATE))  # an artefact dies away within 0.4 s
    envelope = session.stretch(signal.lfilter([1.0], [1.0, -keep], strength))
    waves = damped_oscillation(2.0, 2.0, session).real
    return envelope * (waves + np.float32(0.6) * white_noise(session))


def mains_hum(session):
    """60 Hz, its phase wandering, and its harmonics below the Nyquist frequency."""
    phase = session.stretch(0.5 * wander(10.0, session))
    phase = phase + 2 * np.pi * 60 * session.times
    harmonics = range(1, int(np.ceil(session.sfreq / 120)))
    hum = sum(np.cos(k * phase) / k**1.5 for k in harmonics)
    return hum.astype(np.float32)
