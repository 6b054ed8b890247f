"""What models see in the two protocols, and the limits on labels."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from study import MODELS, run_study
from study._folds import arrange, find_limits, make_folds
from study._models import linear

SEEN = []


class Spy(TransformerMixin, BaseEstimator):
    """Notes whose windows it is fitted on; the features are the channels' spread."""

    def fit(self, X, y=None):
        SEEN.append((set(X.groups), len(X), y))
        self.fitted_ = True
        return self

    def transform(self, X):
        return np.asarray(X).std(axis=2)


@pytest.mark.parametrize(
    ("protocol", "n_seen"), [("inductive", 2), ("transductive", 3)]
)
def test_pretext_step_sees_test_subjects_only_if_transductive(
    make_study, windows, protocol, n_seen
):
    SEEN.clear()
    run_study(
        make_study(
            models=("spy",),
            protocols=(protocol,),
            known_models={"spy": lambda settings, seed: linear(Spy())},
        )
    )
    assert [len(subjects) for subjects, _, _ in SEEN] == [n_seen] * 3
    assert all(y is None for _, _, y in SEEN)
    if protocol == "transductive":
        assert [n for _, n, _ in SEEN] == [len(windows)] * 3


def test_protocols_agree_for_a_model_that_learns_nothing_from_signal(make_study):
    rows = run_study(
        make_study(
            models=("relative band-power",), protocols=("inductive", "transductive")
        )
    )
    assert rows[0]["accuracy"] == rows[1]["accuracy"]


def test_transductive_training_has_the_test_windows_without_labels(windows):
    fold = make_folds(windows, 3, random_state=0)[0]
    X, y, (train, test) = arrange(windows, fold, "transductive")
    again = np.setdiff1d(train, fold.train)
    np.testing.assert_array_equal(X.starts[again], windows.starts[fold.test])
    assert (y[again] == -1).all()
    np.testing.assert_array_equal(y[train][: len(fold.train)], windows.y[fold.train])
    np.testing.assert_array_equal(test, fold.test)


def test_folds_keep_subjects_together_and_have_seeds_of_their_own(windows):
    folds = make_folds(windows, 3, random_state=0)
    for fold in folds:
        assert not set(windows.groups[fold.train]) & set(windows.groups[fold.test])
    seeds = {seed for fold in folds for seed in (fold.label_seed, fold.model_seed)}
    assert len(seeds) == 6


@pytest.mark.parametrize(
    ("smallest", "limits"),
    [(1, ("all",)), (10, (1, "all")), (11, (1, 10, "all"))],
)
def test_limits_stay_below_the_smallest_class(make_windows, smallest, limits):
    windows = make_windows(2, n_windows=2 * smallest)
    folds = make_folds(windows, 2, random_state=0)
    assert find_limits(windows, folds) == limits


@pytest.mark.parametrize("name", MODELS)
def test_model_can_be_trained_and_scored(name, make_study, windows):
    X, y, groups = windows.labelled()
    model = MODELS[name](make_study().settings, 0)
    train = groups != groups[0]
    model.fit(X[train], y[train])
    assert model.predict(X[~train]).shape == (np.count_nonzero(~train),)
