"""Pretext tasks: what the network learns from signal without labels."""

from ._base import NOT_ASKED, Batch, PretextTask
from ._contrastive_predictive_coding import ContrastivePredictiveCoding
from ._embeddings_at import embeddings_at
from ._relative_positioning import RelativePositioning
from ._temporal_shuffling import TemporalShuffling

__all__ = [
    "NOT_ASKED",
    "Batch",
    "ContrastivePredictiveCoding",
    "PretextTask",
    "RelativePositioning",
    "TemporalShuffling",
    "embeddings_at",
]
