"""Numbers that mean other classes in other windows."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sksleep import Windows


def rename(windows, class_names, **changes):
    """Return the windows with other names for the same numbers."""
    return Windows(
        windows.recordings,
        windows.recording_index,
        windows.starts,
        windows.n_times,
        class_names=class_names,
        **({"y": windows.y} | changes),
    )


def test_refuses_windows_whose_numbers_mean_other_classes(windows, make_classifier):
    classifier = make_classifier(max_epochs=1).fit(windows, windows.y)
    assert classifier.class_names_ == ("slow", "fast")
    swapped = rename(windows, ["fast", "slow"])
    message = r"y = 0 means 'slow' .* and 'fast' in these windows.*labels=\['slow', 'f"
    with pytest.raises(ValueError, match=message):
        classifier.score(swapped, swapped.y)
    more = rename(windows, ["slow", "fast", "faster"])
    assert_array_equal(classifier.predict(more), classifier.predict(windows))


def test_a_class_that_may_be_predicted_has_the_same_name(windows, make_classifier):
    classifier = make_classifier(max_epochs=1).fit(windows, windows.y)
    slow = rename(windows, ["slow", "running"])[windows.y == 0]
    with pytest.raises(ValueError, match=r"y = 1 means 'fast' .* 'running' in these"):
        classifier.predict(slow)


def test_names_of_numbers_that_do_not_occur_are_of_no_account(windows, make_classifier):
    train = rename(windows, ["slow", "fast", "faster"])
    classifier = make_classifier(max_epochs=1).fit(train, train.y)
    other = rename(windows, ["slow", "fast", "asleep"])
    assert_array_equal(classifier.predict(other), classifier.predict(train))


def test_names_of_windows_are_of_no_account_without_their_labels(
    windows, make_classifier
):
    swapped = rename(windows, ["fast", "slow"])
    unlabelled = rename(windows, ["fast", "slow"], y=None)
    names = np.array(["a", "b"])[windows.y]
    classifier = make_classifier(max_epochs=1)
    expected = classifier.fit(windows, windows.y).predict(windows)
    assert_array_equal(classifier.predict(unlabelled), expected)
    assert classifier.fit(windows, names).class_names_ is None
    assert classifier.predict(swapped).shape == expected.shape
