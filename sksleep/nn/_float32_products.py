"""Matrix products of float32 at twice the speed on AMD's Zen 5.

torch leaves them to MKL, which uses instructions of 256 bits on all of AMD's
processors: as wide as the units of Zen 4, where it is the faster for small products,
and half as wide as those of Zen 5. torch leaves them to oneDNN, which uses all of a
unit, where its user allows that they be computed in bfloat16. That is no more than an
allowance: oneDNN takes it where there is AMX, which these processors have not, and else
computes in float32. Whether it does is tried out.

The setting is the process's. While one thread is inside, products of other threads may
be oneDNN's, too, and differ in the last bits, and there torch 2.13 raises an error
where ``torch.get_float32_matmul_precision`` is called.
"""

from functools import cache, partial

import torch

from .._held_setting import HeldSetting
from ._processor import is_amd_with_512_bit_units

# The settings of those who ask for float32; what others ask for, they get.
_FULL_PRECISION = ("none", "ieee")
# Of the largest number in the product tried: float32 errs by 5e-7, bfloat16 by 3e-3.
_TOLERANCE = 1e-5


def _allow_bfloat16():
    """Allow it where that pays, and return what restores the setting."""
    if not _onednn_pays():
        return _leave
    before = torch.backends.mkldnn.matmul.fp32_precision
    if before not in _FULL_PRECISION:
        return _leave
    torch.backends.mkldnn.matmul.fp32_precision = "bf16"
    return partial(_restore, before)


# Enter, or decorate a function, to have oneDNN multiply where it is faster.
fast_float32_products = HeldSetting(_allow_bfloat16)


def _leave():
    """Restore nothing, as nothing was changed."""


def _restore(before):
    settings = torch.backends.mkldnn.matmul
    settings.fp32_precision = "none"  # which takes on what is set for all of torch
    if settings.fp32_precision != before:
        settings.fp32_precision = before


@cache
def _onednn_pays():
    """Return whether oneDNN is the faster, and computes in float32 all the same."""
    has_setting = hasattr(torch.backends.mkldnn, "matmul")  # since torch 2.9
    return has_setting and is_amd_with_512_bit_units() and _keeps_float32()


def _keeps_float32():
    numbers = torch.linspace(1, 2, 128 * 128, dtype=torch.float64, device="cpu")
    exact = numbers.view(128, 128) @ numbers.view(128, 128)
    numbers = numbers.float().view(128, 128)
    settings = torch.backends.mkldnn.matmul
    before = settings.fp32_precision
    settings.fp32_precision = "bf16"
    try:
        product = numbers @ numbers
    finally:
        _restore(before)
    return bool((product - exact).abs().max() < _TOLERANCE * exact.max())
