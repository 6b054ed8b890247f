"""Seeds and threads of a training, without a trace outside of it."""

from contextlib import contextmanager, nullcontext
from functools import partial
from threading import RLock

import numpy as np
import torch
from joblib import effective_n_jobs
from sklearn.utils import check_random_state

from .._held_setting import HeldSetting

_one_training = RLock()


def draw_seed(random_state):
    """Return a seed; from fresh entropy for None, so that no global state moves."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0] >> 1)
    return int(check_random_state(random_state).randint(2**31 - 1))


@contextmanager
def torch_threads(n_jobs):
    """Set torch's number of threads as joblib understands n_jobs; put it back.

    The number is the process's: what one thread sets holds for others that are inside.
    """
    with _number_of_threads as restore:
        torch.set_num_threads(effective_n_jobs(n_jobs))
        try:
            yield
        finally:
            restore()


@contextmanager
def seeded_torch(seed, device):
    """Seed torch as :func:`seed_torch` does; put its random states back.

    One thread is in at a time, as all draw from the same generators.
    """
    device = torch.device(device)
    gpus = [] if device.type == "cpu" else [device.index]
    with _one_training, torch.random.fork_rng(gpus, device_type=device.type):
        seed_torch(seed, device)
        yield


def seed_torch(seed, device):
    """Seed torch on the processor and on a device, but on no other GPU.

    Parameters
    ----------
    seed : int
    device : str
        As :func:`check_device` returns it.
    """
    device = torch.device(device)
    if device.type not in ("cpu", "cuda"):
        torch.manual_seed(seed)
        return
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)


def _find_number_of_threads():
    """Return what restores torch's number of threads, of the thread that calls it."""
    return partial(torch.set_num_threads, torch.get_num_threads())


_number_of_threads = HeldSetting(_find_number_of_threads)


def deterministic_cudnn(device):
    """Have an NVIDIA GPU take convolutions with the same result each time."""
    return _repeatable if torch.device(device).type == "cuda" else nullcontext()


def _ask_cudnn():
    """Ask for such convolutions, and return what restores the settings."""
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark
    # A benchmark takes what is fastest at the moment.
    cudnn.deterministic, cudnn.benchmark = True, False

    def restore():
        cudnn.deterministic, cudnn.benchmark = before

    return restore


_repeatable = HeldSetting(_ask_cudnn)
