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


def has_256_bit_units():
    """Return whether the processor multiplies 256 bits at once, not 512.

    For want of AVX-512, or as AMD's Zen 4 does, which computes its instructions in two
    halves. It is told from Zen 5 by instructions that came with that one.
    """
    capability = torch.backends.cpu.get_cpu_capability()
    if capability == "AVX512" and is_amd_with_bfloat16():
        return not any(map(_capability, ("avx_vnni", "avx512_vp2intersect")))
    return capability == "AVX2"


def _capability(name):
    """Return what torch knows of the processor; False where an older one does not."""
    if not hasattr(torch.cpu, "get_capabilities"):
        return False
    return torch.cpu.get_capabilities().get(name, False)
