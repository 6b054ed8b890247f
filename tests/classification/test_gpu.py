"""What a GPU computes, against the processor. Skipped where there is none."""

import numpy as np
import pytest
import torch

from sksleep.pretext import RelativePositioning

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")


SIZES = {"n_filters": 4, "kernel_sizes": (9, 5), "pool_sizes": (3, 4)}


@pytest.fixture(params=[False, True], ids=["labels alone", "with a pretext task"])
def classifier(make_classifier, request):
    task = RelativePositioning(12, 30, windows_per_recording=16)
    return make_classifier(task if request.param else None, device="cuda")


def test_same_random_state_gives_the_same_probabilities(classifier, windows):
    first, second = (
        classifier.fit(windows, windows.y).predict_proba(windows) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


def test_learns_what_it_learns_on_the_processor(classifier, windows):
    # Devices draw other dropouts from the same seed.
    classifier.set_params(module_params=SIZES | {"dropout": 0.0})
    on_gpu = classifier.fit(windows, windows.y).score(windows, windows.y)
    classifier.set_params(device="cpu")
    on_cpu = classifier.fit(windows, windows.y).score(windows, windows.y)
    assert on_gpu == pytest.approx(on_cpu, abs=0.1)
