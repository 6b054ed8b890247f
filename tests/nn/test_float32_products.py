"""Products are float32's, and the process's settings are left as they were."""

import pytest
import torch

from sksleep.nn import StagerNet, _float32_products
from sksleep.nn._float32_products import _onednn_pays, fast_float32_products
from sksleep.nn._toeplitz_blocks import ToeplitzBlocks

pytestmark = pytest.mark.skipif(
    not hasattr(torch.backends.mkldnn, "matmul"),
    reason="this torch has no setting for oneDNN's products",
)


@pytest.fixture
def settings():
    settings = torch.backends.mkldnn.matmul
    before = settings.fp32_precision
    yield settings
    settings.fp32_precision = before


@pytest.fixture
def pays(monkeypatch):
    """A processor that oneDNN is the faster on."""
    monkeypatch.setattr(_float32_products, "_onednn_pays", lambda: True)


@pytest.mark.parametrize("shape", [(40, 16, 50), (300, 704, 384), (9, 32, 32, 384)])
def test_products_have_all_digits_of_float32(shape):
    *batch, n, k, m = shape
    generator = torch.Generator().manual_seed(0)
    first = torch.randn(*batch, n, k, generator=generator)
    second = torch.randn(*batch, k, m, generator=generator)
    with fast_float32_products:
        product = first @ second
    exact = first.double() @ second.double()
    size = first.double().abs() @ second.double().abs()
    assert ((product - exact).abs() < 1e-6 * size).all()


@pytest.mark.parametrize("before", ["none", "ieee"])
@pytest.mark.usefixtures("pays")
def test_a_setting_of_full_precision_holds_again_after(settings, before):
    settings.fp32_precision = before
    with fast_float32_products:
        assert settings.fp32_precision == "bf16"
        with fast_float32_products:
            pass
        assert settings.fp32_precision == "bf16"
    assert settings.fp32_precision == before


@pytest.mark.usefixtures("pays")
def test_what_a_user_has_asked_for_is_kept(settings):
    settings.fp32_precision = "tf32"
    with fast_float32_products:
        assert settings.fp32_precision == "tf32"
    assert settings.fp32_precision == "tf32"


@pytest.mark.usefixtures("pays")
def test_an_error_inside_restores_the_setting(settings):
    with pytest.raises(ZeroDivisionError), fast_float32_products:
        _ = 1 / 0
    assert settings.fp32_precision == "none"


@pytest.mark.usefixtures("pays")
def test_the_network_multiplies_so_and_leaves_no_trace(settings, monkeypatch):
    found = {}

    def watch(name):
        multiply = getattr(ToeplitzBlocks, name)

        def multiply_and_note(*args):
            found.setdefault(name, set()).add(settings.fp32_precision)
            return multiply(*args)

        monkeypatch.setattr(ToeplitzBlocks, name, multiply_and_note)

    methods = "outputs", "add_to_operand", "add_to_signal"
    for method in methods:
        watch(method)
    StagerNet(2, 300)(torch.ones(3, 2, 300)).sum().backward()
    assert found == {method: {"bf16"} for method in methods}
    assert settings.fp32_precision == "none"
    assert torch.get_float32_matmul_precision() == "highest"


@pytest.mark.usefixtures("pays")
def test_what_is_set_for_all_of_torch_stays_in_force(settings):
    before = torch.backends.fp32_precision
    try:
        torch.backends.fp32_precision = "ieee"
        assert settings.fp32_precision == "ieee"
        with fast_float32_products:
            assert settings.fp32_precision == "bf16"
        assert settings.fp32_precision == "ieee"
        torch.backends.fp32_precision = "tf32"
        assert settings.fp32_precision == "tf32"
    finally:
        torch.backends.fp32_precision = before


@pytest.mark.parametrize(
    ("is_wide_amd", "keeps_float32", "expected"),
    [(True, True, True), (True, False, False), (False, True, False)],
)
def test_pays_on_amds_wide_processors_that_keep_digits(
    monkeypatch, is_wide_amd, keeps_float32, expected
):
    tells_wide_amd = "is_amd_with_512_bit_units"
    monkeypatch.setattr(_float32_products, tells_wide_amd, lambda: is_wide_amd)
    monkeypatch.setattr(_float32_products, "_keeps_float32", lambda: keeps_float32)
    assert _onednn_pays.__wrapped__() is expected


def test_lost_digits_are_noticed(monkeypatch):
    """As on a processor that takes the allowance: factors rounded to bfloat16."""
    plain = torch.Tensor.__matmul__

    def rounded(first, second):
        if first.dtype == torch.float32:
            first, second = first.bfloat16().float(), second.bfloat16().float()
        return plain(first, second)

    monkeypatch.setattr(torch.Tensor, "__matmul__", rounded)
    assert not _float32_products._keeps_float32()
