"""StagerNet, the convolutional encoder of the published studies."""

from collections.abc import Sequence
from numbers import Real
from types import MappingProxyType

import torch
from torch import nn
from torch.nn import functional

from .._constraints import check_count, is_integer
from ._bfloat16_stages import bfloat16_stages
from ._cpu_stages import cpu_stages
from ._gpu import has_triton
from ._processor import bfloat16_pays

# The published network's windows: 3 s at 1000 Hz, with kernels of 50 and pools of 13.
_PUBLISHED_N_TIMES = 3000
_KERNEL_SIZE = 50
_POOL_SIZE = 13
# Samples up to which a window that would do is looked for, an hour at 300 Hz.
_LONGEST = 1 << 20
# What the kernels for GPUs can hold.
_MOST_FILTERS_ON_GPU, _LONGEST_POOL_ON_GPU = 64, 32
# Numbers in the windows of a training step, 8 MB, from which on a GPU computes for
# longer than it takes to start the operations: those of its own kernels are more.
_FEWEST_NUMBERS_ON_GPU = 1 << 21


class StagerNet(nn.Module):
    """Convolutional network from a window of signal to an embedding.

    A spatial convolution mixes the channels; twice, a convolution along time is
    followed by max pooling, ReLU and batch normalisation; then come dropout and a
    linear layer. The stages along time treat every (mixed) channel alike.

    Parameters
    ----------
    n_channels : int
        Channels of a window.
    n_times : int
        Samples of a window.
    n_features : int, default=100
        Size of the embedding.
    n_filters : int, default=16
        Filters of each temporal convolution.
    kernel_sizes : tuple of two int, default=None
        Samples that the kernels of the first and second temporal convolution span.
        None gives the published 50 to the second, and to the first 50 in
        proportion to `n_times` over the published 3000, so that at another
        sampling rate it spans the same time and the second stage sees about the
        same number of steps.
    pool_sizes : tuple of two int, default=None
        Steps that the first and second max pooling join. None gives 13, the first
        in proportion to `n_times`, as for `kernel_sizes`.
    dropout : float, default=0.1
        Part of the features that training hides from the linear layer. Published is
        0.5, which suits training on labels alone. After relative positioning, on
        simulated mice, a classifier with a thousand labels per class is 0.01 better
        with it from the third epoch on; one with ten is 0.02 worse in the first two
        epochs, then less so, and as good after eight.
    spatial_init : {"identity", "random"}, default="identity"
        What the spatial convolution begins with: the identity, which keeps channels
        apart until training mixes them, or random weights, as published. In random
        mixtures the rhythms of one channel hide those of others: on simulated mice
        relative positioning takes two to three epochs to learn from them what it learns
        in one from the identity.
    fast_cpu : bool, default=True
        Whether to compute float32 and float64 windows on a CPU as matrix products
        over blocks, a few windows at a time: the same to rounding, beside the largest
        numbers of a window, and several times as fast. It has no second derivatives,
        is not for ``torch.func``, and calls no hooks of the layers inside; a layer with
        a hook before it, as pruning has, is computed plainly, with all others.
        Under ``torch.autocast("cpu", torch.bfloat16)`` float32 windows are computed in
        bfloat16 on a processor with fast units for it (AMX, or AMD's AVX512_BF16, where
        torch knows: 2.13 does), which is faster for windows of many samples: 1.5 to 2.2
        times with AMX for those of 3000, hardly for those of 375; on AMD's Zen 4 those
        of at least 1000 alone are. All others are computed in float32.
        Other dtypes, compiling, tracing, and other layers that a user has put in the
        place of the network's use plain layers, here and on a GPU.
    fast_gpu : bool, default=True
        Whether to compute float32 windows on a GPU by kernels of the network's own, in
        one pass over the signal a stage: the same to rounding, several times as fast,
        with no second derivatives and no hooks either. For NVIDIA's GPUs since Ampere,
        with Triton 3.6 or later, which torch brings on Linux, and the C compiler and
        Python's header files that it needs: a warning says what is wrong with a Triton
        that is there. Other GPUs take plain layers, and so
        do networks of more than 64 filters or with pools of more than 32 steps, and
        training steps of less than 8 MB, unless `is_repeated` is set: the embedder sets
        it and replays captured steps, but for those networks and where this is False.
        Convolutions along time have the precision that torch is set to: from
        float32 rounded to TensorFloat-32, unless ``torch.backends.cudnn.allow_tf32`` is
        False, for which no speed was measured, and from bfloat16 under
        ``torch.autocast("cuda", torch.bfloat16)``. Channels are mixed with the
        precision that torch is set to for matrix products.

    Attributes
    ----------
    pool_sizes : tuple of two int
        Those given or, for None, those computed.
    lr_factors : mapping of str to float
        Layers that an embedder trains with more than its learning rate, and how many
        times that. Adam's steps have one size for all weights; those that mix a few
        channels are larger than those of hundreds of inputs, and would hardly move.
    is_repeated : bool
        Whether training steps are captured in CUDA graphs and replayed, so that a GPU
        starts their operations at once. False; who captures sets it to True.

    Raises
    ------
    ValueError
        If the window is too short for the kernels and pools; the message gives the
        shortest length above it that works. If sizes are not integers of at least 1,
        those of kernels and pools two, `dropout` is not between 0 and 1, or
        `spatial_init` is none of the two.

    References
    ----------
    Chambon et al. (2018), "A deep learning architecture for temporal sleep stage
    classification using multivariate and multimodal time series", IEEE TNSRE 26(4),
    section II-B. Banville et al. (2021), "Uncovering the structure of clinical EEG
    signals with self-supervised learning", J. Neural Eng. 18, section 2.3.

    Examples
    --------
    >>> import torch
    >>> from sksleep.nn import StagerNet
    >>> network = StagerNet(n_channels=11, n_times=3000)
    >>> sum(p.numel() for p in network.parameters())
    242728
    >>> network(torch.zeros(4, 11, 3000)).shape
    torch.Size([4, 100])
    """

    lr_factors = MappingProxyType({"spatial": 4.0})
    is_repeated = False

    def __init__(
        self,
        n_channels,
        n_times,
        n_features=100,
        *,
        n_filters=16,
        kernel_sizes=None,
        pool_sizes=None,
        dropout=0.1,
        spatial_init="identity",
        fast_cpu=True,
        fast_gpu=True,
    ):
        super().__init__()
        sizes = (n_channels, n_times, n_features, n_filters)
        names = ("n_channels", "n_times", "n_features", "n_filters")
        for name, size in zip(names, sizes, strict=True):
            check_count(name, size)
        # Of numpy's few bits the products below would be too large.
        n_channels, n_times, n_features, n_filters = map(int, sizes)
        _check_pair("kernel_sizes", kernel_sizes)
        _check_pair("pool_sizes", pool_sizes)
        kernels, pools = _sizes(n_times, kernel_sizes, pool_sizes)
        n_steps = _n_steps(n_times, kernels, pools)
        if n_steps < 1:
            raise ValueError(
                f"A window of {n_times} samples is too short for StagerNet; "
                f"{_what_would_do(n_times, kernel_sizes, pool_sizes)}."
            )
        if not isinstance(dropout, Real) or not 0 <= dropout <= 1:
            raise ValueError(f"dropout must lie between 0 and 1, got {dropout!r}.")
        if spatial_init not in ("identity", "random"):
            raise ValueError(
                f'spatial_init must be "identity" or "random", got {spatial_init!r}.'
            )
        self.pool_sizes = pools
        self.fast_cpu = fast_cpu
        self.fast_gpu = fast_gpu
        self.spatial = nn.Conv1d(n_channels, n_channels, 1)
        self.temporal1 = nn.Conv1d(1, n_filters, kernels[0])
        self.norm1 = nn.BatchNorm1d(n_filters)
        self.temporal2 = nn.Conv1d(n_filters, n_filters, kernels[1])
        self.norm2 = nn.BatchNorm1d(n_filters)
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(n_filters * n_steps * n_channels, n_features)
        if spatial_init == "identity":
            nn.init.dirac_(self.spatial.weight)
            nn.init.zeros_(self.spatial.bias)

    def forward(self, windows):
        """Embed windows.

        Parameters
        ----------
        windows : tensor of shape (n_windows, n_channels, n_times)
            Of as many channels and samples as the network was made for.

        Returns
        -------
        embeddings : tensor of shape (n_windows, n_features)
        """
        if not self._is_fast(windows):
            return self._project(self._stages(windows))
        device_type = windows.device.type
        in_bfloat16 = _is_in_bfloat16(windows)
        # The stages choose themselves what they round, and without units for bfloat16
        # the linear layer's products would take many times as long.
        with torch.autocast(device_type, enabled=False):
            features = self._fast_stages(windows, in_bfloat16)
            if not in_bfloat16:
                return self._project(features)
        return self._project(features)

    def has_gpu_kernels(self, device):
        """Tell whether the network's own kernels can compute on a device.

        Parameters
        ----------
        device : torch.device

        Returns
        -------
        has_gpu_kernels : bool
        """
        return (
            self.fast_gpu
            and self._has_its_layers()
            and max(len(self.temporal1.weight), len(self.temporal2.weight))
            <= _MOST_FILTERS_ON_GPU
            and max(self.pool_sizes) <= _LONGEST_POOL_ON_GPU
            and has_triton(device)
        )

    def _is_fast(self, windows):
        return (
            not torch.compiler.is_compiling()
            and not torch.jit.is_tracing()
            and len(windows) > 0
            and self._has_its_layers()
            and self._suits(windows)
            and windows.dtype == self.spatial.weight.dtype
            and self._has_fast_path(windows)
            and windows.dtype in _fast_dtypes(windows.device.type)
        )

    def _suits(self, windows):
        """Tell whether windows have a shape that fits; plain layers say what is wrong.

        The channels do, and the samples leave a step.
        """
        kernels = self.temporal1.kernel_size + self.temporal2.kernel_size
        return (
            windows.dim() == 3
            and windows.shape[1] == self.spatial.in_channels
            and _n_steps(windows.shape[2], kernels, self.pool_sizes) >= 1
        )

    def _has_fast_path(self, windows):
        """Tell whether there is a fast path for windows where they are."""
        if windows.device.type == "cpu":
            return self.fast_cpu
        return self._pays_on_gpu(windows) and self.has_gpu_kernels(windows.device)

    def _pays_on_gpu(self, windows):
        is_training_step = self.training and torch.is_grad_enabled()
        is_large = windows.numel() >= _FEWEST_NUMBERS_ON_GPU
        return is_large or self.is_repeated or not is_training_step

    def _fast_stages(self, windows, in_bfloat16):
        """Return the same as `_stages`, to rounding."""
        if windows.device.type == "cuda":
            # Triton, which the kernels are in, is imported only where it is needed.
            from ._gpu_stages import gpu_stages

            dtype = torch.bfloat16 if in_bfloat16 else torch.float32
            return gpu_stages(self, windows, dtype)
        stages = bfloat16_stages if in_bfloat16 else cpu_stages
        return stages(self, windows)

    def _project(self, features):
        return self.linear(self.dropout(features.flatten(1)))

    def _has_its_layers(self):
        """Tell whether no layer was replaced by one that the fast path cannot do."""
        convolutions = self.spatial, self.temporal1, self.temporal2
        return (
            all(map(_is_plain_convolution, convolutions))
            and self.spatial.kernel_size == (1,)
            and all(map(_has_running_moments, (self.norm1, self.norm2)))
        )

    def _stages(self, windows):
        """Return features of shape (n_windows, n_filters, n_steps, n_channels)."""
        n_windows, n_channels, n_times = windows.shape
        # The temporal stages see each channel as a window of its own.
        steps = self.spatial(windows).reshape(n_windows * n_channels, 1, n_times)
        steps = self._stage(steps, self.temporal1, self.pool_sizes[0], self.norm1)
        steps = self._stage(steps, self.temporal2, self.pool_sizes[1], self.norm2)
        # The published weights read the features as (filter, time, channel).
        return steps.unflatten(0, (n_windows, n_channels)).permute(0, 2, 3, 1)

    @staticmethod
    def _stage(steps, convolution, pool_size, norm):
        pooled = functional.max_pool1d(convolution(steps), pool_size)
        return norm(torch.relu(pooled))


