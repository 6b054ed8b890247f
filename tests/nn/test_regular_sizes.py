import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sksleep.nn import StagerNet, _bfloat16_stages, _cpu_stages
from sksleep.nn._regular_sizes import fill_up, regular_size


@given(st.integers(1, 5000))
def test_regular_sizes_are_few_and_near(n):
    size = regular_size(n)
    assert n <= size < n + max(32, n / 8)
    assert size % 32 == 0
    assert regular_size(size) == size
    assert regular_size(n + 1) >= size


@pytest.mark.parametrize("first", [512, 1024, 2048])
def test_there_are_eight_sizes_for_each_doubling(first):
    assert len({regular_size(n) for n in range(first, 2 * first)}) <= 9


@pytest.mark.parametrize("n", [1, 5, 31, 32, 40])
def test_filled_up_by_the_first_columns(n):
    columns = torch.arange(2 * n).view(n, 2)
    filled_up = fill_up(columns)
    assert len(filled_up) == regular_size(n)
    expected = [columns[i % n].tolist() for i in range(len(filled_up))]
    assert filled_up.tolist() == expected


def test_copies_pass_no_gradient_on():
    columns = torch.ones(5, 2, requires_grad=True)
    fill_up(columns).sum().backward()
    assert torch.equal(columns.grad, torch.ones(5, 2))


@pytest.mark.usefixtures("bfloat16_units")
@pytest.mark.parametrize(
    ("stages", "convolution", "axis"),
    [(_cpu_stages, "pooled_convolution", 2), (_bfloat16_stages, "pool_windows", 0)],
)
def test_network_computes_few_sizes(stages, convolution, axis, monkeypatch):
    sizes = set()
    compute = getattr(stages, convolution)

    def watch(signal, *args, **kwargs):
        sizes.add(signal.shape[axis])
        return compute(signal, *args, **kwargs)

    monkeypatch.setattr(stages, convolution, watch)
    in_bfloat16 = stages is _bfloat16_stages
    network = StagerNet(11, 150)
    for n_windows in range(25, 41):
        with torch.autocast("cpu", torch.bfloat16, enabled=in_bfloat16):
            network(torch.zeros(n_windows, 11, 150))
    assert sizes == {288, 320, 352, 384, 416, 448}
