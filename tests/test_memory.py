"""Memory from the system: what is given back, and what is kept."""

import mmap
import platform
import subprocess
import sys

import numpy as np
import pytest

from sksleep._memory import new_bytes


def test_arrays_go_back_to_the_system_when_freed(anonymous_memory):
    arrays, others = [], []
    np.empty(8_000_000, np.uint8)  # freed: from now on malloc keeps such a size
    for _ in range(10):  # small ones in between pin what malloc has
        arrays.append(new_bytes(8_000_000))
        others.append(np.ones(10_000))
        arrays[-1][:] = 1
    held = anonymous_memory()
    del arrays
    assert held - anonymous_memory() > 70e6


def test_arrays_need_no_huge_pages(monkeypatch):
    class Pages(mmap.mmap):
        def madvise(self, *_):
            raise OSError("this kernel has no huge pages")

    monkeypatch.setattr("mmap.mmap", Pages)
    array = new_bytes(8_000_000)
    array[:] = 1
    assert array.sum() == array.size


def test_what_no_memory_can_hold_is_told():
    with pytest.raises(MemoryError, match="1,152,921,504,606,846,976 bytes"):
        new_bytes(1 << 60)


_COUNT_FAULTS = """
from resource import RUSAGE_SELF, getrusage
import numpy as np
from sksleep._memory import keep_freed
keep_freed({n_bytes})
before = getrusage(RUSAGE_SELF).ru_minflt
for _ in range(30):
    [np.ones(1 << 20, np.uint8) for _ in range(4)]
print(getrusage(RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that does")
def test_freed_memory_is_used_again_if_asked_to():
    def count_faults(n_bytes):  # in a process that has freed no large array yet
        code = _COUNT_FAULTS.format(n_bytes=n_bytes)
        return int(subprocess.check_output([sys.executable, "-c", code]))

    assert count_faults(0) > 5 * count_faults(4 << 20)
