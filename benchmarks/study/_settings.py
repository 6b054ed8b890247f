"""The numbers that decide a study, all in one place."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """What decides the numbers of a study, next to its data and its random state.

    Attributes
    ----------
    average_regions : bool
        Whether to average the electrodes of each of the 11 regions.
    l_freq, h_freq : float or None, float
        Pass band of the filter, in Hz.
    sfreq : float
        Sampling rate of the windows, in Hz.
    align : {"recording", "annotation"}
        Where windows may start.
    tau_pos, tau_neg : float
        Limits of the pretext tasks, in seconds.
    max_epochs : int
        Most epochs of a training.
    n_repeats : int
        Draws of labels per limit and fold.
    models : tuple of str
        The models to run where none is named.
    protocols : tuple of str
        The protocols to run where none is named.
    n_subjects : int or None
        How many subjects to simulate.
    sfreq_simulated : float or None
        Sampling rate of the simulated recordings, in Hz.
    window_duration : float
        Length of a window, in seconds.
    n_folds : int
        Folds of the subjects.
    """

    average_regions: bool
    l_freq: float | None
    h_freq: float
    sfreq: float
    align: str
    tau_pos: float
    tau_neg: float
    max_epochs: int
    n_repeats: int
    models: tuple[str, ...]
    protocols: tuple[str, ...]
    n_subjects: int | None = None
    sfreq_simulated: float | None = None
    window_duration: float = 3.0
    n_folds: int = 5


_BASELINES = ("random", "band-power")
_QUICK = {
    "n_repeats": 3,
    "models": ("RP", *_BASELINES),
    "protocols": ("inductive",),
}
_FULL = {
    "n_repeats": 10,
    "models": ("RP", *_BASELINES),
    "protocols": ("inductive", "transductive"),
}
_TST = {
    "average_regions": True,
    "l_freq": None,
    "h_freq": 55.0,
    "align": "annotation",
    "tau_pos": 30.0,
    "tau_neg": 120.0,
}
# Recordings of 182 s and of 62 s.
_EEGMAT = {
    "average_regions": False,
    "l_freq": 1.0,
    "h_freq": 40.0,
    "sfreq": 125.0,
    "align": "recording",
    "tau_pos": 10.0,
    "tau_neg": 30.0,
}

SETTINGS = {
    ("simulated", "quick"): Settings(
        **_TST,
        **_QUICK,
        sfreq=125.0,
        max_epochs=4,
        n_subjects=12,
        sfreq_simulated=250.0,
    ),
    ("simulated", "full"): Settings(
        **_TST,
        **_FULL,
        sfreq=250.0,
        max_epochs=30,
        n_subjects=29,  # as many as in the published study
        sfreq_simulated=500.0,
    ),
    ("tst", "quick"): Settings(**_TST, **_QUICK, sfreq=125.0, max_epochs=4),
    ("tst", "full"): Settings(**_TST, **_FULL, sfreq=250.0, max_epochs=30),
    ("eegmat", "quick"): Settings(**_EEGMAT, **_QUICK, max_epochs=10),
    ("eegmat", "full"): Settings(**_EEGMAT, **_FULL, max_epochs=30),
}
