"""Teach a vision model to answer questions about your own images, and find out whether it helped."""

from vqaft.backends import FireworksBackend, OpenAIBackend, TogetherBackend
from vqaft.data import DatasetSplitter, VQAExample, audit_splits, load_easy_vqa, load_file, load_folder, load_hf, power
from vqaft.errors import VqaftError
from vqaft.evaluation import (
    ANLS,
    Answered,
    Comparison,
    Evaluation,
    Evaluator,
    ExactMatch,
    LenientMatch,
    LLMJudge,
    Score,
    VQAAccuracy,
    compare,
)
from vqaft.images import ImageEncoder
from vqaft.inference import Prediction, Predictions, Predictor, predict_models
from vqaft.records import ChatRecord, MessageBuilder, check_file, estimate_cost, fix_file, read_jsonl, write_jsonl
from vqaft.report import Provenance, write_report
from vqaft.tuning import FineTuneClient, Hyperparameters, JobSpec

__all__ = [
    "ANLS",
    "Answered",
    "ChatRecord",
    "Comparison",
    "DatasetSplitter",
    "Evaluation",
    "Evaluator",
    "ExactMatch",
    "FineTuneClient",
    "FireworksBackend",
    "Hyperparameters",
    "ImageEncoder",
    "JobSpec",
    "LLMJudge",
    "LenientMatch",
    "MessageBuilder",
    "OpenAIBackend",
    "Prediction",
    "Predictions",
    "Predictor",
    "Provenance",
    "Score",
    "TogetherBackend",
    "VQAAccuracy",
    "VQAExample",
    "VqaftError",
    "audit_splits",
    "check_file",
    "compare",
    "estimate_cost",
    "fix_file",
    "load_easy_vqa",
    "load_file",
    "load_folder",
    "load_hf",
    "power",
    "predict_models",
    "read_jsonl",
    "write_jsonl",
    "write_report",
]
