from pathlib import Path

import pytest

_REFERENCE = Path(__file__).parents[2].parent / "shared" / "reference" / "stagernet"


@pytest.fixture(scope="session")
def reference():
    """The folder of published weights and the embeddings that they give."""
    if not _REFERENCE.is_dir():
        pytest.skip("the published weights are not here")
    return _REFERENCE
