"""What holds of every target: round trip, bytes, images, refusals, and the folder as a whole."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import fsspec
import pytest
from PIL import Image

from tests.exchange.samples import examples, picture
from vqaft.data import DatasetSplitter, Turn, VQAExample
from vqaft.errors import DataError, ExportError, StateError
from vqaft.exchange import (
    TRL,
    Axolotl,
    ChatJSONL,
    CocoVQA,
    Conversation,
    Exported,
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
    Row,
    Target,
    Unsloth,
    VLMEvalKit,
    WebDataset,
    export,
)
from vqaft.images import ImageEncoder
from vqaft.providers import FIREWORKS, OPENAI, TOGETHER
from vqaft.records import MessageBuilder

ROOT = Path(__file__).resolve().parents[2]
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


@each_target
def test_what_was_exported_is_read_back(target: Any, tmp_path: Path) -> None:
    wanted = examples_for(target, tmp_path / "source")
    exported = export(wanted, target, tmp_path / "out", builder=builder_for(target))
    found = list(target.read(tmp_path / "out"))
    assert [*map(fields, found)] == [*map(fields, wanted)]
    assert [pixels(one, target) for one in found] == [pixels(one, target) for one in wanted]
    assert (exported.rows, exported.images, exported.format) == (6, 4, target.format)


@each_target
def test_lossy_is_what_reading_without_the_manifest_changes(target: Any, tmp_path: Path) -> None:
    wanted = examples_for(target, tmp_path / "source")
    exported = export(wanted, target, tmp_path / "out", builder=builder_for(target))
    found = list(target.read(tmp_path / "out", manifest=False))
    assert (exported.lossy == ()) == ([*map(fields, found)] == [*map(fields, wanted)])
    assert (exported.lossy == ()) == (target.format in WHOLE)
    lost = {loss.field: loss.example_ids for loss in exported.lossy}
    assert "question" not in lost
    assert "answer" not in lost
    if lost:
        assert lost.get("answers[1:]") == (None if target.format == "coco-vqa" else ("r2",))
        assert lost["group"] == ("r0", "r1")
        assert "group of 2 examples" in str(exported)
    assert [(one.question, one.answer, pixels(one, target)) for one in found] == [
        (one.question, one.answer, pixels(one, target)) for one in wanted
    ]


@each_target
def test_the_same_examples_give_the_same_bytes(target: Any, tmp_path: Path) -> None:
    given = examples_for(target, tmp_path / "source")
    export(given, target, tmp_path / "one", builder=builder_for(target), workers=1)
    export(given, target, tmp_path / "other", builder=builder_for(target), workers=3)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "other")


@each_target
def test_each_picture_is_one_file(target: Any, tmp_path: Path) -> None:
    export(examples_for(target, tmp_path / "source"), target, tmp_path / "out", builder=builder_for(target))
    images = [path for path in (tmp_path / "out").rglob("*") if path.suffix in {".jpg", ".png", ".webp"}]
    assert len(images) == (0 if target.format in INSIDE else 4)
    sizes = set()
    for path in images:
        with Image.open(path) as image:
            assert not image.getexif()
            if target.format != "coco-vqa":  # which numbers its images
                assert path.stem == hashlib.sha256(path.read_bytes()).hexdigest()[:32]
            sizes.add(image.size)
    assert not images or sizes == {(48, 32), (80, 40)}  # the turned picture stands upright


@each_target
def test_splits_keep_their_names_and_their_order(target: Any, tmp_path: Path) -> None:
    given = examples_for(target, tmp_path / "source")
    exported = export({"train": given[:4], "test": given[4:]}, target, tmp_path / "out", builder=builder_for(target))
    assert exported.rows == 6
    assert [one.id for one in target.read(tmp_path / "out")] == [one.id for one in given]
    assert [one.id for one in target.read(tmp_path / "out", split="test")] == ["r4", "r5"]
    assert [one.question for one in target.read(tmp_path / "out", split="test", manifest=False)] == [
        "Is it paid? ",
        "Above 5?",
    ]


@each_target
def test_problems_are_listed_together_and_nothing_is_written(target: Any, tmp_path: Path) -> None:
    given = examples_for(target, tmp_path / "source")
    given[1] = replace(given[1], answers=())
    given[2] = replace(given[2], id="r0")
    given[4] = replace(given[4], images=(str(tmp_path / "nowhere.png"),))
    with pytest.raises(ExportError, match="3 problems") as caught:
        export(given, target, tmp_path / "out", builder=builder_for(target))
    assert [line.partition(":")[0] for line in caught.value.problems] == [
        "example 'r1'",
        "example 'r0'",
        "example 'r4'",
    ]
    assert not (tmp_path / "out").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"source"}


def test_a_problem_of_many_examples_is_said_once(tmp_path: Path) -> None:
    (one, *_) = examples(tmp_path / "source")
    many = [replace(one, id=f"e{number}", answers=("<image>",)) for number in range(30)]
    with pytest.raises(ExportError) as caught:
        export(many, LlamaFactory(), tmp_path / "out")
    assert len(caught.value.problems) == 30
    assert str(caught.value).count("reserves") == 1
    assert "'e0', 'e1', 'e2', 'e3', 'e4' and 25 more" in str(caught.value)


@each_target
def test_no_examples_are_refused(target: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no examples"):
        export([], target, tmp_path / "out", builder=builder_for(target))
    assert not (tmp_path / "out").exists()


@each_target
def test_any_fsspec_file_system_can_be_written_and_read(target: Any, tmp_path: Path) -> None:
    place = f"memory://exports/{target.format}"
    given = examples_for(target, tmp_path / "source")
    export(given, target, place, builder=builder_for(target))
    export(given[:5], target, place, builder=builder_for(target))
    assert [*map(fields, target.read(place))] == [*map(fields, given[:5])]
    assert [pixels(one, target) for one in target.read(place)] == [pixels(one, target) for one in given[:5]]
    export(given[:5], target, tmp_path / "out", builder=builder_for(target))
    files = fsspec.filesystem("memory")
    there = {path.partition(f"/exports/{target.format}/")[2] for path in files.find(f"/exports/{target.format}")}
    assert there == hashes(tmp_path / "out").keys()


def test_an_interrupted_upload_is_marked_and_can_be_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = examples(tmp_path / "source")
    place = "memory://exports/interrupted"
    files = fsspec.filesystem("memory")

    def broken(path: str, target: str, **_: Any) -> None:
        if target.endswith(".jpg"):
            raise OSError("the connection broke")
        files.pipe_file(target, Path(path).read_bytes())

    with monkeypatch.context() as patch:
        patch.setattr(files, "put_file", broken)
        with pytest.raises(OSError, match="broke"):
            export(given, LlamaFactory(), place)
    with pytest.raises(StateError, match="interrupted"):
        list(LlamaFactory().read(place))
    export(given, LlamaFactory(), place)
    assert len(list(LlamaFactory().read(place))) == 6


def test_a_new_export_replaces_the_old_one_whole(tmp_path: Path) -> None:
    given = examples(tmp_path / "source")
    export(given, LlamaFactory(), tmp_path / "out")
    export(given[:1], MsSwift(), tmp_path / "out")
    assert not (tmp_path / "out" / "dataset_info.json").exists()
    assert len(list((tmp_path / "out" / "images").iterdir())) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"source", "out"}


def test_a_folder_of_others_is_refused(tmp_path: Path) -> None:
    given = examples(tmp_path / "source")
    out = tmp_path / "out"
    out.mkdir()
    export(given, LlamaFactory(), out)  # an empty folder is free
    (out / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match=r"notes\.txt"):
        export(given, LlamaFactory(), out)
    assert (out / "notes.txt").read_text() == "mine"
    with pytest.raises(DataError, match=r"a\.jpg"):
        export(given, LlamaFactory(), tmp_path / "source")
    with pytest.raises(DataError, match="not a folder"):
        export(given, LlamaFactory(), out / "notes.txt")


def test_a_changed_file_is_not_read_as_if_it_were_the_export(tmp_path: Path) -> None:
    export(examples(tmp_path / "source"), LlamaFactory(), tmp_path / "out")
    file = tmp_path / "out" / "train.jsonl"
    file.write_text(file.read_text().replace("9.00", "9.50"))
    with pytest.raises(StateError, match="manifest=False"):
        list(LlamaFactory().read(tmp_path / "out"))
    assert [one.answer for one in LlamaFactory().read(tmp_path / "out", manifest=False)][1] == "9.50"


def test_a_folder_for_another_target_is_refused(tmp_path: Path) -> None:
    export(examples(tmp_path / "source"), LlamaFactory(), tmp_path / "out")
    with pytest.raises(DataError, match=r"llama-factory, not for ms-swift"):
        list(MsSwift().read(tmp_path / "out"))


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd", "images/../../secret.png"])
def test_images_outside_the_folder_are_not_read(name: str, tmp_path: Path) -> None:
    export(examples(tmp_path / "source"), LlamaFactory(), tmp_path / "out")
    picture(9).save(tmp_path / "secret.png")
    file = tmp_path / "out" / "train.jsonl"
    first, *others = [json.loads(line) for line in file.read_text().splitlines()]
    first["images"] = [name]
    file.write_text("\n".join(json.dumps(row) for row in [first, *others]))
    with pytest.raises(DataError, match="leads out"):
        list(LlamaFactory().read(tmp_path / "out", manifest=False))


def test_a_split_object_is_exported_by_its_parts(tmp_path: Path) -> None:
    given = examples(tmp_path / "source")
    parts = DatasetSplitter(train=0.5, validation=0, test=0.5, near_duplicates=None).split(given)
    export(parts, LlamaFactory(), tmp_path / "out")
    assert [one.id for one in LlamaFactory().read(tmp_path / "out", split="test")] == [one.id for one in parts.test]


def test_names_of_splits_are_names(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="split"):
        export({"../x": examples(tmp_path / "source")}, LlamaFactory(), tmp_path / "out")


def test_metadata_that_json_cannot_hold_is_named(tmp_path: Path) -> None:
    given = [replace(one, metadata={"place": Path("x")}) for one in examples(tmp_path / "source")[:1]]
    exported = export(given, HuggingFace(), tmp_path / "out")
    assert [loss.field for loss in exported.lossy] == ["metadata"]
    assert next(iter(HuggingFace().read(tmp_path / "out"))).metadata == {"place": "x"}


WORDS: dict[str, list[Any]] = {
    "<image>": [
        TRL(),
        LlamaFactory(),
        Unsloth(),
        MsSwift(),
        Axolotl(),
        Nova(uri="s3://b"),
        LLaVA(),
        InternVL(),
        QwenVL(),
    ],
    "Bot: ": [Nova(uri="s3://b")],
    "<|image_pad|>": [TRL(), Unsloth(), Axolotl()],
}


@pytest.mark.parametrize(("word", "target"), [(word, target) for word, targets in WORDS.items() for target in targets])
def test_reserved_words_are_refused(word: str, target: Any, tmp_path: Path) -> None:
    first, second, *_ = examples(tmp_path / "source")
    given = [
        first,
        replace(second, question=f"What is the {word} here?"),
        replace(second, id="a", answers=(f"{word} 1",)),
    ]
    with pytest.raises(ExportError) as caught:
        export(given, target, tmp_path / "out")
    refused = {line.partition(":")[0] for line in caught.value.problems}
    in_answers = target.format not in {"nova", "qwen-vl"}
    assert refused == ({"example 'r1'", "example 'a'"} if in_answers else {"example 'r1'"})
    assert word.strip() in caught.value.problems[0]


def test_a_system_prompt_is_refused_where_there_is_no_role_for_it(tmp_path: Path) -> None:
    given = examples(tmp_path / "source")
    builder = MessageBuilder(system="Answer in one word.")
    for target in PEERS:
        if target.format in TABLES | {"llava", "qwen-vl"}:
            with pytest.raises(ExportError, match="no system role"):
                export(given, target, tmp_path / target.format, builder=builder)
        else:
            export(given, target, tmp_path / target.format, builder=builder)
            text = b"".join(path.read_bytes() for path in (tmp_path / target.format).glob("[!.]*/*.parquet"))
            text += b"".join(path.read_bytes() for path in (tmp_path / target.format).glob("*.json*"))
            assert b"Answer in one word." in text
            assert [one.question for one in target.read(tmp_path / target.format)] == [one.question for one in given]


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


@pytest.mark.parametrize(
    "target",
    [target for target in PEERS if target.format in TABLES | {"inspect-ai", "pydantic-evals"}],
    ids=lambda target: target.format,
)
def test_a_conversation_is_refused_where_a_row_is_one_question(target: Any, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="2 questions"):
        export([conversation(tmp_path / "source")], target, tmp_path / "out")


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


@pytest.mark.parametrize(
    "target",
    [target for target in PEERS if target.format in TABLES - {"webdataset"} | {"llava", "pydantic-evals"}],
    ids=lambda target: target.format,
)
def test_what_holds_one_image_or_one_question_refuses_more(target: Any, tmp_path: Path) -> None:
    several = replace(examples(tmp_path / "source")[0], images=(picture(1), picture(2)))
    if target.format not in {"lmms-eval", "vlmevalkit", "pydantic-evals"}:
        with pytest.raises(ExportError, match="2 images"):
            export([several], target, tmp_path / "out")
    else:
        export([several], target, tmp_path / "out")
        (found,) = target.read(tmp_path / "out", manifest=False)
        assert len(found.images) == 2
    with pytest.raises(ExportError, match=r"3 images|earlier turns"):
        export([followed(tmp_path / "more", trained=True)], target, tmp_path / "out")


def test_a_providers_limits_are_refusals(tmp_path: Path) -> None:
    given = examples(tmp_path / "source")
    webp = MessageBuilder(encoder=ImageEncoder(format="webp"))
    with pytest.raises(ExportError, match="Fireworks accepts jpeg, png"):
        export(given, ChatJSONL(provider=FIREWORKS), tmp_path / "out", builder=webp)
    with pytest.raises(ExportError, match="WEBP"):
        export(given, Nova(uri="s3://b"), tmp_path / "out", builder=webp)
    export(given, ChatJSONL(provider=OPENAI), tmp_path / "out", builder=webp)
    remote = [replace(given[0], images=("https://example.com/a.jpg",))]
    for target in PEERS:
        with pytest.raises(ExportError, match="not on this machine"):
            export(remote, target, tmp_path / "out")


@pytest.mark.parametrize(
    "make",
    [
        lambda: Gemini(uri="s3://bucket"),
        lambda: Nova(uri="gs://bucket"),
        lambda: Nova(uri="s3://bucket/with blank"),
        lambda: LlamaFactory(name="two words"),
        lambda: LmmsEval(name=""),
        lambda: LmmsEval(max_new_tokens=0),
        lambda: Conversation(examples=()),
        lambda: VLMEvalKit(name="class"),
        lambda: WebDataset(shard_bytes=0),
        lambda: LabelStudio(levels=("good", "good")),
        lambda: LabelStudio(answers={"r0": "yes"}),
    ],
)
def test_settings_are_valid_by_construction(make: Any) -> None:
    with pytest.raises(DataError):
        make()


@dataclass(frozen=True)
class OneLine:
    """A target of one's own: no base class, no registration."""

    format: str = "one-line"

    def problems(self, row: Row) -> Iterator[str]:  # noqa: ARG002 - none is refused
        return iter(())

    def write(self, rows: Any, folder: Any) -> None:
        folder.write_jsonl(
            "train.jsonl",
            ({"q": row.asked[0].text, "a": row.asked[1].text, "i": folder.write_image(row.images[0])} for row in rows),
        )

    def parse(self, folder: Any) -> Iterator[tuple[str, VQAExample]]:
        for number, row in enumerate(folder.read_jsonl("train.jsonl")):
            yield (
                "train",
                VQAExample(id=str(number), image=folder.image(row["i"]), question=row["q"], answers=(row["a"],)),
            )


