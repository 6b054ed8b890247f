"""StagerNetClassifier: the network trained end to end, on labels and without."""

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.metrics import accuracy_score
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from .._check_windows import check_windows
from .._constraints import AtLeast, StrOptions
from .._labels import UNLABELLED, check_labels, check_n_labels, encode
from .._own_labels import are_own_labels, check_class_names, warn_of_hidden_classes
from ..embedding import StagerNetEmbedder
from ..embedding._batches import PretextDataset
from ..embedding._inference import apply_network
from ..embedding._input import (
    forget_fit,
    locate_windows,
    warn_of_scale,
    warn_of_subjects,
)
from ..embedding._serving_recordings import find_rows
from ..embedding._tasks import PretextParams, WeightedTask, weight_tasks
from ..embedding._training import fit_net
from ..nn import StagerNet
from ..pretext import PretextTask
from ._held_out import hold_out_labelled
from ._label_task import LabelTask, weigh_classes
from ._refit import refit_head


class StagerNetClassifier(PretextParams, ClassifierMixin, BaseEstimator):
    """Classify windows by a network trained end to end on their labels.

    Without a pretext task it is the full-supervision baseline. With one, or several,
    each training step adds the loss on a batch of labelled windows to that of the
    pretext task on a batch of windows, labelled or not: the network learns from
    few labels and much signal together.

    With a pretext task, the gradient of the labels' loss reaches the encoder multiplied
    by the square of the fraction of windows that have a label: a network learns few
    labels, seen again and again, by heart, and the embeddings of their windows then say
    nothing about other windows. After training, the linear layer is fitted anew by
    logistic regression.

    Parameters
    ----------
    pretext : PretextTask, list of PretextTask or None, default=None
        What the network learns beside the labels. None: nothing else, and
        unlabelled windows are not used.
    pretext_weights : list of float, default=None
        How much the loss of each pretext task counts beside that on labels; None is
        1 for all.
    class_weight : dict, "balanced" or None, default="balanced"
        How much the windows of each class count in the loss, as in scikit-learn; no
        number below 0.
    n_features : int, default=100
        Size of the embedding that a linear layer classifies.
    module : type, default=StagerNet
        Class of the network, a ``torch.nn.Module`` that takes `n_channels`,
        `n_times`, `n_features` and `module_params`.
    module_params : dict, default=None
        Further arguments of `module`. ``{"dropout": 0.5}`` suits a StagerNet without a
        pretext task.
    normalize : bool, default=True
        Whether to bring each window and channel to zero mean and unit variance
        first; constant ones become zeros.
    max_epochs : int, default=30
        Most epochs to train. An epoch is one of the pretext task; without one, the
        labelled windows once.
    batch_size : int, default=None
        About how many windows to embed per training step, divided among the pretext
        tasks. Labelled windows come on top: of that number the fraction that has a
        label, but at least an eighth. Without a pretext task all are labelled. None is
        what suits each: 32 for RelativePositioning and TemporalShuffling, 64 with their
        `n_tuples` and for a task of your own, 128 for ContrastivePredictiveCoding and
        for labels alone.
    lr : float, default=2e-3
        Learning rate of the Adam optimiser, whose betas are 0.6 and 0.999. Layers in
        `module.lr_factors`, if there is such a dict, learn with so many times that:
        StagerNet's spatial convolution with 4 times.
    weight_decay : float, default=3e-4
        Of Adam, as ``torch.optim.Adam`` has it: half of this times the squared weights
        is added to the loss.
    validation_fraction : float, "auto" or None, default="auto"
        Part of the recordings that is held out to decide when to stop. "auto" is 0.2,
        but None where a pretext task has fewer than five recordings, or fewer than
        4,000 windows. Where a class has fewer than 100 labels in those held out or in
        the others, all labels stay in training: then the pretext task alone decides
        and, without one, as with None, all epochs are trained.
    patience : int, default=5
        Epochs without a smaller loss on the held-out recordings after which
        training stops. The weights of the best epoch are kept.
    device : str, default=None
        Where torch computes, for example "cpu" or "cuda". None takes a GPU of CUDA if
        there is one.
    precision : {"float32", "bfloat16"}, default="float32"
        What the network computes in, as for
        :class:`~sksleep.embedding.StagerNetEmbedder`, which says where "bfloat16",
        mixed precision, is faster.
    n_jobs : int, default=None
        Threads of torch: None is 1, or what ``joblib.parallel_config`` says, and -1 all
        processors. The weights' last bits depend on it. Trainings in several threads
        of a process take turns.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, held-out recordings, batches and dropout. None is
        another seed in each fit, whatever numpy's global one.
    checkpoint_dir : path-like, default=None
        Folder for the state after each epoch, from which a training that was killed
        goes on. Needs a `random_state`.
    verbose : int, default=0
        With 1, a line per epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    net_ : skorch.NeuralNet
        The trained net; ``net_.module_`` is the encoder.
    pretext_accuracy_ : dict of str to float
        The accuracy of each task on the held-out recordings, in the best epoch;
        that of the labels, before the linear layer is fitted anew, is called
        "labels", and is missing where all stay in training. Empty if none was held out.
    held_out_ : list of str
        Names of the held-out recordings.
    window_shape_ : tuple of int
        (n_channels, n_times) of the windows.
    n_features_in_ : int
        Channels of the windows; samples for two-dimensional arrays.
    ch_names_, sfreq_ : tuple of str, float
        Channel names and sampling rate, where fitted on Windows.
    class_names_ : tuple of str or None
        The names of the labels, where they are those of the Windows; else None.

    See Also
    --------
    sksleep.embedding.StagerNetEmbedder : Learns from signal alone.
    sksleep.nn.StagerNet : The network, and where it was published.

    Examples
    --------
    >>> import numpy as np
    >>> from sksleep.classification import StagerNetClassifier
    >>> from sksleep.pretext import RelativePositioning
    >>> windows = np.random.default_rng(0).normal(size=(40, 2, 100))
    >>> y = np.full(40, -1)  # no label
    >>> y[:4], y[20:24] = 0, 1
    >>> classifier = StagerNetClassifier(
    ...     RelativePositioning(tau_pos=2, tau_neg=5), max_epochs=1, random_state=0
    ... )
    >>> classifier.fit(windows, y, groups=np.repeat([0, 1], 20)).classes_
    array([0, 1])
    >>> classifier.predict_proba(windows[:3]).shape
    (3, 2)
    """

    _parameter_constraints = {
        **StagerNetEmbedder._parameter_constraints,
        "pretext": [PretextTask, list, tuple, None],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "max_epochs": [AtLeast(1)],
    }

    def __init__(
        self,
        pretext=None,
        *,
        pretext_weights=None,
        class_weight="balanced",
        n_features=100,
        module=StagerNet,
        module_params=None,
        normalize=True,
        max_epochs=30,
        batch_size=None,
        lr=2e-3,
        weight_decay=3e-4,
        validation_fraction="auto",
        patience=5,
        device=None,
        precision="float32",
        n_jobs=None,
        random_state=None,
        checkpoint_dir=None,
        verbose=0,
    ):
        self.pretext = pretext
        self.pretext_weights = pretext_weights
        self.class_weight = class_weight
        self.n_features = n_features
        self.module = module
        self.module_params = module_params
        self.normalize = normalize
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.weight_decay = weight_decay
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.device = device
        self.precision = precision
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.checkpoint_dir = checkpoint_dir
        self.verbose = verbose

    @property
    def accepts_unlabelled(self):
        """Whether windows without a label, y = -1, are of use in ``fit``."""
        return self.pretext is not None

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, *, groups=None, onsets=None):
        """Train the network on the labels, and on the pretext task if there is one.

        Parameters
        ----------
        X : Windows or array-like of shape (n_windows, n_channels, n_times) or \
                (n_windows, n_times)
            The windows; two dimensions mean one channel.
        y : array-like of shape (n_windows,)
            The labels. With a pretext task -1 means that a window has none; without
            one, too, and such windows are left out. Meta-estimators that encode labels
            first, such as VotingClassifier, would make a class of it.
        groups : array-like of shape (n_windows,), default=None
            For an array, which rows are of one recording; None: all of them.
        onsets : array-like of float of shape (n_windows,), default=None
            For an array, when each row begins in its recording, in seconds. None:
            rows of a group are consecutive and times are counted in windows.

        Returns
        -------
        self : StagerNetClassifier

        Raises
        ------
        ValueError
            If no window has a label, or all have the same, labels are not as many as
            windows, a parameter, `groups` or `onsets` cannot be, a sample is NaN or
            infinite, a window too short for the network, or no recording serves a
            pretext task; before any training.
        """
        forget_fit(self)
        X = check_windows(self, X, reset=True)
        is_labelled, encoded = self._encode(X, y)
        source = locate_windows(X, groups, onsets)
        warn_of_scale(self, X)
        label_task = self._label_task(encoded[is_labelled], is_labelled.mean())
        tasks = [WeightedTask("labels", label_task, 1.0)]
        rows = [np.flatnonzero(is_labelled)]
        if self.pretext is not None:
            warn_of_subjects(source)
            pretext = weight_tasks(self.pretext, self.pretext_weights)
            tasks += pretext
            rows += [find_rows(item.task, source) for item in pretext]
        dataset = PretextDataset(source, rows, encoded)
        fit_net(self, tasks, dataset, hold_out_labelled)
        if self.pretext is not None:
            try:
                self._refit_head(X[rows[0]], encoded[rows[0]])
            except BaseException:
                del self.net_  # which would predict with a head that is not fitted
                raise
        return self

    def predict_proba(self, X):
        """Return how probable each class is.

        Parameters
        ----------
        X : Windows or array-like of shape (n_windows, n_channels, n_times) or \
                (n_windows, n_times)
            Windows of the shape, channels and sampling rate seen in ``fit``.

        Returns
        -------
        probabilities : ndarray of float32 of shape (n_windows, n_classes)
            Columns in the order of `classes_`.

        Raises
        ------
        ValueError
            If the windows are not like those seen in ``fit``, a sample is NaN or
            infinite, or they have labels of which one has the number of another class
            of those seen in ``fit``.
        """
        check_is_fitted(self, "net_")
        X = check_windows(self, X, reset=False)
        check_class_names(self, X)
        network = torch.nn.Sequential(
            self.net_.module_.eval(), self._head(), torch.nn.Softmax(dim=1)
        )
        return self._apply(network, X, len(self.classes_))

    def predict(self, X):
        """Return the most probable class.

        Parameters
        ----------
        X : Windows or array-like
            As for `predict_proba`, which says what it refuses.

        Returns
        -------
        y : ndarray of shape (n_windows,)
        """
        most_probable = self.predict_proba(X).argmax(axis=1)
        return self.classes_[most_probable]

    def score(self, X, y, sample_weight=None):
        """Return the accuracy on windows that have a label.

        Scorers of scikit-learn would take -1 for one more class, and its windows for
        mistaken: give them labelled windows alone.

        Parameters
        ----------
        X : Windows or array-like
            As for `predict_proba`.
        y : array-like of shape (n_windows,)
            True labels; windows of -1 are left out.
        sample_weight : array-like of shape (n_windows,), default=None
            How much each window counts.

        Returns
        -------
        accuracy : float

        Raises
        ------
        ValueError
            If no window has a label; else as `predict_proba` does.
        """
        predicted, y = self.predict(X), check_labels(y)
        check_consistent_length(predicted, y, sample_weight)
        is_labelled, labels = _split_off_labels(y)
        if sample_weight is not None:
            sample_weight = np.asarray(sample_weight)[is_labelled]
        return accuracy_score(
            labels, predicted[is_labelled], sample_weight=sample_weight
        )

    def _refit_head(self, X, encoded):
        """Fit the class head anew to the embeddings of the labelled windows."""
        embeddings = self._apply(self.net_.module_.eval(), X, self.n_features)
        labels = self.classes_[encoded]
        refit_head(self._head(), embeddings, labels, self.class_weight)

    def _head(self):
        return self.net_.criterion_.heads[0].linear

    def _apply(self, network, X, n_outputs):
        return apply_network(
            network, X, n_outputs, device=self.net_.device, n_jobs=self.n_jobs
        )

    def _encode(self, X, y):
        """Learn the classes; return which windows have one, and its number."""
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is "
                "None."
            )
        y = check_labels(y, warn=True)
        check_array(y, ensure_2d=False, dtype=None, input_name="y")
        check_n_labels(X, y)
        is_labelled, labels = _split_off_labels(y)
        check_classification_targets(labels)
        self.classes_ = np.unique(labels)
        if len(self.classes_) < 2:
            raise ValueError(
                f"A classifier needs at least 2 classes, y has 1 class: "
                f"{self.classes_.tolist()[0]!r}. -1 means no label and is no class."
            )
        warn_of_hidden_classes(X, y)
        self.class_names_ = X.class_names if are_own_labels(X, y) else None
        return is_labelled, encode(y, self.classes_)

    def _label_task(self, encoded, labelled_part):
        weight = weigh_classes(self.class_weight, self.classes_, self.classes_[encoded])
        influence = labelled_part**2 if self.accepts_unlabelled else 1.0
        return LabelTask(len(self.classes_), weight, influence)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def _split_off_labels(y):
    """Return which windows have a label, and these labels; or raise if none has."""
    is_labelled = y != UNLABELLED
    if not is_labelled.any():
        raise ValueError("No window has a label: y is -1 everywhere.")
    # Names beside -1 make an array of objects; without it they have a type.
    return is_labelled, np.array(y[is_labelled].tolist())