def _is_plain_convolution(layer):
    """Tell whether a layer is a convolution as the network makes it, of any size.

    One with a hook before it, as ``torch.nn.utils.prune`` has, may get its weights
    from there.
    """
    return (
        type(layer) is nn.Conv1d
        and layer.bias is not None
        and (layer.stride, layer.padding, layer.dilation) == ((1,), (0,), (1,))
        and layer.groups == 1
        and not layer._forward_pre_hooks
    )


def _has_running_moments(norm):
    """Tell whether a normalisation is as the network has it when it is made."""
    return (
        type(norm) is nn.BatchNorm1d
        and norm.affine
        and norm.running_mean is not None
        and norm.track_running_stats
        and not norm._forward_pre_hooks
    )


def _is_in_bfloat16(windows):
    """Tell whether the fast path is to compute in bfloat16: where asked, if it pays."""
    device_type = windows.device.type
    if not torch.is_autocast_enabled(device_type):
        return False
    return device_type == "cuda" or bfloat16_pays(windows.shape[2])


def _fast_dtypes(device_type):
    """Return the dtypes of windows that the fast path on a device serves."""
    if torch.is_autocast_enabled(device_type):
        is_known = torch.get_autocast_dtype(device_type) == torch.bfloat16
        return (torch.float32,) if is_known else ()
    return (torch.float32, torch.float64) if device_type == "cpu" else (torch.float32,)


