"""Exporters to the formats of trainers, evaluators and dataset hubs, and the way back."""

from vqaft.exchange.dataset_card import DatasetCard
from vqaft.exchange.evaluators.inspect_ai import InspectAI
from vqaft.exchange.evaluators.lmms_eval import LmmsEval
from vqaft.exchange.evaluators.pydantic_evals import PydanticEvals
from vqaft.exchange.evaluators.vlmevalkit import VLMEvalKit
from vqaft.exchange.export import Exported, export
from vqaft.exchange.folder import ExportFolder
from vqaft.exchange.hub import push_to_hub
from vqaft.exchange.manifest import ExportManifest, Loss
from vqaft.exchange.reading import read_export
from vqaft.exchange.rows import Conversation, Row, RowTurn
from vqaft.exchange.tables.coco_vqa import CocoVQA
from vqaft.exchange.tables.hugging_face import HuggingFace
from vqaft.exchange.tables.image_folder import ImageFolder
from vqaft.exchange.tables.label_studio import LabelStudio
from vqaft.exchange.tables.webdataset import WebDataset
from vqaft.exchange.target import Target
from vqaft.exchange.trainers.axolotl import Axolotl
from vqaft.exchange.trainers.chat_jsonl import ChatJSONL
from vqaft.exchange.trainers.gemini import Gemini
from vqaft.exchange.trainers.internvl import InternVL
from vqaft.exchange.trainers.llama_factory import LlamaFactory
from vqaft.exchange.trainers.llava import LLaVA
from vqaft.exchange.trainers.maestro import Maestro
from vqaft.exchange.trainers.ms_swift import MsSwift
from vqaft.exchange.trainers.nova import Nova
from vqaft.exchange.trainers.qwen_vl import QwenVL
from vqaft.exchange.trainers.trl import TRL
from vqaft.exchange.trainers.unsloth import Unsloth

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
