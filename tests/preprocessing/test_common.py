"""scikit-learn's own checks, and what all transformers promise."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from sksleep.preprocessing import BandpassFilter, Resampler, Windower

TRANSFORMERS = [
    BandpassFilter(h_freq=0.2, sfreq=1.0),
    BandpassFilter(l_freq=0.1, h_freq=None, method="iir", sfreq=1.0),
    Resampler(2.0, sfreq_in=3.0),
    Windower(duration=1.0, sfreq=1.0),
]


def expected_failures(estimator):
    if not isinstance(estimator, Windower):
        return {}
    return dict.fromkeys(
        [
            "check_methods_sample_order_invariance",
            "check_transformer_data_not_an_array",
            "check_transformer_general",
        ],
        "a row of the array is cut into several windows, each a row of the output",
    )


@pytest.mark.filterwarnings("ignore:the array has .* fewer than the filter")
@parametrize_with_checks(TRANSFORMERS, expected_failed_checks=expected_failures)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