def _check_pair(name, sizes):
    """Raise a ValueError unless sizes are two integers of at least 1, or None."""
    is_pair = isinstance(sizes, Sequence) and len(sizes) == 2
    if sizes is None or (is_pair and all(is_integer(size, 1) for size in sizes)):
        return
    raise ValueError(
        f"{name} must be two integers of at least 1, one a stage, or None, got "
        f"{sizes!r}."
    )


def _sizes(n_times, kernel_sizes, pool_sizes):
    """Return the sizes of kernels and pools, the given ones or the default."""
    ratio = n_times / _PUBLISHED_N_TIMES
    kernels = kernel_sizes or (max(1, round(_KERNEL_SIZE * ratio)), _KERNEL_SIZE)
    pools = pool_sizes or (max(1, round(_POOL_SIZE * ratio)), _POOL_SIZE)
    return tuple(map(int, kernels)), tuple(map(int, pools))


def _n_steps(n_times, kernel_sizes, pool_sizes):
    """Return the steps left after both stages, below 1 if there are none."""
    for kernel, pool in zip(kernel_sizes, pool_sizes, strict=True):
        n_times = (n_times - kernel + 1) // pool
    return n_times


def _shortest(n_times, kernel_sizes, pool_sizes):
    """Return the shortest window above n_times that leaves a step.

    None if there is none of up to a million samples: pools that grow with the
    window may never leave one.
    """
    for longer in range(n_times + 1, _LONGEST):
        if _n_steps(longer, *_sizes(longer, kernel_sizes, pool_sizes)) >= 1:
            return longer
    return None


def _what_would_do(n_times, kernel_sizes, pool_sizes):
    """Say which windows, longer than n_times, leave a step."""
    given = f"with kernel_sizes={kernel_sizes} and pool_sizes={pool_sizes}"
    shortest = _shortest(n_times, kernel_sizes, pool_sizes)
    if shortest is None:
        return f"{given} no longer one of up to {_LONGEST:,} samples works"
    return f"the shortest that works {given} has {shortest} samples"
