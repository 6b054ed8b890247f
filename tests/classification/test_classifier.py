import joblib
import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, cross_val_score

from sksleep import Windows
from sksleep.classification import StagerNetClassifier
from sksleep.classification._label_task import LabelTask
from sksleep.model_selection import per_class_learning_curve
from sksleep.pretext import RelativePositioning, TemporalShuffling

TASK = RelativePositioning(12, 30, windows_per_recording=16)


def few_labels(windows, n_per_class):
    """Hide all labels but a few per class."""
    y = np.full(len(windows), -1)
    for label in (0, 1):
        rows = np.flatnonzero(windows.y == label)
        y[rows[:: len(rows) // n_per_class][:n_per_class]] = label
    return y


@pytest.mark.parametrize("pretext", [None, TASK, [TASK, TemporalShuffling(15, 20)]])
def test_classifies_unseen_subjects(windows, make_classifier, pretext):
    scores = cross_val_score(
        make_classifier(pretext, max_epochs=30, patience=30),
        windows,
        windows.y,
        groups=windows.groups,
        cv=GroupKFold(2),
    )
    assert min(scores) > 0.9


def test_signal_without_labels_helps_few_labels(windows, make_classifier):
    y = few_labels(windows, 2)
    joint = make_classifier(TASK, max_epochs=25, validation_fraction=None)
    joint.fit(windows, y)
    alone = make_classifier(max_epochs=25).fit(windows, y)
    assert joint.score(windows, windows.y) > alone.score(windows, windows.y)
    assert joint.score(windows, windows.y) > 0.8
    assert joint.accepts_unlabelled
    assert not alone.accepts_unlabelled


def test_windows_without_label_are_left_out_of_full_supervision(
    windows, make_classifier, weights
):
    y = few_labels(windows, 20)
    some = windows[y >= 0]
    assert weights(make_classifier().fit(windows, y)) == weights(
        make_classifier().fit(some, y[y >= 0])
    )


@pytest.mark.parametrize("names", [None, ["rest", "run"]])
def test_score_leaves_windows_without_label_out(windows, make_classifier, names):
    y = np.asarray(windows.y) if names is None else np.array(names, object)[windows.y]
    classifier = make_classifier(max_epochs=2).fit(windows, y)
    expected = (classifier.predict(windows) == y)[::3].mean()
    some = y.copy()
    some[np.arange(len(y)) % 3 > 0] = -1
    assert classifier.score(windows, some) == expected
    weight = np.where(np.arange(len(y)) < 150, 1.0, 0.0)
    first = classifier.score(windows[:150], some[:150])
    assert classifier.score(windows, some, sample_weight=weight) == first


def test_names_and_minus_one_may_stand_in_a_list(windows, make_classifier):
    y = [("rest", "run")[label] for label in windows.y]
    y[::3] = [-1] * len(y[::3])
    classifier = make_classifier(max_epochs=1).fit(windows, y)
    assert classifier.classes_.tolist() == ["rest", "run"]


def test_unlabelled_windows_feed_the_pretext_task_alone(
    windows, make_classifier, monkeypatch, record_steps
):
    seen, steps = [], record_steps()
    plain = LabelTask.plan_epoch

    def spy(self, recording_index, onsets, batch_size, rng):
        seen.append(onsets)
        return plain(self, recording_index, onsets, batch_size, rng)

    monkeypatch.setattr(LabelTask, "plan_epoch", spy)
    make_classifier(TASK).fit(windows, few_labels(windows, 5))
    assert max(map(len, seen)) <= 10
    assert steps[0]["train_batch_size"] > 10


def test_probabilities_belong_to_the_classes(windows, make_classifier):
    names = np.array(["slow", "fast"])[windows.y]
    classifier = make_classifier().fit(windows, names)
    assert list(classifier.classes_) == ["fast", "slow"]
    probabilities = classifier.predict_proba(windows)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    predicted = classifier.classes_[probabilities.argmax(axis=1)]
    np.testing.assert_array_equal(classifier.predict(windows), predicted)


def test_names_as_labels_may_have_minus_one_among_them(windows, make_classifier):
    names = np.array(["slow", "fast"], dtype=object)[windows.y]
    names[::3] = -1
    assert list(make_classifier(TASK).fit(windows, names).classes_) == ["fast", "slow"]


def test_class_weight_moves_the_decision(windows, make_classifier):
    def rate_of_ones(class_weight):
        classifier = make_classifier(class_weight=class_weight, max_epochs=2)
        return classifier.fit(windows, windows.y).predict(windows).mean()

    assert rate_of_ones({0: 1, 1: 100}) > rate_of_ones({0: 100, 1: 1})


@pytest.mark.usefixtures("few_are_enough")
def test_early_stopping_restores_the_head_with_the_encoder(
    windows, make_classifier, weights
):
    params = {"lr": 0.02, "patience": 3}
    stopped = make_classifier(max_epochs=30, **params).fit(windows, windows.y)
    n_epochs = len(stopped.net_.history)
    best = int(np.argmin(stopped.net_.history[:, "valid_objective"]))
    assert best + 3 == n_epochs - 1
    until_best = make_classifier(max_epochs=best + 1, **params)
    assert weights(until_best.fit(windows, windows.y)) == weights(stopped)


def test_a_class_of_no_weight_does_no_harm(windows, make_classifier):
    classifier = make_classifier(class_weight={0: 0, 1: 1}, batch_size=2, max_epochs=1)
    classifier.fit(windows, few_labels(windows, 8))
    assert (classifier.predict(windows) == 1).mean() > 0.5


@pytest.mark.usefixtures("few_are_enough")
def test_few_labels_are_not_held_out(windows, make_classifier):
    y = few_labels(windows, 2)
    joint = make_classifier(TASK).fit(windows, y)
    assert len(joint.held_out_) == 1
    assert set(joint.pretext_accuracy_) == {"RelativePositioning"}
    assert make_classifier().fit(windows, y).held_out_ == []
    assert len(make_classifier().fit(windows, windows.y).held_out_) == 1


@pytest.mark.usefixtures("few_are_enough")
def test_accuracy_on_held_out_recordings_is_told_for_each_task(
    windows, make_classifier
):
    classifier = make_classifier(TASK).fit(windows, windows.y)
    assert set(classifier.pretext_accuracy_) == {"labels", "RelativePositioning"}


def test_few_label_curve_shows_unlabelled_windows_to_the_joint_training(
    windows, make_classifier, monkeypatch
):
    seen = []
    plain = StagerNetClassifier.fit

    def spy(self, X, y, **params):
        seen.append((len(y), np.count_nonzero(y >= 0)))
        return plain(self, X, y, **params)

    monkeypatch.setattr(StagerNetClassifier, "fit", spy)
    for pretext in (TASK, None):
        per_class_learning_curve(
            make_classifier(pretext, max_epochs=1),
            windows,
            windows.y,
            groups=windows.groups,
            cv=GroupKFold(5),
            samples_per_class=[2],
            random_state=0,
        )
    assert seen == [(240, 4)] * 5 + [(4, 4)] * 5


def test_joblib_dump_gives_the_same_predictions(windows, make_classifier, tmp_path):
    classifier = make_classifier(TASK).fit(windows, windows.y)
    joblib.dump(classifier, tmp_path / "joint.joblib")
    loaded = joblib.load(tmp_path / "joint.joblib")
    np.testing.assert_array_equal(
        loaded.predict_proba(windows), classifier.predict_proba(windows)
    )


def test_same_random_state_gives_the_same_bytes(windows, make_classifier, weights):
    fitted = [make_classifier(TASK).fit(windows, windows.y) for _ in range(2)]
    assert weights(fitted[0]) == weights(fitted[1])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.full(300, -1), "No window has a label: y is -1 everywhere"),
        (None, "StagerNetClassifier requires y to be passed"),
        (np.repeat([-1, 1], 150), "y has 1 class: 1. -1 means no label"),
        (np.zeros(299), "There are 300 windows, but 299 labels"),
        (np.linspace(0, 1, 300), "continuous"),
        (np.repeat([0.0, 1.0, np.nan], 100), "y contains NaN"),
    ],
)
def test_refuses_labels_that_teach_nothing(windows, make_classifier, y, message):
    with pytest.raises(ValueError, match=message):
        make_classifier().fit(windows, y)


