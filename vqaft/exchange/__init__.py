"""Exporters to the formats of trainers, evaluators and dataset hubs, and the way back."""

from vqaft.exchange.dataset_card import DatasetCard
from vqaft.exchange.evaluators import InspectAI, LmmsEval, PydanticEvals, VLMEvalKit
from vqaft.exchange.export import Exported, export
from vqaft.exchange.folder import ExportFolder
from vqaft.exchange.hub import push_to_hub
from vqaft.exchange.manifest import ExportManifest, Loss
from vqaft.exchange.reading import read_export
from vqaft.exchange.rows import Conversation, Row, RowTurn
from vqaft.exchange.tables import CocoVQA, HuggingFace, ImageFolder, LabelStudio, WebDataset
from vqaft.exchange.target import Target
from vqaft.exchange.trainers import (
    TRL,
    Axolotl,
    ChatJSONL,
    Gemini,
    InternVL,
    LlamaFactory,
    LLaVA,
    Maestro,
    MsSwift,
    Nova,
    QwenVL,
    Unsloth,
)

__all__ = [
    "TRL",
    "Axolotl",
    "ChatJSONL",
    "CocoVQA",
    "Conversation",
    "DatasetCard",
    "ExportFolder",
    "ExportManifest",
    "Exported",
    "Gemini",
    "HuggingFace",
    "ImageFolder",
    "InspectAI",
    "InternVL",
    "LLaVA",
    "LabelStudio",
    "LlamaFactory",
    "LmmsEval",
    "Loss",
    "Maestro",
    "MsSwift",
    "Nova",
    "PydanticEvals",
    "QwenVL",
    "Row",
    "RowTurn",
    "Target",
    "Unsloth",
    "VLMEvalKit",
    "WebDataset",
    "export",
    "push_to_hub",
    "read_export",
]
