"""Training and inference engines behind the server.

Names are loaded on first use, so that the processes of one engine do not load the others.
"""

import lazy_loader

__getattr__, __dir__, _ = lazy_loader.attach_stub(__name__, __file__)

__all__ = [
    "JUDGE_MODEL",
    "AdapterCheck",
    "BatchPlan",
    "ChatAnswer",
    "ChatModel",
    "ChatTurn",
    "DescribedEngine",
    "EmbeddedEngine",
    "Engine",
    "MemoryOwner",
    "ModelFolder",
    "Progress",
    "ResumableEngine",
    "SimilarityJudge",
    "StreamingModel",
    "TaskChecker",
    "TrainingMetrics",
    "TrainingNote",
    "TrainingOptions",
    "TrainingResult",
    "TrainingTask",
    "TransformersEngine",
    "check_adapter",
    "download_model",
    "export_model",
    "train_rank",
]
