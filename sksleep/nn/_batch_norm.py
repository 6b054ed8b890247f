"""Batch normalisation that the next convolution takes in, and so costs nothing."""

import torch


def fold_into(convolution, norm, mean, variance):
    """Return kernel and bias that do a normalisation and then a convolution.

    Parameters
    ----------
    convolution : torch.nn.Conv1d
    norm : torch.nn.BatchNorm1d
        Of the convolution's inputs.
    mean, variance : tensor of shape (n_inputs,)
        To normalise by.

    Returns
    -------
    weight : tensor of shape (n_filters, n_inputs, kernel_size)
    bias : tensor of shape (n_filters,)
    """
    scale, shift = scale_and_shift(norm, mean, variance)
    weight = convolution.weight * scale[:, None]
    return weight, convolution.bias + convolution.weight.sum(2) @ shift


def scale_and_shift(norm, mean, variance):
    """Return by what a normalisation multiplies its inputs, and what it adds then.

    Parameters
    ----------
    norm : torch.nn.BatchNorm1d
    mean, variance : tensor of shape (n_inputs,)
        To normalise by.

    Returns
    -------
    scale, shift : tensor of shape (n_inputs,)
    """
    scale = norm.weight * (variance + norm.eps).rsqrt()
    return scale, norm.bias - mean * scale


@torch.no_grad()
def update(norm, mean, variance, n):
    """Move the running moments towards those of a batch, as BatchNorm1d does.

    Parameters
    ----------
    norm : torch.nn.BatchNorm1d
    mean, variance : tensor of shape (n_inputs,)
        The variance is not corrected for the mean's degree of freedom.
    n : int
        How many values they are of.

    Raises
    ------
    ValueError
        If there is only one.
    """
    if n == 1:
        raise ValueError("Training needs more than one value per filter, got 1.")
    norm.num_batches_tracked += 1
    momentum = norm.momentum
    if momentum is None:  # the mean over all batches, as torch's update_bn takes it
        momentum = 1 / norm.num_batches_tracked.item()
    norm.running_mean.lerp_(mean, momentum)
    norm.running_var.lerp_(variance * (n / (n - 1)), momentum)
