"""Networks that turn a window of signal into an embedding."""

from ._encoder import Encoder, zscore
from ._stager_net import StagerNet
from ._weights import load_stager_net

__all__ = ["Encoder", "StagerNet", "load_stager_net", "zscore"]
