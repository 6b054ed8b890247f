"""The network trained on labels, alone or together with a pretext task."""

from ._stager_net_classifier import StagerNetClassifier

__all__ = ["StagerNetClassifier"]