def test_needs_a_number_of_epochs(windows, make_classifier):
    with pytest.raises(ValueError, match="'max_epochs' parameter"):
        make_classifier(max_epochs=None).fit(windows, windows.y)


def test_warns_of_a_class_that_means_no_label(state_windows, make_classifier):
    three = np.where(np.arange(len(state_windows)) % 3, state_windows.y, 2)
    X = Windows(
        state_windows.recordings,
        state_windows.recording_index,
        state_windows.starts,
        state_windows.n_times,
        y=three,
        class_names=["slow", "fast", "other"],
    )
    classifier = make_classifier(max_epochs=1)
    with pytest.warns(UserWarning, match="y is -1, no .* all windows of 'slow'"):
        classifier.fit(X, three - 1)
    unlabelled = np.arange(len(X)) % 10 == 0
    some = Windows(
        X.recordings,
        X.recording_index,
        X.starts,
        X.n_times,
        y=np.where(unlabelled, -1, three),
        class_names=X.class_names,
    )
    with pytest.warns(UserWarning, match="y is -1, no .* all windows of 'slow'"):
        classifier.fit(some, np.where(unlabelled, -1, three - 1))
    classifier.fit(X, np.where(three == 2, -1, three))  # left out
    named = np.array(["slow", "fast", -1], dtype=object)[three]
    classifier.fit(X, named)
    own = np.where(three == 2, -1, np.arange(len(X)) % 2)  # of no class of X
    classifier.fit(X, own)
    classifier.fit(X, np.where(np.arange(len(X)) % 4, -1, three % 2))  # hidden


