from types import SimpleNamespace

import pytest
import torch

from sksleep.nn._block_operators import two_steps_pay
from sksleep.nn._processor import (
    has_bfloat16_units,
    is_amd_with_512_bit_units,
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
    assert is_amd_with_512_bit_units() is False


@pytest.mark.parametrize(
    ("capabilities", "is_wide", "two_steps"),
    [
        (RYZEN, False, True),
        (ZEN_5, True, False),
        ({**RYZEN, "avx512_vp2intersect": True}, True, False),
        (XEON, False, True),
        ({**XEON, "avx_vnni": True}, False, True),
        (XEON_WITHOUT_AMX, False, True),
        (OLDER_EPYC, False, True),
    ],
)
def test_tells_zen_5_from_all_others(monkeypatch, capabilities, is_wide, two_steps):
    known = SimpleNamespace(get_capabilities=lambda: capabilities)
    monkeypatch.setattr(torch, "cpu", known)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    assert is_amd_with_512_bit_units() is is_wide
    assert two_steps_pay() is two_steps


@pytest.mark.parametrize(
    ("capability", "expected"), [("DEFAULT", False), ("AVX2", True), ("AVX512", True)]
)
def test_takes_two_steps_where_they_were_tried(monkeypatch, capability, expected):
    known = SimpleNamespace(get_capabilities=dict)
    monkeypatch.setattr(torch, "cpu", known)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    assert two_steps_pay() is expected
