"""From an estimator's parameters to a trained net."""

from inspect import signature
from operator import methodcaller

import numpy as np
import torch

from .._signal_store import check_folder
from ..nn import Encoder
from ._checkpoint import ResumableTraining, checkpoint_path
from ._input import warn_of_overlap
from ._layer_rates import check_lr_factors, param_groups
from ._net import BestWeights, EpochMeans, PretextNet
from ._optimizer import Adam
from ._serving_recordings import hold_out
from ._torch_state import (
    deterministic_cudnn,
    draw_seed,
    float32_by_default,
    gradients_enabled,
    seeded_torch,
    torch_threads,
    without_autocast,
)

# Of Adam. A training has few steps: with the usual 0.9 it reaches in three epochs what
# it reaches with this in two.
_BETAS = (0.6, 0.999)

# Most epochs by default. With recordings held out, they end most trainings sooner.
_USUAL_EPOCHS = {True: 30, False: 12}


def make_net(estimator, tasks, seed, device):
    """Return an estimator's net, initialised from torch's random state.

    Parameters
    ----------
    estimator : StagerNetEmbedder or StagerNetClassifier
        With `window_shape_`.
    tasks : list of WeightedTask
    seed : int
        Decides plans and dropout.
    device : str
        As :func:`check_device` returns it.

    Returns
    -------
    net : PretextNet
    """
    if not issubclass(estimator.module, torch.nn.Module):
        raise ValueError(
            f"module must be a class of torch.nn.Module, got {estimator.module!r}."
        )
    n_channels, n_times = estimator.window_shape_
    sizes = {
        "n_channels": n_channels,
        "n_times": n_times,
        "n_features": int(estimator.n_features),  # of numpy's torch takes few
    }
    module_params = sizes | (estimator.module_params or {})
    net = PretextNet(
        Encoder,
        module__module=estimator.module,
        module__module_params=module_params,
        module__normalize=estimator.normalize,
        module__precision=estimator.precision,
        criterion__tasks=tasks,
        criterion__n_features=int(estimator.n_features),
        optimizer=Adam,
        optimizer__betas=_BETAS,
        optimizer__param_groups=param_groups(estimator.module, estimator.lr),
        optimizer__weight_decay=estimator.weight_decay,
        lr=estimator.lr,
        batch_size=estimator.batch_size,
        tasks=tasks,
        seed=seed,
        train_split=None,
        device=device,
        verbose=estimator.verbose,
    )
    try:
        # Float32, as windows are, by the generator that is seeded, wherever torch makes
        # tensors by default.
        with float32_by_default(), torch.device("cpu"):
            net.initialize()
    except TypeError as error:
        _explain(error, estimator.module, module_params)
        raise
    check_lr_factors(net.module_.network)
    _check_module(net.module_, net.device, n_channels, n_times, estimator.n_features)
    return net


def _explain(error, module, module_params):
    """Raise a ValueError if an error is that a module does not take its arguments."""
    try:
        arguments = signature(module)
    except (TypeError, ValueError):  # it does not tell them
        return
    try:
        arguments.bind(**module_params)
    except TypeError as misfit:
        raise ValueError(
            f"module_params do not fit {module.__name__}: {misfit}."
        ) from error


def check_device(device):
    """Return a device's full name, a GPU's for None if there is one, or raise.

    The full name, as in "cuda:0", means the same device in every thread.
    """
    given = device
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        one = torch.ones(1, dtype=torch.float32, device=device)
        one.item()
    except (RuntimeError, AssertionError, TypeError, ImportError) as error:
        if given is None:
            raise ValueError(
                f"torch finds a GPU, but cannot compute on it ({error}); give "
                'device="cpu".'
            ) from error
        raise ValueError(
            f"device={device!r} is none that torch can compute on here ({error}); give "
            '"cpu", "cuda" for a GPU, or None to take a GPU if there is one.'
        ) from error
    return str(one.device)


