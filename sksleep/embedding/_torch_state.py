"""What a training sets in torch, its seeds and threads first, and puts back."""

import threading
from contextlib import contextmanager, nullcontext
from functools import partial

import numpy as np
import torch
from joblib import effective_n_jobs
from sklearn.utils import check_random_state

from .._held_setting import HeldSetting
from .._warn import warn
from ._reading import is_reading

_PATIENCE = 10.0  # seconds
_one_training = threading.RLock()
_here = threading.local()


def draw_seed(random_state):
    """Return a seed; from fresh entropy for None, so that no global state moves."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0] >> 1)
    return int(check_random_state(random_state).randint(2**31 - 1))


@contextmanager
def torch_threads(n_jobs):
    """Set torch's number of threads to n_jobs; put it back.

    None and negative numbers are as joblib understands them. It would make others
    smaller where its workers are nested, and weights' last bits with them.

    torch has a number for each thread, and one for threads to come: where several are
    inside, each computes with its own.
    """
    is_given = n_jobs is not None and n_jobs > 0
    n_threads = n_jobs if is_given else effective_n_jobs(n_jobs)
    with _number_of_threads as restore:
        outer = getattr(_here, "n_threads", None)
        # Before a thread has asked once, it takes what others set for what it has set.
        torch.get_num_threads()
        torch.set_num_threads(n_threads)
        _here.n_threads = n_threads
        try:
            yield
        finally:
            _here.n_threads = outer
            if outer is None:
                restore()
            else:
                torch.set_num_threads(outer)


@contextmanager
def seeded_torch(seed, device):
    """Seed torch as :func:`seed_torch` does; put its random states back.

    One thread is in at a time, as all draw from the same generators.
    """
    if is_reading():
        # The training that this thread reads for would wait for it, and it for that.
        raise RuntimeError(
            "A pretext task cannot train an embedder, or load one, while it plans a "
            "batch; do it before the training."
        )
    device = torch.device(device)
    gpus = [] if device.type == "cpu" else [device.index]
    with _in_turn(), torch.random.fork_rng(gpus, device_type=device.type):
        seed_torch(seed, device)
        yield


@contextmanager
def _in_turn():
    """Wait for other threads' trainings, and say so if it takes long.

    They may be what an interrupted `cross_validate` has left, which nobody waits for.
    """
    if not _one_training.acquire(timeout=_PATIENCE):
        warn(
            "Waits for a training in another thread of this process: those in threads "
            "take turns, and ones begun before an interruption go on to their end. "
            "Processes, joblib's default, train at the same time."
        )
        _one_training.acquire()
    try:
        yield
    finally:
        _one_training.release()


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


@contextmanager
def float32_by_default():
    """Have torch make numbers of float32, whatever the user has made its default."""
    before = torch.get_default_dtype()
    if before == torch.float32:
        yield
        return
    torch.set_default_dtype(torch.float32)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def gradients_enabled():
    """Have torch keep what gradients need, whatever the user has switched off."""
    with torch.inference_mode(False), torch.enable_grad():
        yield


def without_autocast(device):
    """Have torch compute in the precision it is asked for, inside of an autocast, too.

    Parameters
    ----------
    device : str or torch.device
    """
    kind = torch.device(device).type
    if not torch.amp.is_autocast_available(kind):
        return nullcontext()
    # Without a cache, which modules' own autocasts would fill for a whole training.
    return torch.autocast(kind, enabled=False, cache_enabled=False)


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
