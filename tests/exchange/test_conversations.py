"""Rows of several turns: conversations, weights, few-shot examples, earlier turns, several images."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.exchange.samples import examples
from tests.exchange.targets import PEERS, TABLES, fields
from vqaft.data import Turn, VQAExample
from vqaft.errors import ExportError
from vqaft.exchange import (
    TRL,
    Axolotl,
    ChatJSONL,
    Conversation,
    Gemini,
    HuggingFace,
    ImageFolder,
    InternVL,
    LlamaFactory,
    LLaVA,
    MsSwift,
    Nova,
    QwenVL,
    Unsloth,
    WebDataset,
    export,
)
from vqaft.images import ImageEncoder
from vqaft.records import MessageBuilder


def test_few_shot_examples_and_template_come_from_the_builder(tmp_path: Path) -> None:
    shot, *given = examples(tmp_path / "source")
    given = given[1:]
    builder = MessageBuilder(few_shot=[shot], question_template="Q: {question}", image_first=True)
    for target in PEERS:
        if target.format in TABLES | {"llava", "pydantic-evals"}:
            with pytest.raises(ExportError, match="few-shot"):
                export(given, target, tmp_path / target.format, builder=builder)
            continue
        exported = export(given, target, tmp_path / target.format, builder=builder)
        native = list(target.read(tmp_path / target.format, manifest=False))
        assert [one.question for one in native] == [f"Q: {one.question}" for one in given]
        assert [one.answer for one in native] == [one.answer for one in given]
        assert "question" in {loss.field for loss in exported.lossy}
        assert [*map(fields, target.read(tmp_path / target.format))] == [*map(fields, given)]


def conversation(folder: Path, *weights: Any) -> Conversation:
    first, second, *_ = examples(folder)
    return Conversation(examples=(first, second), weights=weights or None)


MANY: list[Any] = [
    ChatJSONL(),
    LlamaFactory(),
    Unsloth(),
    MsSwift(),
    Axolotl(),
    Gemini(uri="gs://b"),
    Nova(uri="s3://b"),
]
MANY += [LLaVA(), InternVL(), QwenVL()]


@pytest.mark.parametrize("target", MANY, ids=lambda target: target.format)
def test_a_conversation_is_one_row_with_its_image_once(target: Any, tmp_path: Path) -> None:
    exported = export([conversation(tmp_path / "source")], target, tmp_path / "out")
    assert (exported.rows, exported.images) == (1, 1)
    assert [one.id for one in target.read(tmp_path / "out")] == ["r0", "r1"]
    assert [loss.field for loss in exported.lossy] == ["conversation"]
    (native,) = target.read(tmp_path / "out", manifest=False)
    assert ([turn.answer for turn in native.history], native.answer) == (["BOOK TA .K (TAMAN DAYA) SDN BHD"], "9.00")
    assert [turn.n_images for turn in native.history] == [1]


REFUSE_ZERO: list[Any] = [LlamaFactory(), Unsloth(), Axolotl(), Gemini(uri="gs://b"), Nova(uri="s3://b")]
REFUSE_ZERO += [LLaVA(), InternVL(), QwenVL()]


@pytest.mark.parametrize("target", REFUSE_ZERO, ids=lambda target: target.format)
def test_weight_zero_is_refused_where_every_answer_is_trained(target: Any, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="weight 0"):
        export([conversation(tmp_path / "source", 0, 1)], target, tmp_path / "out")


def test_weight_zero_is_said_where_the_format_can(tmp_path: Path) -> None:
    given = [conversation(tmp_path / "source", 0, 1)]
    export(given, MsSwift(), tmp_path / "swift")
    messages = json.loads((tmp_path / "swift" / "train.jsonl").read_text())["messages"]
    assert [message.get("loss") for message in messages] == [None, False, None, True]
    export(given, ChatJSONL(), tmp_path / "chat")
    messages = json.loads((tmp_path / "chat" / "train.jsonl").read_text())["messages"]
    assert [message.get("weight") for message in messages] == [None, 0, None, 1]
    export(given, TRL(), tmp_path / "trl")
    assert [one.answer for one in TRL().read(tmp_path / "trl")] == ["BOOK TA .K (TAMAN DAYA) SDN BHD", "9.00"]
    for weights in ((), (1, 1), (0, 0), (1, 0)):
        with pytest.raises(ExportError, match="last answer"):
            export([conversation(tmp_path / "source", *weights)], TRL(), tmp_path / "other")


def followed(folder: Path, *, trained: bool) -> VQAExample:
    first, _, third, *_ = examples(folder)
    turns = (
        Turn(question="And the shop?", answer="None", n_images=1, trained=trained),
        Turn(question="Sure?", answer="007", trained=trained),
    )
    images = (first.image, third.image, first.image)
    return replace(first, images=images, history=turns)


HISTORY: list[Any] = [target for target in PEERS if target.format not in TABLES | {"pydantic-evals", "llava", "trl"}]
HISTORY += [HuggingFace(several_images=True), ImageFolder(several_images=True), WebDataset()]


@pytest.mark.parametrize("target", HISTORY, ids=lambda target: target.format)
def test_earlier_turns_and_several_images_are_exported(target: Any, tmp_path: Path) -> None:
    wanted = followed(tmp_path / "source", trained=True)
    exported = export([wanted], target, tmp_path / "out")
    assert (exported.rows, exported.images) == (1, 2)
    (found,) = target.read(tmp_path / "out")
    (native,) = target.read(tmp_path / "out", manifest=False)
    for one in (found, native):
        assert one.history == wanted.history
        assert [ImageEncoder().encode(image).data for image in one.images] == [
            ImageEncoder().encode(image).data for image in wanted.images
        ]
    assert fields(found) == fields(wanted)
    assert not {"history", "images", "question", "answer"} & {loss.field for loss in exported.lossy}


def test_earlier_turns_that_are_not_trained_on_are_exported_where_that_can_be_said(tmp_path: Path) -> None:
    wanted = followed(tmp_path / "source", trained=False)
    saying: list[Any] = [ChatJSONL(), MsSwift(), TRL()]
    for target in saying:
        export([wanted], target, tmp_path / "out")
        (found,) = target.read(tmp_path / "out")
        assert found.history == wanted.history
    for refusing in REFUSE_ZERO:
        with pytest.raises(ExportError, match="weight 0"):
            export([wanted], refusing, tmp_path / "other")
    with pytest.raises(ExportError, match="last answer"):
        export(
            [replace(wanted, history=tuple(replace(turn, trained=True) for turn in wanted.history))],
            TRL(),
            tmp_path / "x",
        )
