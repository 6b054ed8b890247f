from pathlib import Path

import pytest
import torch

from sksleep.nn import _stager_net

_REFERENCE = Path(__file__).parents[2].parent / "shared" / "reference" / "stagernet"


@pytest.fixture(scope="session")
def reference():
    """The folder of published weights and the embeddings that they give."""
    if not _REFERENCE.is_dir():
        pytest.skip("the published weights are not here")
    return _REFERENCE


@pytest.fixture(params=[True, False], ids=["with units", "without"])
def processor(request, monkeypatch):
    """Processors with and without units for bfloat16, for all the network knows."""
    monkeypatch.setattr(_stager_net, "bfloat16_pays", lambda n_times: request.param)


@pytest.fixture(scope="module")
def few_programs():
    """Have Triton's interpreter start fewer programs: each takes it milliseconds."""
    _gpu_pooling = pytest.importorskip("sksleep.nn._gpu_pooling")
    with pytest.MonkeyPatch.context() as patch:
        if not torch.cuda.is_available():
            patch.setattr(_gpu_pooling, "_N_PACKED_AT_ONCE", 1 << 20)
        yield
