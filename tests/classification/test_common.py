"""scikit-learn's own checks, on two-dimensional arrays."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from sksleep.classification import StagerNetClassifier
from sksleep.pretext import RelativePositioning

# The checks' arrays have few columns: a network that takes windows of one sample.
SMALL = {
    "n_features": 10,
    "module_params": {
        "n_filters": 8,
        "kernel_sizes": (1, 1),
        "pool_sizes": (1, 1),
        "dropout": 0.0,
    },
    "normalize": False,
    "max_epochs": 40,
    "lr": 0.05,
    "random_state": 0,
}

EXPECTED_FAILURES = {
    "check_classifiers_classes": "takes -1 for a class; here it means no label",
}


@pytest.mark.usefixtures("float32_rounding")
@parametrize_with_checks(
    [
        StagerNetClassifier(**SMALL),
        StagerNetClassifier(RelativePositioning(tau_pos=2, tau_neg=4), **SMALL),
    ],
    expected_failed_checks=lambda estimator: EXPECTED_FAILURES,
)
def test_scikit_learn_check(estimator, check):
    check(estimator)
