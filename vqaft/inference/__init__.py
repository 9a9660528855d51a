"""Predictions from models: concurrent, rate-limited, journaled, or through the Batch API."""

from vqaft.inference.batch.api import Batch, BatchBackend, ShardLimits
from vqaft.inference.batch.predictor import BatchPredictor
from vqaft.inference.chat import ChatBackend, ChatReply, ChatRequest, ChatSettings
from vqaft.inference.distill import Distilled, distill
from vqaft.inference.journal import AnswerStore, Journal, request_key
from vqaft.inference.outcome import NON_RETRYABLE, outcome_of_text, split_reasoning
from vqaft.inference.plan import RunPlan, plan_run
from vqaft.inference.predictions import Failure, FailureKind, Prediction, Predictions
from vqaft.inference.predictor import Predictor, predict_models
from vqaft.inference.rate_limited_backend import RateLimitedBackend, TokenBucket, TokenPrice
from vqaft.inference.refusal import is_refusal
from vqaft.inference.run import RequestBuilder

__all__ = [
    "NON_RETRYABLE",
    "AnswerStore",
    "Batch",
    "BatchBackend",
    "BatchPredictor",
    "ChatBackend",
    "ChatReply",
    "ChatRequest",
    "ChatSettings",
    "Distilled",
    "Failure",
    "FailureKind",
    "Journal",
    "Prediction",
    "Predictions",
    "Predictor",
    "RateLimitedBackend",
    "RequestBuilder",
    "RunPlan",
    "ShardLimits",
    "TokenBucket",
    "TokenPrice",
    "distill",
    "is_refusal",
    "outcome_of_text",
    "plan_run",
    "predict_models",
    "request_key",
    "split_reasoning",
]
