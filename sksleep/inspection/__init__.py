"""Pictures of what an embedding and a classifier make of recordings."""

from ._embedding import EmbeddingDisplay
from ._hypnogram import HypnogramDisplay

__all__ = ["EmbeddingDisplay", "HypnogramDisplay"]
