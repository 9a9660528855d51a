"""Asking models."""

from vqaft.inference.asking import ChatSettings, RequestBuilder
from vqaft.inference.chat import ChatBackend, ChatReply, ChatRequest
from vqaft.inference.paced import PacedBackend
from vqaft.inference.prediction import Failure, FailureKind, Prediction
from vqaft.inference.predictions import Predictions
from vqaft.inference.predictor import Predictor

__all__ = [
    "ChatBackend",
    "ChatReply",
    "ChatRequest",
    "ChatSettings",
    "Failure",
    "FailureKind",
    "PacedBackend",
    "Prediction",
    "Predictions",
    "Predictor",
    "RequestBuilder",
]
