"""Training and inference engines behind the server."""

from vqaft.engines.embedded.engine import EmbeddedEngine
from vqaft.engines.engine import ChatAnswer, ChatModel, ChatTurn, Engine, EpochMetrics, TrainingResult, TrainingTask
from vqaft.engines.similarity_judge import JUDGE_MODEL, SimilarityJudge

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
