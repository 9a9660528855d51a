"""Asking models."""

from vqaft.inference.chat import ChatBackend, ChatReply, ChatRequest
from vqaft.inference.prediction import Failure, FailureKind, Prediction

__all__ = ["ChatBackend", "ChatReply", "ChatRequest", "Failure", "FailureKind", "Prediction"]
