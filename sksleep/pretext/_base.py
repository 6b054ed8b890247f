"""What a pretext task is: it plans an epoch, makes a head, and gives the loss."""

from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from torch.nn import functional

from .._constraints import validate_parameter_constraints

# The target of a tuple that asks nothing: what torch's cross-entropy leaves out, too.
NOT_ASKED = -100


class Batch(NamedTuple):
    """The windows that meet in one training step, and what is asked of them.

    Parameters
    ----------
    windows : ndarray of int of shape (n_unique,)
        The windows to embed, each once, or once for each view of it that a task's
        `prepare` makes.
    tuples : ndarray of int of shape (n_tuples, tuple_length)
        Positions in `windows`.
    targets : ndarray of shape (n_tuples,) or (n_tuples, ...)
        The right answer for each tuple.

    Examples
    --------
    >>> import numpy as np
    >>> from sksleep.pretext import Batch
    >>> pairs, are_close = np.array([[0, 1], [1, 2]]), np.array([1, 0])
    >>> batch = Batch(np.array([7, 9, 40]), pairs, are_close)
    >>> batch.windows[batch.tuples]  # the windows that each question is about
    array([[ 7,  9],
           [ 9, 40]])
    """

    windows: np.ndarray
    tuples: np.ndarray
    targets: np.ndarray


def part_of_asked(is_right, targets):
    """Return the part of right answers among those asked for.

    Parameters
    ----------
    is_right : tensor of bool of the shape of the targets
    targets : tensor
        -100 asks for nothing.

    Returns
    -------
    part : tensor with one number
    """
    is_asked = targets != NOT_ASKED
    return (is_right & is_asked).sum() / is_asked.sum()


