"""What is refused before anything is written, all rows together."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.exchange.samples import examples, picture
from tests.exchange.targets import PEERS, TABLES, builder_for, each_target, examples_for
from tests.exchange.test_conversations import conversation, followed
from vqaft.chat import DeveloperMessage
from vqaft.errors import DataError, ExportError
from vqaft.exchange import (
    TRL,
    Axolotl,
    ChatJSONL,
    Conversation,
    DatasetCard,
    Gemini,
    HuggingFace,
    InternVL,
    LabelStudio,
    LlamaFactory,
    LLaVA,
    LmmsEval,
    MsSwift,
    Nova,
    PydanticEvals,
    QwenVL,
    Unsloth,
    VLMEvalKit,
    WebDataset,
    export,
)
from vqaft.images import ImageEncoder
from vqaft.providers import FIREWORKS, OPENAI, TOGETHER
from vqaft.records import MessageBuilder


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


def test_names_of_splits_are_names(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="split"):
        export({"../x": examples(tmp_path / "source")}, LlamaFactory(), tmp_path / "out")


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


@pytest.mark.parametrize(
    "target",
    [target for target in PEERS if target.format in TABLES | {"inspect-ai", "pydantic-evals"}],
    ids=lambda target: target.format,
)
def test_a_conversation_is_refused_where_a_row_is_one_question(target: Any, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="2 questions"):
        export([conversation(tmp_path / "source")], target, tmp_path / "out")


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
    small = ChatJSONL(provider=replace(OPENAI, max_image_bytes=100, max_images_per_row=1))
    with pytest.raises(ExportError, match="bytes; OpenAI accepts 100"):
        export(given, small, tmp_path / "other")
    with pytest.raises(ExportError, match="2 images; OpenAI accepts 1"):
        export([replace(given[0], images=(picture(1), picture(2)))], small, tmp_path / "other")
    developer = MessageBuilder(system=DeveloperMessage(content="Be brief."))
    with pytest.raises(ExportError, match="no developer role"):
        export(given, ChatJSONL(provider=TOGETHER), tmp_path / "other", builder=developer)
    with pytest.raises(ExportError, match="31 images; Gemini accepts 30"):
        export([replace(given[0], images=(picture(1),) * 31)], Gemini(uri="gs://b"), tmp_path / "other")
    remote = [replace(given[0], images=("https://example.com/a.jpg",))]
    for target in PEERS:
        with pytest.raises(ExportError, match="not on this machine"):
            export(remote, target, tmp_path / "out")


WRONG: list[tuple[Any, dict[str, Any]]] = [
    (Gemini, {"uri": "s3://bucket"}),
    (Nova, {"uri": "gs://bucket"}),
    (Nova, {"uri": "s3://bucket/with blank"}),
    (LlamaFactory, {"name": "two words"}),
    (LmmsEval, {"name": ""}),
    (LmmsEval, {"max_new_tokens": 0}),
    (Conversation, {"examples": ()}),
    (Conversation, {"examples": "r0"}),
    (VLMEvalKit, {"name": "class"}),
    (TRL, {"reserved": "<image>"}),
    (MsSwift, {"root": None}),
    (HuggingFace, {"several_images": 1}),
    (HuggingFace, {"card": "mit"}),
    (DatasetCard, {"language": "en"}),
    (DatasetCard, {"license": None}),
    (PydanticEvals, {"evaluators": ("",)}),
    (ChatJSONL, {"provider": "openai"}),
    (LabelStudio, {"levels": ("good",), "answers": ["yes"]}),
    (WebDataset, {"shard_bytes": 0}),
    (LabelStudio, {"levels": ("good", "good")}),
    (LabelStudio, {"answers": {"r0": "yes"}}),
]


@pytest.mark.parametrize(("kind", "settings"), WRONG)
def test_settings_are_valid_by_construction(kind: Any, settings: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        kind(**settings)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (lambda one: one, "not a sequence"),
        (lambda one: "r0", "not a sequence"),  # noqa: ARG005 - the example is not wanted
        (lambda one: 7, "not a sequence"),  # noqa: ARG005 - as above
        (lambda one: [one, {"id": "r1"}], "neither a VQAExample"),
    ],
)
def test_what_is_no_example_is_named(given: Any, words: str, tmp_path: Path) -> None:
    (one, *_) = examples(tmp_path / "source")
    with pytest.raises(DataError, match=words):
        export(given(one), LlamaFactory(), tmp_path / "out")


@pytest.mark.parametrize("target", [LlamaFactory, "llama-factory", None])
def test_what_is_no_target_is_named(target: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"LlamaFactory\(name=…\), not its class"):
        export(examples(tmp_path / "source"), target, tmp_path / "out")


@each_target
def test_values_beyond_json_are_refused_or_named(target: Any, tmp_path: Path) -> None:
    first, *others = examples_for(target, tmp_path / "source")
    for metadata in ({"n": 1 << 70}, {"text": "\ud800"}):
        with pytest.raises(ExportError, match="JSON"):
            export([replace(first, metadata=metadata), *others], target, tmp_path / "out", builder=builder_for(target))
    strange: dict[str, Any] = {"in": {1: "a"}, "when": date(2018, 12, 25), "where": Path("x"), "nan": float("nan")}
    exported = export(
        [replace(first, metadata=strange), *others], target, tmp_path / "out", builder=builder_for(target)
    )
    assert "metadata" in {loss.field for loss in exported.lossy}
    found = next(iter(target.read(tmp_path / "out")))
    assert dict(found.metadata) == {"in": {"1": "a"}, "when": "2018-12-25", "where": "x", "nan": None}
