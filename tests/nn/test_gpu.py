"""Which GPUs get the kernels, with Triton as it may be. None is needed."""

import subprocess

import pytest
import torch

from sksleep.nn import _gpu

triton = pytest.importorskip("triton")
_gpu_pooling = pytest.importorskip("sksleep.nn._gpu_pooling")

GPU = torch.device("cuda", 0)


@pytest.fixture(autouse=True)
def ampere(monkeypatch):
    """Have torch tell of a GPU, on which trying the kernels out succeeds."""
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (8, 6))
    monkeypatch.setattr(_gpu_pooling, "try_out", lambda device: None)
    monkeypatch.setattr(triton, "__version__", "3.6.0+git1234")
    _gpu.has_triton.cache_clear()
    yield
    _gpu.has_triton.cache_clear()


def test_a_gpu_with_triton_gets_the_kernels():
    assert _gpu.has_triton(GPU)


@pytest.mark.parametrize(
    ("place", "name", "value"),
    [
        (torch.version, "cuda", None),
        (torch.cuda, "get_device_capability", lambda device: (7, 5)),
        (_gpu, "find_spec", lambda name: None),
    ],
    ids=["AMD", "Turing", "Windows"],
)
def test_others_do_without(monkeypatch, place, name, value):
    monkeypatch.setattr(place, name, value)
    assert not _gpu.has_triton(GPU)


def test_a_processor_does_without():
    assert not _gpu.has_triton(torch.device("cpu"))


def test_warns_of_an_older_triton_once(monkeypatch):
    monkeypatch.setattr(triton, "__version__", "3.5.1")
    with pytest.warns(UserWarning, match=r"need Triton 3\.6 or later, here is 3\.5\.1"):
        assert not _gpu.has_triton(GPU)
    assert not _gpu.has_triton(GPU)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("Failed to find C compiler"),
        subprocess.CalledProcessError(1, "gcc"),
        FileNotFoundError("/usr/bin/gcc"),
        AssertionError("libcuda.so cannot found!"),
        triton.errors.TritonError("PTXAS error"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_warns_where_nothing_can_be_compiled(monkeypatch, error):
    def fail(device):
        raise error

    monkeypatch.setattr(_gpu_pooling, "try_out", fail)
    with pytest.warns(UserWarning, match="needs a C compiler") as warned:
        assert not _gpu.has_triton(GPU)
    message = str(warned[0].message)
    assert f"{type(error).__name__}: {error}" in message
    assert "cuda:0" in message
    assert "fast_gpu=False" in message
