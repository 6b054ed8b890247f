"""Seeds and threads of a training, without a trace outside of it."""

from contextlib import contextmanager

import numpy as np
import torch
from joblib import effective_n_jobs
from sklearn.utils import check_random_state


def draw_seed(random_state):
    """Return a seed; from fresh entropy for None, so that no global state moves."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0] >> 1)
    return int(check_random_state(random_state).randint(2**31 - 1))


@contextmanager
def torch_threads(n_jobs):
    """Set torch's number of threads as joblib understands n_jobs; put it back."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(effective_n_jobs(n_jobs))
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


@contextmanager
def seeded_torch(seed):
    """Seed torch; put its random state back."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
