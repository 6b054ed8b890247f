import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from sksleep import Recording
from sksleep._blas_threads import one_blas_thread
from sksleep.preprocessing import Resampler


def blas_threads():
    """The largest number of threads of a BLAS."""
    infos = (info for info in threadpool_info() if info["user_api"] == "blas")
    return max(info["num_threads"] for info in infos)


def set_blas_threads(n):
    """Set the number from a thread that ends: one that lives would keep the control."""
    setter = threading.Thread(
        target=threadpool_limits, kwargs={"limits": n, "user_api": "blas"}
    )
    setter.start()
    setter.join()


@pytest.fixture(autouse=True)
def _two_threads():
    before = blas_threads()
    set_blas_threads(2)
    if blas_threads() < 2:
        pytest.skip("BLAS has one thread")
    yield
    set_blas_threads(before)


def in_turn(first, second):
    """Have two threads inside at once; the first comes and goes first."""
    is_in, may_go, found = threading.Event(), threading.Event(), []

    def stay():
        with first:
            is_in.set()
            may_go.wait()

    thread = threading.Thread(target=stay)
    thread.start()
    is_in.wait()
    with second:
        may_go.set()
        thread.join()
        found.append(blas_threads())
    return found[0], blas_threads()


def test_holds_for_the_last_thread_and_no_longer():
    assert in_turn(one_blas_thread, one_blas_thread) == (1, 2)


def test_transforms_at_once_give_what_one_alone_gives():
    rng = np.random.default_rng(0)
    short, long = (
        [Recording(rng.normal(size=(2, n)), 512, ["a", "b"], "S01")]
        for n in (200_000, 1_000_000)
    )
    resampler = Resampler(100).fit(long)
    expected = resampler.transform(long)[0].data
    found = []
    for _ in range(3):
        threads = [
            threading.Thread(target=lambda: resampler.transform(short)),
            threading.Thread(target=lambda: found.append(resampler.transform(long))),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert all(np.array_equal(one[0].data, expected) for one in found)
    assert blas_threads() == 2
