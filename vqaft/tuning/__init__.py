"""Fine-tuning jobs: upload, create, watch."""

from vqaft.tuning.backend import FineTuneBackend
from vqaft.tuning.job import Checkpoint, FineTuneJob, Hyperparameters, JobEvent, JobSpec, RemoteFile

__all__ = ["Checkpoint", "FineTuneBackend", "FineTuneJob", "Hyperparameters", "JobEvent", "JobSpec", "RemoteFile"]
