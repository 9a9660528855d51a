"""Fine-tuning jobs: upload, create, watch."""

from vqaft.tuning.backend import FineTuneBackend, OnBytes
from vqaft.tuning.client import FineTuneClient
from vqaft.tuning.file_slice import FileSlice
from vqaft.tuning.job import Checkpoint, FineTuneJob, Hyperparameters, JobEvent, JobSpec, RemoteFile
from vqaft.tuning.ledger import Ledger
from vqaft.tuning.metrics import StepMetrics, read_metrics
from vqaft.tuning.page import Page
from vqaft.tuning.parts import PartSizes
from vqaft.tuning.parts_backend import FilePart, PartsBackend
from vqaft.tuning.watch import Pace

__all__ = [
    "Checkpoint",
    "FilePart",
    "FileSlice",
    "FineTuneBackend",
    "FineTuneClient",
    "FineTuneJob",
    "Hyperparameters",
    "JobEvent",
    "JobSpec",
    "Ledger",
    "OnBytes",
    "Pace",
    "Page",
    "PartSizes",
    "PartsBackend",
    "RemoteFile",
    "StepMetrics",
    "read_metrics",
]
