"""What tests of several packages use."""

import errno
import os
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
import torch
from hypothesis import settings
from sklearn.utils import estimator_checks

from sksleep import Recording, Windows
from sksleep.embedding._net import EpochMeans
from sksleep.nn import _stager_net

# Shared machines are slow at times, and a test should fail today or never.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")

if not torch.cuda.is_available():
    # The kernels for GPUs run in Triton's interpreter then: Triton looks whether it is
    # asked for when it is imported, by whatever test comes first.
    os.environ.setdefault("TRITON_INTERPRET", "1")

# Two workers share two cores: torch with threads of its own would only wait for them.
torch.set_num_threads(1)

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture
def float32_rounding(monkeypatch):
    """Have scikit-learn's checks allow for rounding in float32.

    They take 1e-7, less than one digit, and on some processors the last digit of what
    is computed from a sample depends on which samples are beside it.
    """
    name = "assert_allclose_dense_sparse"
    exactly = getattr(estimator_checks, name)
    monkeypatch.setattr(estimator_checks, name, partial(exactly, rtol=1e-5))


@pytest.fixture
def bfloat16_units(monkeypatch):
    """Have StagerNet compute in bfloat16 where asked to, on any processor."""
    monkeypatch.setattr(_stager_net, "bfloat16_pays", lambda n_times: True)


@pytest.fixture
def mapped_files_stay(monkeypatch):
    """Neither move nor delete what this process has mapped, as Windows does not."""
    maps = Path("/proc/self/maps")
    if not maps.exists():
        pytest.skip("here the system does not list what is mapped")

    def if_not_mapped(function):
        def refuse(path, *args, **kwargs):
            for place in (path, *args):
                if isinstance(place, str | os.PathLike) and os.path.realpath(
                    place
                ) in maps.read_text(errors="replace"):
                    raise PermissionError(errno.EACCES, "is mapped", os.fspath(place))
            return function(path, *args, **kwargs)

        return refuse

    for name in ("replace", "unlink"):
        monkeypatch.setattr(os, name, if_not_mapped(getattr(os, name)))


@pytest.fixture
def record_steps(monkeypatch):
    """Return a function that returns a list, to which trainings add their steps.

    Of the training alone, a dict of numbers each.
    """

    def record():
        steps, plain = [], EpochMeans.on_epoch_end

        def on_epoch_end(self, net, **kwargs):
            rows = net.history[-1]["batches"]
            steps.extend(row for row in rows if "train_loss" in row)
            plain(self, net, **kwargs)

        monkeypatch.setattr(EpochMeans, "on_epoch_end", on_epoch_end)
        return steps

    return record


@pytest.fixture(scope="session")
def make_recording():
    """Return a function that makes a recording of noise."""

    def make(subject="S01", *, n_channels=2, duration=100.0, sfreq=20.0, **fields):
        rng = np.random.default_rng(sum(map(ord, subject)))
        return Recording(
            rng.normal(size=(n_channels, round(duration * sfreq))),
            sfreq,
            [f"ch{i}" for i in range(n_channels)],
            subject,
            **fields,
        )

    return make


@pytest.fixture(scope="session")
def make_windows(make_recording):
    """Return a function that cuts recordings of noise into labelled windows."""

    def make(n_subjects=4, *, n_windows=20, n_times=60, sfreq=20.0, n_channels=2):
        duration = n_windows * n_times / sfreq
        recordings = [
            make_recording(
                f"S{i:02}", n_channels=n_channels, duration=duration, sfreq=sfreq
            )
            for i in range(n_subjects)
        ]
        index = np.repeat(np.arange(n_subjects), n_windows)
        starts = np.tile(np.arange(n_windows) * n_times, n_subjects)
        y = np.tile(np.arange(n_windows) % 2, n_subjects)
        return Windows(
            recordings, index, starts, n_times, y=y, class_names=["even", "odd"]
        )

    return make


@pytest.fixture(scope="session")
def shared_folder():
    """Return a function from a name to a folder of shared data, or skip."""

    def find(name):
        folder = SHARED / name
        if not folder.is_dir():
            pytest.skip(f"no folder {name} beside the checkout")
        return folder

    return find


@pytest.fixture(scope="session")
def resident_pages_of_files():
    """Return a function that tells the bytes of files that are mapped and in memory."""
    return _tell_memory("RssFile")


@pytest.fixture(scope="session")
def most_pages_of_files(resident_pages_of_files):
    """Return a context manager that collects these bytes every other millisecond."""

    @contextmanager
    def watch():
        seen, has_ended = [resident_pages_of_files()], Event()

        def collect():
            while not has_ended.wait(0.002):
                seen.append(resident_pages_of_files())

        watcher = Thread(target=collect)
        watcher.start()
        try:
            yield seen
        finally:
            has_ended.set()
            watcher.join()

    return watch


@pytest.fixture(scope="session")
def anonymous_memory():
    """Return a function that tells the bytes that the process has for itself."""
    return _tell_memory("RssAnon")


def _tell_memory(name):
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("/proc/self/status, which Linux has, tells the memory")

    def tell():
        lines = status.read_text().splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        return 1024 * int(fields[name].split()[0])

    return tell


SFREQ, N_TIMES, N_WINDOWS = 25.0, 75, 60  # windows of 3 s


def recording_of_two_states(subject):
    """Return a recording whose rhythm changes every 15 windows, 45 s."""
    rng = np.random.default_rng(list(subject.encode()))
    times = np.arange(N_WINDOWS * N_TIMES) / SFREQ
    frequency = np.where(times // 45 % 2, 6.0, 2.0)
    rhythm = np.sin(2 * np.pi * np.cumsum(frequency) / SFREQ)
    data = rhythm + 0.5 * rng.normal(size=(2, len(times)))
    return Recording(data, SFREQ, ["Fpz", "Cz"], subject)


@pytest.fixture(scope="session")
def state_windows():
    """Windows of 5 subjects in two alternating states, all labelled."""
    recordings = [recording_of_two_states(f"S{i}") for i in range(5)]
    starts = np.tile(np.arange(N_WINDOWS) * N_TIMES, 5)
    y = (starts / SFREQ // 45).astype(int) % 2
    index = np.repeat(np.arange(5), N_WINDOWS)
    return Windows(
        recordings, index, starts, N_TIMES, y=y, class_names=["slow", "fast"]
    )


@pytest.fixture(scope="session")
def weights():
    """Return a function from an estimator to the bytes of its net's weights."""

    def get(estimator):
        parts = estimator.net_.module_, estimator.net_.criterion_
        return [
            {
                name: value.cpu().numpy().tobytes()
                for name, value in part.state_dict().items()
            }
            for part in parts
        ]

    return get
