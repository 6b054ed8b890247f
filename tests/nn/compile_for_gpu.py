"""A program that compiles the kernels for a GPU which need not be there.

Triton chooses when it is imported whether it compiles or interprets, and the tests
have it interpret: so it compiles in a process of its own.

    python compile_for_gpu.py 90 '[[16, 16, 50, 13, "float32"]]'

prints a line of JSON for each kernel, with what it takes of the GPU.
"""

import json
import sys

import torch


def main(capability, cases):
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.runtime.jit import JITFunction

    triton.runtime.driver.set_active(_Driver(GPUTarget("cuda", capability, 32)))
    run = JITFunction.run

    def compile_alone(self, *args, grid, warmup, **kwargs):
        kernel = run(self, *args, grid=grid, warmup=True, **kwargs)
        found = kernel.metadata.shared, kernel.metadata.tmem_size
        print(json.dumps([self.fn.__name__, *found]))

    JITFunction.run = compile_alone
    for *sizes, dtype in cases:
        _convolve(*sizes, getattr(torch, dtype))


def _convolve(n_inputs, n_filters, kernel_size, pool_size, dtype):
    """Start all kernels of a convolution of many columns, and of its gradient."""
    from sksleep.nn._gpu_pooling import pooled_convolution

    shape = 1000, kernel_size - 1 + 7 * pool_size, n_inputs
    signal = torch.zeros(shape, dtype=dtype, requires_grad=True)
    weight = torch.zeros(n_filters, n_inputs, kernel_size, requires_grad=True)
    bias = torch.zeros(n_filters, requires_grad=True)
    outputs, mean, variance = pooled_convolution(
        signal, weight, bias, pool_size, torch.float32, has_moments=True
    )
    (outputs.sum() + mean.sum() + variance.sum()).backward()


class _Driver:
    """What Triton asks of a driver before it starts a kernel.

    Parameters
    ----------
    target : GPUTarget
    """

    def __init__(self, target):
        self.target = target

    def get_current_target(self):
        return self.target

    def get_current_device(self):
        return 0

    def get_current_stream(self, device):
        return 0


if __name__ == "__main__":
    main(int(sys.argv[1]), json.loads(sys.argv[2]))
