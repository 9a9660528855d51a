"""What trains and answers behind the server."""

from vqaft.server.engines.embedded import EmbeddedEngine
from vqaft.server.engines.engine import (
    ChatAnswer,
    ChatModel,
    ChatTurn,
    Engine,
    EpochMetrics,
    TrainingResult,
    TrainingTask,
)
from vqaft.server.engines.judge import JUDGE_MODEL, SimilarityJudge

__all__ = [
    "JUDGE_MODEL",
    "ChatAnswer",
    "ChatModel",
    "ChatTurn",
    "EmbeddedEngine",
    "Engine",
    "EpochMetrics",
    "SimilarityJudge",
    "TrainingResult",
    "TrainingTask",
]
