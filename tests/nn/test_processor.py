from types import SimpleNamespace

import pytest
import torch

from sksleep.nn._block_operators import two_steps_pay
from sksleep.nn._processor import (
    bfloat16_pays,
    is_amd_with_512_bit_units,
    is_amd_with_bfloat16,
)

XEON = {"amx_bf16": True, "avx512_bf16": True, "cpu_name": "INTEL(R) XEON(R) 8488C"}
XEON_WITHOUT_AMX = {"avx512_bf16": True, "cpu_name": "Intel(R) Xeon(R) Gold 6330H"}
ZEN_4 = {"avx512_bf16": True, "cpu_name": "AMD Ryzen 9 7940HS"}
ZEN_5 = {**ZEN_4, "avx_vnni": True, "cpu_name": "AMD EPYC 9755 128-Core"}
OLDER_EPYC = {"avx512_bf16": False, "cpu_name": "AMD EPYC 7763 64-Core"}


@pytest.mark.parametrize(
    ("capabilities", "short_pay", "long_pay", "is_amd"),
    [
        (XEON, True, True, False),
        (XEON_WITHOUT_AMX, False, False, False),
        (ZEN_4, False, True, True),
        (ZEN_5, True, True, True),
        (OLDER_EPYC, False, False, False),
        ({"avx2": True}, False, False, False),
    ],
)
def test_tells_what_torch_knows(monkeypatch, capabilities, short_pay, long_pay, is_amd):
    known = SimpleNamespace(get_capabilities=lambda: capabilities)
    monkeypatch.setattr(torch, "cpu", known)
    assert bfloat16_pays(750) is short_pay
    assert bfloat16_pays(1000) is long_pay
    assert is_amd_with_bfloat16() is is_amd


def test_an_older_torch_knows_of_no_units(monkeypatch):
    monkeypatch.setattr(torch, "cpu", SimpleNamespace())
    assert bfloat16_pays(3000) is False
    assert is_amd_with_bfloat16() is False
    assert is_amd_with_512_bit_units() is False


@pytest.mark.parametrize(
    ("capabilities", "is_wide", "two_steps"),
    [
        (ZEN_4, False, True),
        (ZEN_5, True, False),
        ({**ZEN_4, "avx512_vp2intersect": True}, True, False),
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
