"""StagerNetEmbedder: windows in, embeddings out, learnt without labels."""

from os import PathLike

from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.utils.validation import check_is_fitted

from .._check_windows import check_windows
from .._checks import check_out
from .._constraints import FRACTION, N_JOBS, NOT_NEGATIVE, POSITIVE, AtLeast, StrOptions
from .._labels import check_n_labels
from .._own_labels import note_own_labels, warn_of_other_names
from ..nn import StagerNet, load_stager_net
from ._batches import PretextDataset
from ._inference import apply_network
from ._input import (
    forget_fit,
    locate_windows,
    warn_of_scale,
    warn_of_subjects,
)
from ._serving_recordings import find_rows
from ._tasks import PretextParams, weight_tasks
from ._torch_state import gradients_enabled, seeded_torch
from ._training import check_device, fit_net, make_net


class StagerNetEmbedder(
    PretextParams, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """Embed windows by a network that a pretext task trains, without labels.

    Windows of the same recording that are close in time mostly share their state:
    a pretext task makes a question of that, whose answer needs no label. The
    network that learns to answer it turns windows into embeddings in which a
    linear classifier finds the states from few labels.

    Parameters
    ----------
    pretext : PretextTask, list of PretextTask, "random" or None, default=None
        The task; of a list, all tasks train one network together. None is
        ``RelativePositioning()``; ``"random"`` leaves the network as it was
        initialised, the baseline. The parameters of a task in a list are reached by
        its class name, as in ``pretext__TemporalShuffling__tau_pos``.
    pretext_weights : list of float, default=None
        With several tasks, how much the loss of each counts; None is 1 for all.
    n_features : int, default=100
        Size of an embedding.
    module : type, default=StagerNet
        Class of the network, a ``torch.nn.Module`` that takes `n_channels`,
        `n_times`, `n_features` and `module_params`.
    module_params : dict, default=None
        Further arguments of `module`.
    normalize : bool, default=True
        Whether to bring each window and channel to zero mean and unit variance
        first; constant ones become zeros. A filter leaves rounding errors of what was
        constant, which this would blow up: drop such windows with `flat` of the
        Windower. Without it signals in volts are too small to learn from: scale them
        before, to about 1.
    max_epochs : int, default=None
        Most epochs to train. None is 30 where recordings are held out, which end most
        trainings sooner, and 12 where none are. An epoch embeds each training window
        about once per task, with `n_tuples` as many as those need; of several tasks
        those with fewer batches start over.
    batch_size : int, default=None
        About how many windows to embed per training step, divided among the pretext
        tasks, but not fewer than a task's `windows_per_recording` or
        `windows_per_sequence`, as they are asked about together. None is what suits
        each: 32 for RelativePositioning and TemporalShuffling, 64 with their `n_tuples`
        and for a task of your own, 128 for ContrastivePredictiveCoding.
    lr : float, default=2e-3
        Learning rate of the Adam optimiser, whose betas are 0.6 and 0.999. Layers in
        `module.lr_factors`, if there is such a dict, learn with so many times that:
        StagerNet's spatial convolution with 4 times.
    weight_decay : float, default=3e-4
        Of Adam, as ``torch.optim.Adam`` has it: half of this times the squared weights
        is added to the loss.
    validation_fraction : float, "auto" or None, default="auto"
        Part of the recordings that is held out to decide when to stop. With None,
        or where only one recording serves the tasks, all epochs are trained. "auto" is
        0.2 where five recordings or more, with 4,000 windows or more in all, serve the
        task. For less it is None: then training on all is worth more than knowing when
        to stop. A number of which nothing comes is warned of.
    patience : int, default=3
        Epochs without a smaller loss on the held-out recordings after which
        training stops. The weights of the best epoch are kept.
    device : str, default=None
        Where torch computes, for example "cpu" or "cuda". None takes a GPU of CUDA if
        there is one. It holds the recordings if they take at most half of its free
        memory; otherwise it gets batch by batch. Apple's "mps" repeats no training.
    precision : {"float32", "bfloat16"}, default="float32"
        What the network computes in. "bfloat16" is mixed precision: weights and
        embeddings stay float32. It is for windows of many samples: those of 3 s at 1000
        Hz train 1.5 to 2.2 times as fast on Intel's processors with AMX (servers since
        2023), 1.2 to 1.8 times on AMD's Zen 4; shorter ones gain less. Large batches on
        a GPU are 1.3 times as fast. StagerNet stays in float32 on Zen 4 below 1000
        samples, on other processors, and with a torch that cannot tell (2.13 can).
        With "float32" on a GPU, torch lets convolutions round to TensorFloat-32.
    n_jobs : int, default=None
        Threads of torch: None is 1, or what ``joblib.parallel_config`` says, and -1 all
        processors. The weights' last bits depend on it. Trainings that are started in
        several threads of a process take turns, as they would draw from the same random
        generator; processes train at the same time. So no pretext task may wait for a
        thread that trains. In processes that are forked, as joblib's "multiprocessing"
        does, torch hangs where it had several threads before; "loky" is safe.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, held-out recordings, batches and dropout. With an int,
        weights are byte-identical on the same machine with the same versions. On a GPU
        torch promises that of ContrastivePredictiveCoding's recurrent layer only if the
        environment variable CUBLAS_WORKSPACE_CONFIG is ":4096:2". None is another seed
        in each fit, whatever numpy's global one.
    checkpoint_dir : path-like, default=None
        Folder for the state after each epoch. A training that was killed goes on
        from there when it is started again with the same parameters, data and code of
        modules and tasks of your own, settings and functions of their script included.
        A different `n_jobs`, `device` or `verbose` goes on, too; other first weights do
        not. What those functions call and what is imported is not looked at. Needs a
        `random_state`. You delete the files and any ``*.part`` left over.
    verbose : int, default=0
        With 1, a line per epoch.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; ``net_.module_`` is the encoder, which normalises windows,
        ``net_.module_.network`` the network therein, and ``net_.history`` tells losses
        and accuracies of all epochs, and how many windows each embedded.
    pretext_accuracy_ : dict of str to float
        Each task's accuracy on the held-out recordings, in the best epoch. Empty if
        none was held out.
    held_out_ : list of str
        Names of the held-out recordings.
    window_shape_ : tuple of int
        (n_channels, n_times) of the windows.
    n_features_in_ : int
        Channels of the windows; samples for two-dimensional arrays. Not there with
        given weights for one channel.
    ch_names_, sfreq_ : tuple of str, float
        Channel names and sampling rate, where fitted on Windows.

    See Also
    --------
    sksleep.features.BandPower : The handcrafted baseline.

    References
    ----------
    Banville et al. (2021), "Uncovering the structure of clinical EEG signals with
    self-supervised learning", J. Neural Eng. 18, 046020.

    Examples
    --------
    >>> import numpy as np
    >>> from sksleep.embedding import StagerNetEmbedder
    >>> from sksleep.pretext import RelativePositioning
    >>> windows = np.random.default_rng(0).normal(size=(40, 2, 100))
    >>> recordings = np.repeat([0, 1], 20)
    >>> task = RelativePositioning(tau_pos=2, tau_neg=5)
    >>> embedder = StagerNetEmbedder(task, n_features=8, max_epochs=1, random_state=0)
    >>> embedder.fit_transform(windows, groups=recordings).shape
    (40, 8)
    """

    _parameter_constraints = {
        "pretext": "no_validation",  # `weight_tasks` has more to say
        "pretext_weights": [list, tuple, None],
        "n_features": [AtLeast(1)],
        "module": [type],
        "module_params": [dict, None],
        "normalize": ["boolean"],
        "max_epochs": [AtLeast(1), None],
        "batch_size": [AtLeast(2), None],
        "lr": [POSITIVE],
        "weight_decay": [NOT_NEGATIVE],
        "validation_fraction": [FRACTION, StrOptions({"auto"}), None],
        "patience": [AtLeast(1)],
        "device": [str, None],
        "precision": [StrOptions({"float32", "bfloat16"})],
        "n_jobs": N_JOBS,
        "random_state": ["random_state"],
        "checkpoint_dir": [str, PathLike, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        pretext=None,
        *,
        pretext_weights=None,
        n_features=100,
        module=StagerNet,
        module_params=None,
        normalize=True,
        max_epochs=None,
        batch_size=None,
        lr=2e-3,
        weight_decay=3e-4,
        validation_fraction="auto",
        patience=3,
        device=None,
        precision="float32",
        n_jobs=None,
        random_state=None,
        checkpoint_dir=None,
        verbose=0,
    ):
        self.pretext = pretext
        self.pretext_weights = pretext_weights
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

    @classmethod
    def from_weights(
        cls,
        path_or_state_dict,
        *,
        n_times=3000,
        pool_sizes=None,
        normalize=True,
        device=None,
        precision="float32",
    ):
        """Return a fitted embedder with given weights of a StagerNet.

        Waits while another thread trains. ``fit`` begins anew: freeze it in a Pipeline.

        Parameters
        ----------
        path_or_state_dict : path-like or mapping of str to tensor
            A state dict, or the file that ``torch.save`` made of one, in the layer
            names of the published networks, of ``sksleep.nn.StagerNet`` or of another
            embedder's ``net_.module_``. Nothing in the file is executed.
        n_times : int, default=3000
            Samples of the windows that the weights are for.
        pool_sizes : tuple of two int, default=None
            The network's pools, where they are not those that StagerNet has by
            default for `n_times`.
        normalize, device, precision
            As for the class.

        Returns
        -------
        embedder : StagerNetEmbedder
            Embeds arrays and Windows of any channel names and sampling rate.

        Raises
        ------
        ValueError
            If these are not the weights of a StagerNet for `n_times` samples, or
            torch has no such device.
        OSError
            If there is no such file, or it cannot be read.

        Examples
        --------
        >>> import numpy as np
        >>> from sksleep.embedding import StagerNetEmbedder
        >>> from sksleep.nn import StagerNet
        >>> state_dict = StagerNet(n_channels=11, n_times=3000).state_dict()
        >>> embedder = StagerNetEmbedder.from_weights(state_dict)
        >>> embedder.transform(np.zeros((2, 11, 3000))).shape
        (2, 100)
        """
        network, params = load_stager_net(
            path_or_state_dict, n_times=n_times, pool_sizes=pool_sizes
        )
        window_shape = params.pop("n_channels"), params.pop("n_times")
        n_features = params.pop("n_features")
        embedder = cls(
            n_features=n_features,
            module_params=params,
            normalize=normalize,
            device=device,
            precision=precision,
        )
        embedder._validate_params()
        embedder.window_shape_ = window_shape
        embedder.n_features_in_ = window_shape[0]
        device = check_device(device)
        with gradients_enabled(), seeded_torch(0, device):
            embedder.net_ = make_net(embedder, tasks=[], seed=0, device=device)
        embedder.net_.module_.network.load_state_dict(network.state_dict())
        embedder.held_out_, embedder.pretext_accuracy_ = [], {}
        return embedder

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, *, groups=None, onsets=None):
        """Train the network on the pretext task.

        Parameters
        ----------
        X : Windows or array-like of shape (n_windows, n_channels, n_times) or \
                (n_windows, n_times)
            The windows, labelled or not; two dimensions mean one channel.
        y : array-like of shape (n_windows,), default=None
            The pretext task uses no label. Labels that are not as many as windows are
            an error; those of Windows of which some have none are warned of.
        groups : array-like of shape (n_windows,), default=None
            For an array, which rows are of one recording; None: all of them.
            Windows know their recordings.
        onsets : array-like of float of shape (n_windows,), default=None
            For an array, when each row begins in its recording, in seconds; they must
            differ where there are no groups. None: rows of a group are consecutive
            and all times of the pretext task are counted in windows.

        Returns
        -------
        self : StagerNetEmbedder

        Raises
        ------
        ValueError
            If a parameter, `groups` or `onsets` cannot be, a sample is NaN or infinite,
            a window too short for the network, labels are not as many as windows, or no
            recording serves a pretext task; before any training.
        """
        tasks = weight_tasks(self.pretext, self.pretext_weights)
        forget_fit(self)
        X = check_windows(self, X, reset=True)
        check_n_labels(X, y)
        note_own_labels(self, X, y)
        source = locate_windows(X, groups, onsets)
        warn_of_subjects(source)
        warn_of_scale(self, X)
        rows = [find_rows(item.task, source) for item in tasks]
        fit_net(self, tasks, PretextDataset(source, rows))
        return self

    def transform(self, X, *, out=None):
        """Embed windows, a few at a time.

        Parameters
        ----------
        X : Windows or array-like of shape (n_windows, n_channels, n_times) or \
                (n_windows, n_times)
            Windows of the shape, channels and sampling rate seen in ``fit``.
        out : ndarray of float of shape (n_windows, n_features), default=None
            Where to put the embeddings, for example a memory map of more of them than
            memory holds, after ``fit``: fit_transform takes none. None makes a new
            array of float32.

        Returns
        -------
        embeddings : ndarray of shape (n_windows, n_features)
            `out`, if it was given; in a table where `set_output` asks for one.

        Raises
        ------
        ValueError
            If the windows are not like those seen in ``fit``, a sample is NaN or
            infinite, or `out` is not an array of that shape that can be written to.
        """
        check_is_fitted(self, "net_")
        X = check_windows(self, X, reset=False)
        warn_of_other_names(self, X)
        if out is not None:
            check_out(out, (len(X), self._n_features_out))
        return apply_network(
            self.net_.module_.eval(),
            X,
            self._n_features_out,
            device=self.net_.device,
            n_jobs=self.n_jobs,
            out=out,
        )

    @property
    def accepts_unlabelled(self):
        """Whether windows without a label are of use in ``fit``."""
        return self.pretext != "random"

    @property
    def _n_features_out(self):
        return self.net_.criterion__n_features

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