def test_a_target_of_ones_own_needs_no_base_class(tmp_path: Path) -> None:
    target: Target = OneLine()
    exported: Exported = export(examples(tmp_path / "source"), target, tmp_path / "out")
    assert {loss.field for loss in exported.lossy} >= {"id", "group", "answers[1:]"}


KILLED = """
import os, shutil, signal, sys
from pathlib import Path
import vqaft.durable.folder as folder
from tests.exchange.samples import examples
from vqaft.exchange import LlamaFactory, export

source, out, way = sys.argv[1:]
given = examples(Path(source))
if way == "no-swap":
    folder._swap = lambda one, other: False

def dying(function, place, calls=[]):
    def call(*arguments, **options):
        calls.append(function)
        if len(calls) == place:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)
    return call

for place in range(1, 60):
    export(given, LlamaFactory(), out, workers=1)
    child = os.fork()
    if not child:
        folder._SYNC_THREADS = 1
        os.fsync, Path.rename, shutil.rmtree = (dying(each, place) for each in (os.fsync, Path.rename, shutil.rmtree))
        export(given[:2], LlamaFactory(), out, workers=1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(len(list(LlamaFactory().read(out))), flush=True)
    if status == 0:
        break
    assert os.WTERMSIG(status) == signal.SIGKILL, status
export(given, LlamaFactory(), out)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
@pytest.mark.parametrize("way", ["swap", "no-swap"])
def test_a_kill_leaves_the_old_export_or_the_new_one(way: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path / "source"), str(tmp_path / "out"), way]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)  # noqa: S603
    counts = run.stdout.split()
    assert len(counts) > 10
    assert set(counts) == {"2", "6"}
    assert {path.name for path in tmp_path.iterdir()} == {"source", "out"}  # nothing of the killed runs is left
