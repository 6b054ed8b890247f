"""The kernels for GPUs against torch's layers, with whole numbers: exact, ties too.

On a GPU where there is one, or else in Triton's interpreter.
"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

pytest.importorskip("triton", minversion="3.6")
_gpu_pooling = pytest.importorskip("sksleep.nn._gpu_pooling")

pytestmark = pytest.mark.usefixtures("few_programs")

HAS_GPU = torch.cuda.is_available()
DEVICE = "cuda" if HAS_GPU else "cpu"
# Triton's interpreter cannot multiply bfloat16.
DTYPES = [torch.float32, torch.bfloat16 if HAS_GPU else torch.float16]


@st.composite
def convolutions(draw):
    """Signal, weight, bias and pool size of a convolution, of small whole numbers."""
    n_inputs = draw(st.sampled_from([1, 16, 32]))
    n_filters = draw(st.sampled_from([16, 32, 64]))
    kernel_size, pool_size = draw(st.integers(1, 12)), draw(st.integers(1, 40))
    n_steps = kernel_size - 1 + pool_size * draw(st.integers(1, 4))
    n_steps += draw(st.integers(0, pool_size - 1))
    shapes = [
        (draw(st.integers(1, 20)), n_steps, n_inputs),
        (n_filters, n_inputs, kernel_size),
        (n_filters,),
    ]
    torch.manual_seed(draw(st.integers(0, 10_000)))
    return *[torch.randint(-3, 4, shape).float() for shape in shapes], pool_size


def convolve_plainly(signal, weight, bias, pool_size):
    steps = functional.conv1d(signal.transpose(1, 2), weight, bias)
    return functional.max_pool1d(steps, pool_size).relu().transpose(1, 2)


def evaluate(convolve, tensors):
    """Return outputs, and the gradients of signal, weight and bias."""
    tensors = [tensor.clone().requires_grad_() for tensor in tensors]
    outputs = convolve(*tensors)
    weights = torch.arange(outputs.numel(), device=outputs.device) % 5 - 2
    (outputs * weights.view_as(outputs).to(outputs.dtype)).sum().backward()
    return [outputs.detach(), *[tensor.grad for tensor in tensors]]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@settings(max_examples=12, deadline=None)
@given(convolutions(), st.booleans())
def test_same_as_torchs_layers(dtype, given, has_moments):
    *tensors, pool_size = given
    expected = evaluate(
        lambda *tensors: convolve_plainly(*tensors, pool_size),
        [tensor.double() for tensor in tensors],
    )

    def convolve(signal, weight, bias):
        pooled, *_ = _gpu_pooling.pooled_convolution(
            signal, weight, bias, pool_size, dtype, has_moments=has_moments
        )
        return pooled

    signal, *others = [tensor.to(DEVICE) for tensor in tensors]
    found = evaluate(convolve, [signal.to(dtype), *others])
    for ours, values in zip(found, expected, strict=True):
        torch.testing.assert_close(ours.cpu(), values.to(ours.dtype), rtol=0, atol=0)


@settings(max_examples=12, deadline=None)
@given(convolutions())
def test_moments_are_those_of_the_outputs(given):
    *tensors, pool_size = given
    tensors = [tensor.to(DEVICE) for tensor in tensors]
    pooled, mean, variance = _gpu_pooling.pooled_convolution(
        *tensors, pool_size, torch.float32, has_moments=True
    )
    outputs = pooled.double().flatten(0, 1)
    close = torch.testing.assert_close
    close(mean.double(), outputs.mean(0), rtol=1e-5, atol=1e-5)
    close(variance.double(), outputs.var(0, correction=0), rtol=1e-5, atol=1e-5)


def test_moments_are_float32_whatever_torchs_default():
    signal, weight = torch.ones(3, 30, 1), torch.ones(16, 1, 5)
    tensors = [tensor.to(DEVICE) for tensor in (signal, weight, torch.zeros(16))]
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        _, mean, variance = _gpu_pooling.pooled_convolution(
            *tensors, 3, torch.float32, has_moments=True
        )
    finally:
        torch.set_default_dtype(before)
    assert mean.dtype == variance.dtype == torch.float32
    assert (mean == 5).all()


@pytest.fixture
def precision_of_convolutions():
    """Return a function that sets it, and set it back after the test."""
    settings = torch.backends.cudnn.conv
    before = settings.fp32_precision
    yield lambda precision: setattr(settings, "fp32_precision", precision)
    settings.fp32_precision = before


@pytest.mark.skipif(
    not hasattr(torch.backends.cudnn, "conv"), reason="torch before 2.9"
)
@pytest.mark.parametrize(
    ("precision", "expected"), [("tf32", "tf32"), ("ieee", "ieee"), ("none", "ieee")]
)
def test_products_round_as_convolutions_do(
    precision_of_convolutions, precision, expected
):
    precision_of_convolutions(precision)
    assert _gpu_pooling._precision() == expected


@pytest.mark.parametrize("pool_size", [3, 4, 20])
@pytest.mark.parametrize(
    "value",
    [
        "inf",
        "-inf",
        pytest.param(
            "nan",
            marks=pytest.mark.skipif(
                not HAS_GPU, reason="the interpreter finds no largest of NaN"
            ),
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_what_is_no_number_stays_none_where_it_is(value, pool_size):
    signal = torch.ones(2, 150, 1, device=DEVICE)
    signal[1, 83] = float(value)
    weight, bias = torch.ones(16, 1, 5, device=DEVICE), torch.zeros(16, device=DEVICE)
    pooled, *_ = _gpu_pooling.pooled_convolution(
        signal, weight, bias, pool_size, torch.float32
    )
    sees_it = torch.zeros(146, dtype=torch.bool)
    sees_it[83 - 4 : 83 + 1] = True
    is_none = torch.tensor([p.any() for p in sees_it.split(pool_size)])
    is_none = is_none[: 146 // pool_size]
    assert pooled[1, is_none].isnan().all()
    assert (pooled[1, ~is_none] == 5).all()
    assert (pooled[0] == 5).all()


def test_the_smallest_kernel_can_be_tried_out():
    _gpu_pooling.try_out(torch.device(DEVICE))
