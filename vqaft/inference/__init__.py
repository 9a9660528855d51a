"""Asking models."""

from vqaft.inference.asking import RequestBuilder
from vqaft.inference.batch import Batch, BatchBackend
from vqaft.inference.batch_predictor import BatchPredictor
from vqaft.inference.capture import Capture, capture
from vqaft.inference.chat import ChatBackend, ChatReply, ChatRequest
from vqaft.inference.chat_settings import ChatSettings
from vqaft.inference.models import predict_models
from vqaft.inference.paced import PacedBackend
from vqaft.inference.plan import RunPlan, plan_run
from vqaft.inference.prediction import Failure, FailureKind, Prediction
from vqaft.inference.predictions import Predictions
from vqaft.inference.predictor import Predictor
from vqaft.inference.shards import ShardLimits
from vqaft.inference.token_price import TokenPrice

__all__ = [
    "Batch",
    "BatchBackend",
    "BatchPredictor",
    "Capture",
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
    "RunPlan",
    "ShardLimits",
    "TokenPrice",
    "capture",
    "plan_run",
    "predict_models",
]