class PretextTask(BaseEstimator):
    """Base of the pretext tasks; knows nothing of training loops.

    A task writes `plan_epoch` and `make_head`. The loss and the accuracy below are
    those of a yes-or-no question, with one score per tuple; a task with other
    scores writes these too. Everything else has a default that fits most tasks.

    Attributes
    ----------
    is_capturable : bool
        Whether a GPU may replay a step from a CUDA graph, which starts its
        operations all at once; False. A task that sets it to True promises two things.
        The operations of head, loss and accuracy depend on the sizes of their inputs
        alone, never on values, stay on their device, and take random numbers from torch
        only. And tuples with a target of -100 change nothing: loss and accuracy ignore
        them, as those below do, and the head scores no tuple by another, as where the
        others of a batch are the wrong answers. They pad a batch to a size that comes
        more often, unless the task has a `prepare` of its own. A subclass that writes
        one of these methods anew has to set it anew.
    default_batch_size : int
        About how many windows of a training step are the task's, where the user does
        not say; 64.
    uses_labels : bool
        Whether the targets are the windows' labels, not those that are planned; False,
        as for every pretext task.

    Examples
    --------
    A task that asks whether a window is upside down:

    >>> import numpy as np
    >>> from torch import nn
    >>> from sksleep.embedding import StagerNetEmbedder
    >>> from sksleep.pretext import Batch, PretextTask, embeddings_at
    >>> class OneScore(nn.Module):
    ...     def __init__(self, n_features):
    ...         super().__init__()
    ...         self.linear = nn.Linear(n_features, 1)
    ...
    ...     def forward(self, embeddings, tuples):
    ...         return self.linear(embeddings_at(embeddings, tuples[:, 0])).squeeze(1)
    >>> class UpsideDown(PretextTask):
    ...     def plan_epoch(self, recording_index, onsets, batch_size, rng):
    ...         order = rng.permutation(len(onsets))
    ...         for windows in np.array_split(order, max(1, len(order) // batch_size)):
    ...             tuples = np.arange(len(windows))[:, np.newaxis]
    ...             yield Batch(windows, tuples, rng.integers(2, size=len(windows)))
    ...
    ...     def prepare(self, signal, tuples, targets):
    ...         signal[targets == 1] *= -1
    ...         return signal, targets
    ...
    ...     def make_head(self, n_features):
    ...         return OneScore(n_features)
    >>> windows = np.random.default_rng(0).normal(size=(40, 2, 100))
    >>> embedder = StagerNetEmbedder(
    ...     UpsideDown(), n_features=8, max_epochs=1, random_state=0
    ... )
    >>> embedder.fit_transform(windows).shape
    (40, 8)
    """

    _parameter_constraints = {}

    uses_labels = False
    # Few windows a step mean many steps an epoch; a task that looks for wrong answers
    # among them needs more.
    default_batch_size = 64
    is_capturable = False

    def plan_epoch(self, recording_index, onsets, batch_size, rng):
        """Yield the batches of one epoch.

        The next batch is asked for in another thread, while one is trained on: keep
        nothing in the task, and draw from `rng` alone.

        Parameters
        ----------
        recording_index : ndarray of int of shape (n_windows,)
            For each window, a number for its recording.
        onsets : ndarray of float of shape (n_windows,)
            For each window, when it begins in its recording, in seconds.
        batch_size : int
            About how many windows to embed per batch.
        rng : numpy.random.Generator
            The only source of chance.

        Yields
        ------
        batch : Batch
            One without tuples is left out.

        Raises
        ------
        NotImplementedError
            If a task does not write this method.
        """
        raise NotImplementedError(f"{type(self).__name__} does not plan an epoch.")

    def make_head(self, n_features):
        """Return a module from (embeddings, tuples) to scores.

        Parameters
        ----------
        n_features : int
            Size of an embedding.

        Returns
        -------
        head : torch.nn.Module
            Called with the embeddings (n_unique, n_features) of a batch's windows
            and its tuples (n_tuples, tuple_length). It takes embeddings by
            :func:`embeddings_at`, so that trainings can be repeated to the bit.

        Raises
        ------
        NotImplementedError
            If a task does not write this method.
        """
        raise NotImplementedError(f"{type(self).__name__} makes no head.")

    def loss(self, scores, targets):
        """Return the mean loss over tuples, here binary cross-entropy.

        Tuples with a target of -100 are left out, here and in the accuracy.

        Parameters
        ----------
        scores : tensor of shape (n_tuples,)
            What the head gives; above 0 means yes.
        targets : tensor of shape (n_tuples,)
            1 is yes, 0 is no.

        Returns
        -------
        loss : tensor with one number
        """
        is_asked = (targets != NOT_ASKED).float()
        mean = functional.binary_cross_entropy_with_logits(
            scores, targets.float() * is_asked, weight=is_asked
        )
        # Where all are asked this is a division by 1, and changes no bit.
        return mean / is_asked.mean()

    def accuracy(self, scores, targets):
        """Return the part of the tuples that the scores get right.

        Parameters
        ----------
        scores, targets : tensor of shape (n_tuples,)
            As for `loss`.

        Returns
        -------
        accuracy : tensor with one number
        """
        return part_of_asked((scores > 0) == (targets > 0), targets)

    def prepare(self, signal, tuples, targets):
        """Change what the network sees, or find the targets in the signal.

        Chance comes from torch's own functions, which each epoch seeds anew, or from
        the plan: other sources would make the training irreproducible.

        Parameters
        ----------
        signal : tensor of shape (n_unique, n_channels, n_times)
            The signal of the batch's windows.
        tuples : tensor of shape (n_tuples, tuple_length)
            As planned.
        targets : tensor
            As planned.

        Returns
        -------
        signal : tensor of shape (n_unique, n_channels, n_times)
        targets : tensor
        """
        return signal, targets

    def check_params(self):
        """Raise a ValueError if a parameter has no sense.

        An embedder calls it in ``fit``, before any training. It checks the types and
        bounds that the class declares in `_parameter_constraints`, as scikit-learn's
        estimators do; a subclass that has its own adds those of its base. A task whose
        parameters must fit each other overrides this method and calls it first.

        Raises
        ------
        ValueError
            The message names task and parameter.
        """
        constraints = self._parameter_constraints
        values = {k: getattr(self, k) for k in constraints if hasattr(self, k)}
        validate_parameter_constraints(constraints, values, type(self).__name__)

    def serves(self, onsets):
        """Tell whether a recording with windows at these onsets has a valid tuple.

        Parameters
        ----------
        onsets : ndarray of float of shape (n_windows,)
            When the windows of one recording begin, in seconds, sorted.

        Returns
        -------
        serves : bool
        """
        return len(onsets) > 0

    def requirement(self):
        """Say in words what `serves` asks of a recording, for error messages.

        Returns
        -------
        requirement : str
            What goes between "needs" and "in a recording", such as ``"a window"``.
        """
        return "a window"
