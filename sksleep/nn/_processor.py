"""What torch knows of the processor."""

import torch

# Of a window, for which bfloat16 is as fast as float32 on Zen 4.
_FEWEST_SAMPLES_ON_ZEN_4 = 1000


def bfloat16_pays(n_times):
    """Return whether the processor computes windows faster in bfloat16 than in float32.

    Intel's do with AMX, and AMD's with AVX512_BF16: Zen 5, and Zen 4 for many samples.
    On others, and on Intel's with AVX512_BF16 alone, convolutions in bfloat16 take
    longer than products in float32.

    Parameters
    ----------
    n_times : int
        Samples per window.

    Returns
    -------
    pays : bool
    """
    if is_amd_with_bfloat16():
        return is_amd_with_512_bit_units() or n_times >= _FEWEST_SAMPLES_ON_ZEN_4
    return _capability("amx_bf16")


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
