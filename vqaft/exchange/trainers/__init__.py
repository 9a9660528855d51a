"""Formats of trainers and of services that train."""

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
    "Gemini",
    "InternVL",
    "LLaVA",
    "LlamaFactory",
    "Maestro",
    "MsSwift",
    "Nova",
    "QwenVL",
    "Unsloth",
]
