"""What a GPU computes, against the processor. Skipped where there is none."""

import numpy as np
import pytest
import torch

from sksleep.pretext import RelativePositioning

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")


SIZES = {"n_filters": 4, "kernel_sizes": (9, 5), "pool_sizes": (3, 4)}


@pytest.fixture(autouse=True)
def full_float32():
    """Keep all digits in convolutions, which GPUs shorten by default."""
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        yield


@pytest.fixture(params=[False, True], ids=["labels alone", "with a pretext task"])
def classifier(make_classifier, request):
    task = RelativePositioning(12, 30, windows_per_recording=16)
    return make_classifier(task if request.param else None, device="cuda")


def test_same_random_state_gives_the_same_probabilities(classifier, windows):
    first, second = (
        classifier.fit(windows, windows.y).predict_proba(windows) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


def test_training_takes_the_processors_course(classifier, windows):
    # Devices draw other dropouts from the same seed, and rounding grows with time.
    classifier.set_params(module_params=SIZES | {"dropout": 0.0}, max_epochs=1)
    on_gpu = classifier.fit(windows, windows.y).predict_proba(windows)
    classifier.set_params(device="cpu")
    on_cpu = classifier.fit(windows, windows.y).predict_proba(windows)
    np.testing.assert_allclose(on_gpu, on_cpu, atol=0.02)
