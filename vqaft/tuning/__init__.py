"""Fine-tuning jobs: create, watch, resume."""

from vqaft.tuning.backend import FineTuneBackend, MetricsBackend
from vqaft.tuning.callbacks import MLflowCallback, TensorBoardCallback, WandbCallback
from vqaft.tuning.client import FineTuneClient
from vqaft.tuning.job import Checkpoint, FineTuneJob, Hyperparameters, JobEvent, JobSpec
from vqaft.tuning.metrics import StepMetrics, TrainingMetrics, metrics_frame, metrics_of_events, read_metrics
from vqaft.tuning.preflight import ModelsBackend

__all__ = [
    "Checkpoint",
    "FineTuneBackend",
    "FineTuneClient",
    "FineTuneJob",
    "Hyperparameters",
    "JobEvent",
    "JobSpec",
    "MLflowCallback",
    "MetricsBackend",
    "ModelsBackend",
    "StepMetrics",
    "TensorBoardCallback",
    "TrainingMetrics",
    "WandbCallback",
    "metrics_frame",
    "metrics_of_events",
    "read_metrics",
]
