"""Layers of a module that learn faster or more slowly than the others."""


def lr_factors(module):
    """Return how many times the learning rate some layers of a module class have.

    Parameters
    ----------
    module : type
        A ``torch.nn.Module``; its attribute `lr_factors`, if there is one, tells.

    Returns
    -------
    factors : dict of str to float
    """
    return dict(getattr(module, "lr_factors", {}))


def param_groups(module, lr):
    """Return the groups of parameters with a rate of their own, as skorch wants them.

    Parameters
    ----------
    module : type
        Class of the encoder's network.
    lr : float
        The rate of all others.

    Returns
    -------
    groups : list of (str, dict)
    """
    factors = lr_factors(module)
    # The first group takes a parameter: layers inside of others come before them.
    return [
        (f"network.{layer}.*", {"lr": factors[layer] * lr})
        for layer in sorted(factors, key=lambda layer: -layer.count("."))
    ]


def check_lr_factors(network):
    """Raise a ValueError if there is a rate for a layer that a network has not."""
    layers = {name for name, _ in network.named_modules()}
    unknown = sorted(set(lr_factors(type(network))) - layers)
    if unknown:
        raise ValueError(
            f"{type(network).__name__}.lr_factors names layers that there are not: "
            f"{unknown}."
        )
