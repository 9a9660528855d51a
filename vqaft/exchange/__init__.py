"""Exporters to the formats of trainers, evaluators and dataset hubs, and the way back."""

from vqaft.exchange.dataset_card import DatasetCard
from vqaft.exchange.evaluators import InspectAI, LmmsEval
from vqaft.exchange.export import Exported, export
from vqaft.exchange.folder import ExportFolder
from vqaft.exchange.manifest import ExportManifest, Loss, read_export
from vqaft.exchange.rows import Conversation, Row, Turn
from vqaft.exchange.tables import HuggingFace, ImageFolder
from vqaft.exchange.target import Target
from vqaft.exchange.trainers import TRL, Axolotl, ChatJSONL, Gemini, LlamaFactory, MsSwift, Nova, Unsloth

__all__ = [
    "TRL",
    "Axolotl",
    "ChatJSONL",
    "Conversation",
    "DatasetCard",
    "ExportFolder",
    "ExportManifest",
    "Exported",
    "Gemini",
    "HuggingFace",
    "ImageFolder",
    "InspectAI",
    "LlamaFactory",
    "LmmsEval",
    "Loss",
    "MsSwift",
    "Nova",
    "Row",
    "Target",
    "Turn",
    "Unsloth",
    "export",
    "read_export",
]
