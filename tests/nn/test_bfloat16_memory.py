"""Memory of the stages in bfloat16, in a process where nothing else made any."""

import os
import platform
import subprocess
import sys

import pytest

from sksleep.nn._processor import bfloat16_pays

_COUNT_FAULTS = """
from resource import RUSAGE_SELF, getrusage
import torch
from sksleep.nn import StagerNet
from sksleep.nn._bfloat16_stages import bfloat16_stages

torch.set_num_threads(1)
network, windows = StagerNet(11, 3000), torch.randn(32, 11, 3000)

def embed():
    with torch.inference_mode():
        bfloat16_stages(network.eval(), windows)

for i in range(10):
    if i == 2:
        before = getrusage(RUSAGE_SELF).ru_minflt
    embed()
print(getrusage(RUSAGE_SELF).ru_minflt - before)
"""


def count_faults():
    # A user's settings of malloc would hold instead of what is asked of it.
    theirs = ("MALLOC_", "GLIBC_TUNABLES", "LD_PRELOAD")
    env = {k: v for k, v in os.environ.items() if not k.startswith(theirs)}
    return int(subprocess.check_output([sys.executable, "-c", _COUNT_FAULTS], env=env))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that does")
@pytest.mark.skipif(not bfloat16_pays(3000), reason="torch makes float32 of it here")
def test_steps_use_the_memory_of_the_steps_before():
    # Where malloc keeps less, they are 4,000 to 24,000, but for one process in several.
    assert count_faults() < 2000
