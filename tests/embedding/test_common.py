"""scikit-learn's own checks, on two-dimensional arrays."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from sksleep.embedding import StagerNetEmbedder
from sksleep.pretext import RelativePositioning

# The checks' arrays have few columns: a network that takes windows of one sample.
SMALL = {
    "n_features": 3,
    "module_params": {"n_filters": 2, "kernel_sizes": (1, 1), "pool_sizes": (1, 1)},
    "max_epochs": 2,
    "random_state": 0,
}

EXPECTED_FAILURES = {}


@pytest.mark.usefixtures("float32_rounding")
@parametrize_with_checks(
    [
        StagerNetEmbedder(RelativePositioning(tau_pos=2, tau_neg=4), **SMALL),
        StagerNetEmbedder("random", **SMALL),
    ],
    expected_failed_checks=lambda estimator: EXPECTED_FAILURES,
)
def test_scikit_learn_check(estimator, check):
    check(estimator)
