"""Read a StagerNet from published weights, executing nothing in the file."""

import io
import struct
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError

import torch

from ._stager_net import StagerNet

# What torch.load raises for a file that is no state dict, or a damaged one.
UNREADABLE = (
    UnpicklingError,
    RuntimeError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OSError,
    struct.error,
)

# Layer names of the weights published with the mouse study, and ours.
_PUBLISHED_LAYERS = {
    "conv1": "spatial",
    "conv2": "temporal1",
    "batchnorm1": "norm1",
    "conv3": "temporal2",
    "batchnorm2": "norm2",
    "dense1": "linear",
}
_ENCODER_PREFIX = "network."


def load_stager_net(path_or_state_dict, *, n_times=3000, pool_sizes=None):
    """Make a StagerNet with given weights, in evaluation mode.

    Parameters
    ----------
    path_or_state_dict : path-like or mapping of str to tensor
        A file that ``torch.save`` made of a state dict, or the state dict: in the
        published layer names (``conv1``, ``conv2``, ``conv3``, ``batchnorm1``,
        ``batchnorm2``, ``dense1``), in those of :class:`StagerNet` or in those of a
        trained embedder's ``net_.module_``. A file is read with ``weights_only=True``,
        which executes nothing in it.
    n_times : int, default=3000
        Samples of the windows that the weights are for.
    pool_sizes : tuple of two int, default=None
        The pools, which the weights do not tell; None as for :class:`StagerNet`.

    Returns
    -------
    network : StagerNet
    params : dict
        The `n_channels`, `n_times` and other arguments that make such a network.

    Raises
    ------
    ValueError
        If the file or mapping does not hold the weights of a StagerNet, or not for
        windows of `n_times` samples.
    OSError
        If there is no such file, or it cannot be read.

    Examples
    --------
    >>> from sksleep.nn import StagerNet, load_stager_net
    >>> trained = StagerNet(n_channels=11, n_times=3000)
    >>> network, params = load_stager_net(trained.state_dict())
    >>> network.training
    False
    >>> params["n_channels"], params["kernel_sizes"]
    (11, (50, 50))
    """
    weights = _translate(_read(path_or_state_dict))
    params = _sizes(weights) | {"n_times": n_times, "pool_sizes": pool_sizes}
    with torch.device("meta"):  # draws no weights, which would move the random state
        network = StagerNet(**params).float()  # whatever torch's default is
    expected = network.linear.weight.shape[1]
    found = weights["linear.weight"].shape[1]
    if found != expected:
        raise ValueError(
            f"The weights are for another window: their linear layer reads {found} "
            f"features, but windows of n_times={n_times} samples with pool_sizes="
            f"{network.pool_sizes} give {expected}."
        )
    _check_shapes(weights, network)
    network.to_empty(device="cpu").load_state_dict(weights)
    return network.eval(), params


def _read(path_or_state_dict):
    if isinstance(path_or_state_dict, Mapping):
        return path_or_state_dict
    content = io.BytesIO(Path(path_or_state_dict).read_bytes())
    try:
        return torch.load(content, map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        raise ValueError(
            f"{path_or_state_dict} does not hold a state dict that can be read "
            "without executing code in it."
        ) from error


def _translate(state_dict):
    """Return the weights under the names and in the shapes of StagerNet."""
    weights = {}
    for name, value in state_dict.items() if isinstance(state_dict, Mapping) else ():
        # Those of a whole encoder of ours have its own prefix.
        layer, _, kind = str(name).removeprefix(_ENCODER_PREFIX).partition(".")
        weights[f"{_PUBLISHED_LAYERS.get(layer, layer)}.{kind}"] = value
    with torch.device("meta"):
        expected = set(StagerNet(1, 3000).state_dict())
    if set(weights) != expected:
        missing = sorted(expected - set(weights))
        unknown = sorted(set(weights) - expected)
        raise ValueError(
            "These are not the weights of a StagerNet: "
            f"missing {missing or 'nothing'}, unknown {unknown or 'nothing'}."
        )
    for name, value in weights.items():
        if not isinstance(value, torch.Tensor):
            raise ValueError(
                f"These are not the weights of a StagerNet: {name} is of type "
                f"{type(value).__name__}, not a tensor."
            )
    for layer in ("spatial", "temporal1", "temporal2"):
        weights[f"{layer}.weight"] = _one_dimensional(weights[f"{layer}.weight"])
    return weights


def _one_dimensional(kernel):
    """Return a kernel as (out, in, time); published ones have further axes of 1."""
    if kernel.ndim != 4:
        return kernel
    if kernel.shape[2] == 1:  # the spatial one: (out, 1, 1, channel)
        return kernel.reshape(kernel.shape[0], -1, 1)
    return kernel.squeeze(-1)


def _check_shapes(weights, network):
    for name, expected in network.state_dict().items():
        if weights[name].shape != expected.shape:
            raise ValueError(
                f"These are not the weights of a StagerNet: {name} has shape "
                f"{tuple(weights[name].shape)} where the other layers make it "
                f"{tuple(expected.shape)}."
            )


def _sizes(weights):
    """Read the arguments of StagerNet from the shapes of its weights."""
    for layer, ndim in (
        ("spatial", 3),
        ("temporal1", 3),
        ("temporal2", 3),
        ("linear", 2),
    ):
        shape = tuple(weights[f"{layer}.weight"].shape)
        if len(shape) != ndim or 0 in shape:
            raise ValueError(
                f"These are not the weights of a StagerNet: {layer}.weight has shape "
                f"{shape}."
            )
    return {
        "n_channels": weights["spatial.weight"].shape[0],
        "n_features": weights["linear.weight"].shape[0],
        "n_filters": weights["temporal1.weight"].shape[0],
        "kernel_sizes": tuple(
            weights[f"temporal{stage}.weight"].shape[-1] for stage in (1, 2)
        ),
    }
