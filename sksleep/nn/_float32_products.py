"""Matrix products of float32 at twice the speed on AMD's processors.

torch leaves them to MKL, which uses instructions half as wide as AMD's processors have.
It leaves them to oneDNN, which uses all, where its user allows that they be computed in
bfloat16. That is no more than an allowance: oneDNN takes it where there is AMX, which
these processors have not, and else computes in float32. Whether it does is tried out.
"""

import threading
from contextlib import ContextDecorator
from functools import cache

import torch

from ._processor import is_amd_with_bfloat16

# The settings of those who ask for float32; what others ask for, they get.
_FULL_PRECISION = ("none", "ieee")
# Of the largest number in the product tried: float32 errs by 5e-7, bfloat16 by 3e-3.
_TOLERANCE = 1e-5


class _Allowance(ContextDecorator):
    """A setting of the process that holds while any thread is inside."""

    def __init__(self):
        self._lock = threading.Lock()
        self._n_inside = 0
        self._before = None

    def __enter__(self):
        with self._lock:
            if self._n_inside == 0:
                self._before = _allow_bfloat16() if _onednn_pays() else None
            self._n_inside += 1

    def __exit__(self, *exception):
        with self._lock:
            self._n_inside -= 1
            if self._n_inside == 0 and self._before is not None:
                torch.backends.mkldnn.matmul.fp32_precision = self._before


# Enter, or decorate a function, to have oneDNN multiply where it is faster.
fast_float32_products = _Allowance()


def _allow_bfloat16():
    """Set it, and return what was set before; None if that is no full precision."""
    settings = torch.backends.mkldnn.matmul
    before = settings.fp32_precision
    if before not in _FULL_PRECISION:
        return None
    settings.fp32_precision = "bf16"
    return before


@cache
def _onednn_pays():
    """Return whether oneDNN is the faster, and computes in float32 all the same."""
    has_setting = hasattr(torch.backends.mkldnn, "matmul")  # since torch 2.9
    return has_setting and is_amd_with_bfloat16() and _keeps_float32()


def _keeps_float32():
    numbers = torch.linspace(1, 2, 128 * 128, dtype=torch.float64, device="cpu")
    exact = numbers.view(128, 128) @ numbers.view(128, 128)
    numbers = numbers.float().view(128, 128)
    before = _allow_bfloat16()
    product = numbers @ numbers
    if before is not None:
        torch.backends.mkldnn.matmul.fp32_precision = before
    return bool((product - exact).abs().max() < _TOLERANCE * exact.max())
