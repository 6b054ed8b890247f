"""What a GPU can do, and whether there is Triton to have it do that."""

from functools import cache
from importlib.util import find_spec
from subprocess import SubprocessError

import torch
from torch.torch_version import TorchVersion

from .._warn import warn

# The first GPUs with bfloat16, and with float32 products in TensorFloat-32: Ampere.
_FIRST_CAPABILITY = (8, 0)
# The first Triton that the kernels were run with.
_FIRST_VERSION = (3, 6)


@cache
def has_triton(device):
    """Return whether kernels in Triton can be compiled for a GPU and pay on it.

    torch brings Triton where it brings CUDA for Linux. Warns, once for a GPU, where it
    is there in vain.

    Parameters
    ----------
    device : torch.device
    """
    is_where_it_pays = (
        device.type == "cuda"
        and torch.version.cuda is not None
        and torch.cuda.get_device_capability(device) >= _FIRST_CAPABILITY
        and find_spec("triton") is not None
    )
    if not is_where_it_pays:
        return False
    problem = _find_problem(device)
    if problem is not None:
        warn(
            f"StagerNet computes with plain layers on {device}, which takes several "
            f"times as long as its own kernels: {problem}. To have it so without "
            "this warning, give StagerNet fast_gpu=False."
        )
    return problem is None


def _find_problem(device):
    """Return why Triton cannot compile the kernels for a GPU; None if it can."""
    try:
        import triton
    except ImportError as error:
        return f"Triton cannot be imported ({error})"
    if TorchVersion(triton.__version__) < _FIRST_VERSION:
        first = ".".join(map(str, _FIRST_VERSION))
        return f"they need Triton {first} or later, here is {triton.__version__}"
    from triton.errors import TritonError

    from ._gpu_pooling import try_out

    try:
        try_out(device)
    # Whatever is missing, a compiler, header files or a library, has its own.
    except (RuntimeError, AssertionError, OSError, SubprocessError, TritonError) as e:
        return (
            "Triton cannot compile them here, for which it needs a C compiler and "
            f"Python's header files ({type(e).__name__}: {e})"
        )
    return None
