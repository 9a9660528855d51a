"""Fine-tuning jobs: upload, create, watch."""

from vqaft.tuning.backend import FilesBackend, FineTuneBackend, MetricsBackend, OnBytes
from vqaft.tuning.client import FineTuneClient
from vqaft.tuning.creation import KEY
from vqaft.tuning.download import download_whole
from vqaft.tuning.file_slice import FileSlice
from vqaft.tuning.job import Checkpoint, FineTuneJob, Hyperparameters, JobEvent, JobSpec, RemoteFile
from vqaft.tuning.ledger import Ledger
from vqaft.tuning.metrics import StepMetrics, metrics_frame, metrics_of_events, read_metrics
from vqaft.tuning.once import make_once
from vqaft.tuning.page import Page, all_entries
from vqaft.tuning.parts import PartSizes
from vqaft.tuning.parts_backend import FilePart, PartsBackend
from vqaft.tuning.sunset import CALENDAR, Sunset
from vqaft.tuning.sunset_guard import ModelsBackend
from vqaft.tuning.upload import Uploader
from vqaft.tuning.watch import Pace

__all__ = [
    "CALENDAR",
    "KEY",
    "Checkpoint",
    "FilePart",
    "FileSlice",
    "FilesBackend",
    "FineTuneBackend",
    "FineTuneClient",
    "FineTuneJob",
    "Hyperparameters",
    "JobEvent",
    "JobSpec",
    "Ledger",
    "MetricsBackend",
    "ModelsBackend",
    "OnBytes",
    "Pace",
    "Page",
    "PartSizes",
    "PartsBackend",
    "RemoteFile",
    "StepMetrics",
    "Sunset",
    "Uploader",
    "all_entries",
    "download_whole",
    "make_once",
    "metrics_frame",
    "metrics_of_events",
    "read_metrics",
]
