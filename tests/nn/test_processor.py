from types import SimpleNamespace

import pytest
import torch

from sksleep.nn._processor import (
    has_256_bit_units,
    has_bfloat16_units,
    is_amd_with_bfloat16,
)

XEON = {"amx_bf16": True, "avx512_bf16": True, "cpu_name": "INTEL(R) XEON(R) 8488C"}
XEON_WITHOUT_AMX = {"avx512_bf16": True, "cpu_name": "Intel(R) Xeon(R) Gold 6330H"}
RYZEN = {"avx512_bf16": True, "cpu_name": "AMD Ryzen 9 7940HS"}
ZEN_5 = {**RYZEN, "avx_vnni": True, "cpu_name": "AMD EPYC 9755 128-Core"}
OLDER_EPYC = {"avx512_bf16": False, "cpu_name": "AMD EPYC 7763 64-Core"}


@pytest.mark.parametrize(
    ("capabilities", "has_units", "is_amd"),
    [
        (XEON, True, False),
        (XEON_WITHOUT_AMX, False, False),
        (RYZEN, True, True),
        (OLDER_EPYC, False, False),
        ({"avx2": True}, False, False),
    ],
)
def test_tells_what_torch_knows(monkeypatch, capabilities, has_units, is_amd):
    known = SimpleNamespace(get_capabilities=lambda: capabilities)
    monkeypatch.setattr(torch, "cpu", known)
    assert has_bfloat16_units() is has_units
    assert is_amd_with_bfloat16() is is_amd


def test_an_older_torch_knows_of_no_units(monkeypatch):
    monkeypatch.setattr(torch, "cpu", SimpleNamespace())
    assert has_bfloat16_units() is False
    assert is_amd_with_bfloat16() is False


@pytest.mark.parametrize(
    ("capability", "capabilities", "expected"),
    [
        ("DEFAULT", OLDER_EPYC, False),
        ("AVX2", OLDER_EPYC, True),
        ("AVX512", RYZEN, True),
        ("AVX512", ZEN_5, False),
        ("AVX512", {**RYZEN, "avx512_vp2intersect": True}, False),
        ("AVX512", XEON, False),
        ("AVX512", XEON_WITHOUT_AMX, False),
    ],
)
def test_tells_how_wide_the_units_are(monkeypatch, capability, capabilities, expected):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    known = SimpleNamespace(get_capabilities=lambda: capabilities)
    monkeypatch.setattr(torch, "cpu", known)
    assert has_256_bit_units() is expected
