"""Fine-tuning jobs: upload, create, watch."""

from vqaft.tuning.backend import FineTuneBackend, OnBytes
from vqaft.tuning.client import FineTuneClient
from vqaft.tuning.file_slice import FileSlice
from vqaft.tuning.job import Checkpoint, FineTuneJob, Hyperparameters, JobEvent, JobSpec, RemoteFile
from vqaft.tuning.metrics import StepMetrics, read_metrics
from vqaft.tuning.page import Page
from vqaft.tuning.watch import Pace

__all__ = [
    "Checkpoint",
    "FileSlice",
    "FineTuneBackend",
    "FineTuneClient",
    "FineTuneJob",
    "Hyperparameters",
    "JobEvent",
    "JobSpec",
    "OnBytes",
    "Pace",
    "Page",
    "RemoteFile",
    "StepMetrics",
    "read_metrics",
]
