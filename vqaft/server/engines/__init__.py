"""What trains and answers behind the server."""

from vqaft.server.engines.engine import (
    ChatAnswer,
    ChatModel,
    ChatTurn,
    Engine,
    EpochMetrics,
    TrainingResult,
    TrainingTask,
)

__all__ = ["ChatAnswer", "ChatModel", "ChatTurn", "Engine", "EpochMetrics", "TrainingResult", "TrainingTask"]
