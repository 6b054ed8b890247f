"""The embedder: a network trained on a pretext task, as a scikit-learn transformer."""

from ._stager_net_embedder import StagerNetEmbedder

__all__ = ["StagerNetEmbedder"]
