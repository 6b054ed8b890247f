"""The numbers that decide a study, all in one place."""

from dataclasses import dataclass

from ._models import MODELS


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
    n_repeats_end_to_end : int
        The same for models that train a network anew for every draw.
    models : tuple of str
        The models to run where none is named.
    protocols : tuple of str
        The protocols to run where none is named.
    bands : dict of str to (float, float)
        Of the band power, in Hz.
    simulation : dict or None
        Arguments of :func:`sksleep.datasets.make_tst`, for simulated recordings.
    window_duration : float
        Length of a window, in seconds.
    n_folds : int
        Folds of the subjects.
    max_epochs_supervised : int
        Most epochs of full supervision: an epoch of few labels is few steps.
    n_features : int
        Size of an embedding.
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
    n_repeats_end_to_end: int
    models: tuple[str, ...]
    protocols: tuple[str, ...]
    bands: dict[str, tuple[float, float]]
    simulation: dict | None = None
    window_duration: float = 3.0
    n_folds: int = 5
    max_epochs_supervised: int = 100
    n_features: int = 100


_QUICK = {
    "n_repeats": 5,
    "n_repeats_end_to_end": 1,
    "models": (
        *("RP", "TS", "CPC", "RP+TS+CPC"),
        *("random", "band-power", "relative band-power"),
    ),
    "protocols": ("inductive",),
}
_FULL = {
    "n_repeats": 10,
    "n_repeats_end_to_end": 3,
    "models": tuple(MODELS),
    "protocols": ("inductive", "transductive"),
}
_BANDS = {"delta": (1, 4), "theta": (4, 8), "alpha": (8, 13), "beta": (13, 30)}
_TST = {
    "average_regions": True,
    "l_freq": None,
    "h_freq": 55.0,
    "align": "annotation",
    "tau_pos": 30.0,
    "tau_neg": 120.0,
    "bands": _BANDS | {"gamma": (30, 55)},
}
_EEGMAT = {
    "average_regions": False,
    "l_freq": 1.0,
    "h_freq": 40.0,
    "sfreq": 125.0,
    "align": "recording",
    "tau_pos": 10.0,
    "tau_neg": 30.0,
    "bands": _BANDS | {"gamma": (30, 40)},
}
# Epochs of 30 s, as they are scored; spindles have a band of their own.
_SLEEP_EDF = {
    "average_regions": False,
    "l_freq": 0.3,
    "h_freq": 35.0,
    "sfreq": 100.0,
    "align": "recording",
    "tau_pos": 60.0,
    "tau_neg": 300.0,
    "window_duration": 30.0,
    "bands": {
        "delta": (0.5, 4),
        "theta": (4, 8),
        "alpha": (8, 12),
        "sigma": (12, 16),
        "beta": (16, 30),
    },
}

SETTINGS = {
    ("simulated", "quick"): Settings(
        **_TST,
        **_QUICK,
        sfreq=125.0,
        max_epochs=4,
        simulation={"n_subjects": 12, "sfreq": 250.0},
    ),
    ("simulated", "full"): Settings(
        **_TST,
        **_FULL,
        sfreq=250.0,
        max_epochs=30,
        simulation={"n_subjects": 29, "sfreq": 500.0},  # 29 as in the published study
    ),
    ("tst", "quick"): Settings(**_TST, **_QUICK, sfreq=125.0, max_epochs=4),
    ("tst", "full"): Settings(**_TST, **_FULL, sfreq=250.0, max_epochs=30),
    ("eegmat", "quick"): Settings(**_EEGMAT, **_QUICK, max_epochs=15),
    ("eegmat", "full"): Settings(**_EEGMAT, **_FULL, max_epochs=30),
    ("sleep-edf", "quick"): Settings(**_SLEEP_EDF, **_QUICK, max_epochs=4),
    ("sleep-edf", "full"): Settings(**_SLEEP_EDF, **_FULL, max_epochs=30),
}
