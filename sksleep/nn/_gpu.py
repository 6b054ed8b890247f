"""What a GPU can do, and whether there is Triton to have it do that."""

from functools import cache
from importlib.util import find_spec

import torch

# The first GPUs with bfloat16, and with float32 products in TensorFloat-32: Ampere.
_FIRST_CAPABILITY = (8, 0)


@cache
def has_triton(device):
    """Return whether kernels in Triton can be compiled for a GPU and pay on it.

    torch brings Triton where it brings CUDA for Linux.

    Parameters
    ----------
    device : torch.device
    """
    return (
        device.type == "cuda"
        and torch.version.cuda is not None
        and torch.cuda.get_device_capability(device) >= _FIRST_CAPABILITY
        and find_spec("triton") is not None
    )
