"""Asking models."""

from vqaft.inference.asking import RequestBuilder
from vqaft.inference.chat import ChatBackend, ChatReply, ChatRequest
from vqaft.inference.chat_settings import ChatSettings
from vqaft.inference.models import predict_models
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
    "predict_models",
]