def fit_net(estimator, tasks, dataset, choose_held_out=hold_out):
    """Make an estimator's net and train it, reproducibly.

    Sets `net_`, `held_out_` and `pretext_accuracy_`.

    Parameters
    ----------
    estimator : StagerNetEmbedder or StagerNetClassifier
        With `window_shape_`.
    tasks : list of WeightedTask
        Without any the network keeps its initial weights.
    dataset : PretextDataset
        All windows.
    choose_held_out : callable
        From (dataset, validation_fraction, rng) to the recordings to hold out from
        each task.
    """
    _check_checkpoint_dir(estimator)
    seed = draw_seed(estimator.random_state)
    device = check_device(estimator.device)
    with (
        gradients_enabled(),
        without_autocast(device),
        seeded_torch(seed, device),
        deterministic_cudnn(device),
        torch_threads(estimator.n_jobs),
    ):
        net = make_net(estimator, tasks, seed, device)
        held_out = [np.array([], dtype=int)]
        if tasks:
            rng = np.random.default_rng([seed, 3])
            held_out = choose_held_out(dataset, estimator.validation_fraction, rng)
            _train(net, estimator, tasks, dataset, held_out)
    estimator.net_ = net
    numbers = np.unique(np.concatenate(held_out))
    estimator.held_out_ = [dataset.source.names[number] for number in numbers]
    estimator.pretext_accuracy_ = _best_accuracies(net)


def _check_checkpoint_dir(estimator):
    """Raise a ValueError if a training could not go on from where it was killed."""
    if estimator.checkpoint_dir is None:
        return
    if estimator.random_state is None:
        raise ValueError(
            "checkpoint_dir needs a random_state: a training goes on only from its own "
            "seed."
        )
    check_folder("checkpoint_dir", estimator.checkpoint_dir)


def _train(net, estimator, tasks, dataset, held_out):
    """Train the net; with recordings held out, until it stops improving."""
    if not all(item.task.uses_labels for item in tasks):
        warn_of_overlap(dataset.source.X)
    has_validation = any(map(len, held_out))
    if has_validation:
        net.train_split = methodcaller("split", held_out)
    dataset = dataset.on(net.device)
    for part, is_training in zip(dataset.split(held_out), (True, False), strict=True):
        batches = net.get_iterator(part, training=is_training)
        _check_plans(net, batches, is_training, estimator.validation_fraction)
    net.max_epochs = estimator.max_epochs or _USUAL_EPOCHS[has_validation]
    net.callbacks = _callbacks(net, estimator, dataset, has_validation)
    net.initialize_callbacks()
    net.train(dataset)


def _check_plans(net, batches, is_training, validation_fraction):
    """Raise a ValueError if no batch has a tuple of a task, before any training."""
    rows = batches.dataset.rows
    first = zip(net.tasks, rows, batches.first_batches(), strict=True)
    for item, rows_of_task, batch in first:
        if batch is None and len(rows_of_task):
            where, way_out = "", "recordings with more windows"
            if not is_training:
                where = " of the held-out recordings"
                way_out = (
                    "another validation_fraction instead of "
                    f"{validation_fraction!r}, or None to train on all"
                )
            raise ValueError(
                f"{item.name} finds nothing to ask about in any batch of "
                f"{batches.batch_size_of(item.task)} windows{where}; give a larger "
                f"batch_size, or {way_out}."
            )


def _callbacks(net, estimator, dataset, has_validation):
    callbacks = [("means", EpochMeans())]
    if has_validation:
        stopper = BestWeights(
            monitor="valid_objective",
            patience=estimator.patience,
            threshold=0.0,
            load_best=True,
        )
        callbacks.append(("stopper", stopper))
    if estimator.checkpoint_dir is not None:
        path = checkpoint_path(estimator.checkpoint_dir, estimator, net, dataset)
        callbacks.append(("resumable", ResumableTraining(path)))
    return callbacks


def _best_accuracies(net):
    """Return each task's accuracy on the held-out recordings, in the best epoch."""
    if not any("valid_objective" in epoch for epoch in net.history):
        return {}
    best = min(net.history, key=lambda epoch: epoch["valid_objective"])
    keys = {item.name: f"valid_accuracy_{item.name}" for item in net.tasks}
    return {name: best[key] for name, key in keys.items() if key in best}


def _check_module(encoder, device, n_channels, n_times, n_features):
    """Raise a ValueError unless the encoder gives one embedding per window."""
    # Not in inference mode: what a module may keep of it could not be trained with.
    with torch.no_grad():
        windows = torch.zeros(
            2, n_channels, n_times, device=device, dtype=torch.float32
        )
        embeddings = encoder.eval()(windows)
    shape = tuple(getattr(embeddings, "shape", ())) or type(embeddings).__name__
    if shape != (2, n_features):
        raise ValueError(
            f"module {type(encoder.network).__name__} must turn windows of shape "
            f"(2, {n_channels}, {n_times}) into embeddings of shape "
            f"(2, {n_features}), got {shape}."
        )
    if embeddings.dtype != torch.float32:
        raise ValueError(
            f"module {type(encoder.network).__name__} must give embeddings of float32, "
            f"as the windows are, got {embeddings.dtype}."
        )
