"""Teach a vision model to answer questions about your own images, and find out whether it helped.

What stands here is loaded when it is first used, so that a script pays for the stages it takes (`__init__.pyi` says
where each name lives; see Scientific Python's SPEC 1).
"""

import lazy_loader

__getattr__, __dir__, _ = lazy_loader.attach_stub(__name__, __file__)

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
