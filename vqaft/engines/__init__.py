"""Training and inference engines behind the server."""

from vqaft.engines.embedded.engine import EmbeddedEngine
from vqaft.engines.engine import (
    ChatAnswer,
    ChatModel,
    ChatTurn,
    DescribedEngine,
    Engine,
    MemoryOwner,
    Progress,
    ResumableEngine,
    StreamingModel,
    TaskChecker,
    TrainingMetrics,
    TrainingNote,
    TrainingResult,
    TrainingTask,
)
from vqaft.engines.similarity_judge import JUDGE_MODEL, SimilarityJudge
from vqaft.engines.transformers.adapter_check import AdapterCheck, check_adapter
from vqaft.engines.transformers.download import download_model
from vqaft.engines.transformers.engine import TransformersEngine
from vqaft.engines.transformers.export import export_model
from vqaft.engines.transformers.folder import ModelFolder
from vqaft.engines.transformers.options import BatchPlan, TrainingOptions
from vqaft.engines.transformers.train import train_rank

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
