"""Open weights: a local Hugging Face vision-language model, trained with LoRA and asked behind the same API."""

from vqaft.engines.transformers.adapter_check import AdapterCheck, check_adapter
from vqaft.engines.transformers.download import download_model
from vqaft.engines.transformers.engine import TransformersEngine
from vqaft.engines.transformers.export import export_model
from vqaft.engines.transformers.folder import ModelFolder
from vqaft.engines.transformers.options import BatchPlan, TrainingOptions
from vqaft.engines.transformers.train import train_rank

__all__ = [
    "AdapterCheck",
    "BatchPlan",
    "ModelFolder",
    "TrainingOptions",
    "TransformersEngine",
    "check_adapter",
    "download_model",
    "export_model",
    "train_rank",
]
