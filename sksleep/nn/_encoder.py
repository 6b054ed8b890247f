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

    Raises
    ------
    ValueError
        If `precision` is none of the two.

    Attributes
    ----------
    network : torch.nn.Module
        What `module` made.

    Examples
    --------
    >>> import torch
    >>> from sksleep.nn import Encoder, StagerNet
    >>> sizes = {"n_channels": 2, "n_times": 300, "n_features": 8}
    >>> encoder = Encoder(StagerNet, sizes).eval()
    >>> windows = torch.rand(4, 2, 300, generator=torch.Generator().manual_seed(0))
    >>> embeddings = encoder(windows)
    >>> embeddings.shape
    torch.Size([4, 8])
    >>> torch.allclose(encoder(1000 * windows), embeddings, atol=1e-4)
    True
    """

    def __init__(self, module, module_params, *, normalize=True, precision="float32"):
        super().__init__()
        if precision not in ("float32", "bfloat16"):
            raise ValueError(
                f'precision must be "float32" or "bfloat16", got {precision!r}.'
            )
        self.network = module(**module_params)
        self.normalize = normalize
        self.precision = precision

    def forward(self, windows):
        """Embed windows.

        Parameters
        ----------
        windows : tensor of float32 of shape (n_windows, n_channels, n_times)

        Returns
        -------
        embeddings : tensor of float32 of shape (n_windows, n_features)
        """
        if self.normalize:
            windows = zscore(windows)
        if self.precision == "float32":
            return self.network(windows)
        # A cache lasts as long as the outermost autocast, which may be the user's, and
        # would give a training its first weights in every step.
        with torch.autocast(windows.device.type, torch.bfloat16, cache_enabled=False):
            embeddings = self.network(windows)
        is_tensor = isinstance(embeddings, torch.Tensor)  # or the net refuses it
        return embeddings.to(windows.dtype) if is_tensor else embeddings


def zscore(windows):
    """Bring each window and channel to zero mean and unit variance.

    Parameters
    ----------
    windows : tensor of floats of shape (..., n_times)
        Not changed.

    Returns
    -------
    normalized : tensor of the same shape
        A constant window becomes zeros.

    Examples
    --------
    >>> import torch
    >>> from sksleep.nn import zscore
    >>> zscore(torch.tensor([[1.0, 1.0, 3.0, 3.0], [5.0, 5.0, 5.0, 5.0]]))
    tensor([[-1., -1.,  1.,  1.],
            [ 0.,  0.,  0.,  0.]])
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
