"""The kernels compiled for GPUs that need not be there: they have to fit them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton", minversion="3.6")

KB = 1024
# The stage that has most to do in the published network, and the largest of all.
CASES = [[16, 16, 50, 13, "float32"], [64, 64, 50, 32, "bfloat16"]]
KERNELS = {
    *("pack", "pool", "pull_back_to_signal", "pull_back_to_weight"),
    "pull_back_to_bias",
}


# Shared memory and tensor memory (columns) that a program can have: NVIDIA's CUDA
# programming guide, "Compute capabilities".
@pytest.mark.parametrize(
    ("capability", "n_bytes", "n_columns"),
    [(86, 99 * KB, 0), (90, 227 * KB, 0), (100, 227 * KB, 512)],
    ids=["Ampere", "Hopper", "Blackwell"],
)
def test_kernels_fit_a_gpu(capability, n_bytes, n_columns, tmp_path):
    program = Path(__file__).with_name("compile_for_gpu.py")
    process = subprocess.run(
        [sys.executable, program, str(capability), json.dumps(CASES)],
        env=os.environ | {"TRITON_INTERPRET": "0", "TRITON_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    kernels = [json.loads(line) for line in process.stdout.splitlines()]
    assert {name for name, *_ in kernels} == KERNELS
    for name, shared, tensor_memory in kernels:
        assert shared <= n_bytes, name
        assert tensor_memory <= n_columns, name
