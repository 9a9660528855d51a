"""Open weights: a local Hugging Face vision-language model, trained with LoRA and asked behind the same API.

Names are loaded on first use, so that a process that trains or answers loads only its own part.
"""

import lazy_loader

__getattr__, __dir__, _ = lazy_loader.attach_stub(__name__, __file__)

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