def test_one_hash_however_often_it_is_read(windows, make_classifier, tmp_path):
    classifier = make_classifier(max_epochs=1).fit(windows, windows.y)
    [file] = joblib.dump(classifier, tmp_path / "classifier.joblib")
    assert joblib.hash(joblib.load(file)) == joblib.hash(joblib.load(file))


def test_refuses_a_pretext_task_that_no_recording_serves(windows, make_classifier):
    with pytest.raises(ValueError, match="more than tau_neg=500 apart"):
        make_classifier(RelativePositioning(12, 500)).fit(windows, windows.y)


@pytest.mark.parametrize("weight", [-2, np.nan, np.inf])
def test_refuses_weights_of_classes_that_are_none(windows, make_classifier, weight):
    with pytest.raises(ValueError, match="class_weight must be finite and not below 0"):
        make_classifier(class_weight={0: weight}).fit(windows, windows.y)


def test_refuses_to_score_windows_without_any_label(windows, make_classifier):
    classifier = make_classifier(max_epochs=1).fit(windows, windows.y)
    with pytest.raises(ValueError, match="No window has a label: y is -1 everywhere"):
        classifier.score(windows, np.full(len(windows), -1))


def test_checkpoints_of_other_labels_are_left_alone(windows, make_classifier, tmp_path):
    for y in (windows.y, 1 - windows.y):
        make_classifier(max_epochs=1, checkpoint_dir=tmp_path).fit(windows, y)
    assert len(list(tmp_path.iterdir())) == 2


def test_checkpoints_of_labels_with_other_weights_are_left_alone(
    windows, make_classifier, tmp_path
):
    for y in (windows.y, windows.y + 1):
        make_classifier(
            class_weight={0: 1.0, 1: 20.0, 2: 1.0},
            max_epochs=1,
            checkpoint_dir=tmp_path,
        ).fit(windows, np.where(windows.y < 0, -1, y))
    assert len(list(tmp_path.iterdir())) == 2


def test_warns_of_groups_that_are_subjects_and_of_a_scale(windows, make_classifier):
    task = RelativePositioning(12, 30, windows_per_recording=16)
    X, places = np.asarray(windows), {"onsets": windows.onsets}
    classifier = make_classifier(task, max_epochs=1)
    with pytest.warns(UserWarning, match="onsets come again within a group"):
        classifier.fit(X, windows.y, groups=windows.recording_index // 2, **places)
    with pytest.warns(UserWarning, match="standard deviation is .*e-07"):
        make_classifier(max_epochs=1, normalize=False).fit(1e-6 * X, windows.y)
