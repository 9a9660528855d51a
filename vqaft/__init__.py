"""Teach a vision model to answer questions about your own images, and find out whether it helped."""

from vqaft.backends import OpenAIBackend
from vqaft.data import DatasetSplitter, VQAExample, load_easy_vqa, load_folder, load_hf
from vqaft.errors import VqaftError
from vqaft.evaluation import Evaluator, ExactMatch, LenientMatch, LLMJudge, Score, compare
from vqaft.images import ImageEncoder
from vqaft.inference import Predictor
from vqaft.records import ChatRecord, MessageBuilder, check_file, read_jsonl, write_jsonl
from vqaft.tuning import FineTuneClient, Hyperparameters, JobSpec

__all__ = [
    "ChatRecord",
    "DatasetSplitter",
    "Evaluator",
    "ExactMatch",
    "FineTuneClient",
    "Hyperparameters",
    "ImageEncoder",
    "JobSpec",
    "LLMJudge",
    "LenientMatch",
    "MessageBuilder",
    "OpenAIBackend",
    "Predictor",
    "Score",
    "VQAExample",
    "VqaftError",
    "check_file",
    "compare",
    "load_easy_vqa",
    "load_folder",
    "load_hf",
    "read_jsonl",
    "write_jsonl",
]
