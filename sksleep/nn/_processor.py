"""What torch knows of the processor."""

import torch


def has_bfloat16_units():
    """Return whether the processor multiplies bfloat16 so fast that it pays.

    Intel's do with AMX, and AMD's with AVX512_BF16: Zen 5, and Zen 4 for windows of
    thousands of samples. On others, and on Intel's with AVX512_BF16 alone, convolutions
    in bfloat16 take longer than products in float32.
    """
    return _capability("amx_bf16") or is_amd_with_bfloat16()


def is_amd_with_bfloat16():
    """Return whether the processor is of AMD's with AVX512_BF16."""
    return _capability("avx512_bf16") and str(_capability("cpu_name")).startswith("AMD")


def is_amd_with_512_bit_units():
    """Return whether the processor is of AMD's and multiplies 512 bits at once: Zen 5.

    Zen 4 has the same instructions, but computes them in two halves. They are told
    apart by others that came with Zen 5.
    """
    newer = ("avx_vnni", "avx512_vp2intersect")
    return is_amd_with_bfloat16() and any(map(_capability, newer))


def _capability(name):
    """Return what torch knows of the processor; False where an older one does not."""
    if not hasattr(torch.cpu, "get_capabilities"):
        return False
    return torch.cpu.get_capabilities().get(name, False)
