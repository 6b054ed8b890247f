"""Memory of the stages in bfloat16, in a process where nothing else made any."""

import platform
import subprocess
import sys

import pytest

from sksleep.nn._processor import has_bfloat16_units

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

def train():
    bfloat16_stages(network.train(), windows).square().mean().backward()

for step in (embed, train):
    for i in range(10):
        if i == 2:
            before = getrusage(RUSAGE_SELF).ru_minflt
        step()
    print(getrusage(RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that does")
@pytest.mark.skipif(not has_bfloat16_units(), reason="torch makes float32 of it here")
def test_steps_use_the_memory_of_the_steps_before():
    out = subprocess.check_output([sys.executable, "-c", _COUNT_FAULTS])
    # Where malloc keeps less, they are more than 10,000.
    assert sum(map(int, out.split())) < 4000
