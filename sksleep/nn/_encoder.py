"""The network that an embedder trains: normalisation, then any encoder."""

import math

import torch
from torch import nn


class Encoder(nn.Module):
    """An encoder that sees windows of zero mean and unit variance.

    Parameters
    ----------
    module : type
        The encoder's class, a ``torch.nn.Module``.
    module_params : dict
        Its arguments.
    normalize : bool, default=True
        Whether to bring each window and channel to zero mean and unit variance.
    precision : {"float32", "bfloat16"}, default="float32"
        What the encoder computes in. With "bfloat16" torch's autocast chooses the
        operations that can do with it; weights and embeddings stay float32.
    """

    def __init__(self, module, module_params, *, normalize=True, precision="float32"):
        super().__init__()
        self.network = module(**module_params)
        self.normalize = normalize
        self.precision = precision

    def forward(self, windows):
        """Embed windows of shape (n_windows, n_channels, n_times)."""
        if self.normalize:
            windows = zscore(windows)
        if self.precision == "float32":
            return self.network(windows)
        with torch.autocast(windows.device.type, torch.bfloat16):
            embeddings = self.network(windows)
        is_tensor = isinstance(embeddings, torch.Tensor)  # or the net refuses it
        return embeddings.to(windows.dtype) if is_tensor else embeddings


def zscore(windows):
    """Bring each window and channel to zero mean and unit variance.

    Parameters
    ----------
    windows : tensor of shape (..., n_times)

    Returns
    -------
    normalized : tensor of the same shape
        A constant window becomes zeros.
    """
    # Without its first sample's value a constant window is exactly zero, and a large
    # offset takes no digits from the mean and the variance.
    windows = windows - windows[..., :1]
    windows -= windows.mean(dim=-1, keepdim=True)
    scale = torch.linalg.vector_norm(windows, dim=-1, keepdim=True)
    scale = scale / math.sqrt(windows.shape[-1])
    scale = scale.where(scale > 0, scale.new_ones(()))
    # The norm's gradient needs the windows as they are.
    return windows / scale if windows.requires_grad else windows.div_(scale)
