"""Fine-tuning jobs: upload, create, watch."""

from vqaft.tuning.backend import FineTuneBackend, OnBytes
from vqaft.tuning.client import FineTuneClient
from vqaft.tuning.creation import KEY
from vqaft.tuning.file_slice import FileSlice
from vqaft.tuning.job import Checkpoint, FineTuneJob, Hyperparameters, JobEvent, JobSpec, RemoteFile
from vqaft.tuning.ledger import Ledger
from vqaft.tuning.metrics import StepMetrics, metrics_frame, metrics_of_events, read_metrics
from vqaft.tuning.page import Page
from vqaft.tuning.parts import PartSizes
from vqaft.tuning.parts_backend import FilePart, PartsBackend
from vqaft.tuning.sunset import CALENDAR, Sunset
from vqaft.tuning.sunset_guard import ModelsBackend
from vqaft.tuning.watch import Pace

__all__ = [
    "CALENDAR",
    "KEY",
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
    "ModelsBackend",
    "OnBytes",
    "Pace",
    "Page",
    "PartSizes",
    "PartsBackend",
    "RemoteFile",
    "StepMetrics",
    "Sunset",
    "metrics_frame",
    "metrics_of_events",
    "read_metrics",
]
