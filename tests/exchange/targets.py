"""The formats under test, and how examples are compared."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.exchange.samples import examples
from vqaft.data import VQAExample
from vqaft.exchange import (
    TRL,
    Axolotl,
    ChatJSONL,
    CocoVQA,
    Gemini,
    HuggingFace,
    ImageFolder,
    InspectAI,
    InternVL,
    LabelStudio,
    LlamaFactory,
    LLaVA,
    LmmsEval,
    Maestro,
    MsSwift,
    Nova,
    PydanticEvals,
    QwenVL,
    Unsloth,
    VLMEvalKit,
    WebDataset,
)
from vqaft.images import ImageEncoder
from vqaft.providers import TOGETHER
from vqaft.records import MessageBuilder

PEERS: list[Any] = [
    HuggingFace(),
    ImageFolder(),
    TRL(),
    ChatJSONL(provider=TOGETHER),
    LlamaFactory(name="receipts"),
    Unsloth(),
    MsSwift(),
    Axolotl(),
    Gemini(uri="gs://bucket/receipts"),
    InspectAI(),
    Nova(uri="s3://bucket/receipts"),
    LmmsEval(name="receipts"),
    VLMEvalKit(name="Receipts"),
    LLaVA(),
    InternVL(name="receipts"),
    QwenVL(name="receipts"),
    WebDataset(),
    LabelStudio(),
    PydanticEvals(),
    CocoVQA(),
    Maestro(),
]
TABLES = {"hugging-face", "imagefolder", "lmms-eval", "vlmevalkit", "webdataset", "label-studio", "coco-vqa", "maestro"}
"""Formats of examples without prompts."""
WHOLE = {"hugging-face", "imagefolder", "inspect-ai", "lmms-eval"}
WHOLE |= {"vlmevalkit", "webdataset", "label-studio", "pydantic-evals"}
"""Formats that say everything of an example."""
INSIDE = {"hugging-face", "trl", "chat-jsonl", "unsloth", "lmms-eval", "vlmevalkit", "webdataset"}
"""Formats with the images inside their files."""
JPEG = MessageBuilder(encoder=ImageEncoder(format="jpeg"))


def builder_for(target: Any) -> MessageBuilder:
    return JPEG if target.format == "coco-vqa" else MessageBuilder()


def examples_for(target: Any, folder: Path) -> list[VQAExample]:
    *others, last = examples(folder)
    return [*others, replace(last, answers=("Nothing",)) if target.format == "vlmevalkit" else last]


each_target = pytest.mark.parametrize("target", PEERS, ids=lambda target: target.format)


def hashes(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def fields(example: VQAExample) -> tuple[Any, ...]:
    names = ("id", "question", "answers", "question_type", "kind", "group")
    return (*(getattr(example, name) for name in names), dict(example.metadata))


def pixels(example: VQAExample, target: Any = None) -> tuple[tuple[int, int], bytes]:
    encoder = JPEG.encoder if target and target.format == "coco-vqa" else ImageEncoder()
    encoded = encoder.encode(example.image)
    return (encoded.width, encoded.height), encoded.data
