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

__all__ = [
    "JUDGE_MODEL",
    "ChatAnswer",
    "ChatModel",
    "ChatTurn",
    "DescribedEngine",
    "EmbeddedEngine",
    "Engine",
    "MemoryOwner",
    "Progress",
    "ResumableEngine",
    "SimilarityJudge",
    "StreamingModel",
    "TaskChecker",
    "TrainingMetrics",
    "TrainingNote",
    "TrainingResult",
    "TrainingTask",
]
