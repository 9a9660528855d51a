"""Every shape of chat row that a provider's own documentation shows becomes examples."""

from __future__ import annotations

import base64
import contextlib
import json
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from tests.data.pictures import picture
from vqaft.data import Turn, load_chat_jsonl, load_conversations, load_file, load_hf
from vqaft.errors import DataError, VqaftError
from vqaft.images import InputLimits, read_source

B64 = base64.b64encode(picture(1)).decode()
URL = f"data:image/png;base64,{B64}"
IMAGE = {"type": "image_url", "image_url": {"url": URL}}
TEXT = {"type": "text", "text": "What is it?"}
ANSWER = {"role": "assistant", "content": "A cat."}
CALL = {"id": "c1", "type": "function", "function": {"name": "zoom", "arguments": "{}"}}


def said(role: str, *parts: Any) -> dict[str, Any]:
    return {"role": role, "content": list(parts)}


SHAPES: dict[str, dict[str, Any]] = {
    "OpenAI, question and image in two messages": {
        "messages": [
            {"role": "system", "content": "Be short."},
            {"role": "user", "content": "What is it?"},
            said("user", IMAGE),
            ANSWER,
        ]
    },
    "OpenAI, image_url as a string": {
        "messages": [said("user", TEXT, {"type": "image_url", "image_url": URL}), ANSWER]
    },
    "OpenAI, a part that is a string": {"messages": [said("user", "What is it?", IMAGE), ANSWER]},
    "OpenAI, tools": {
        "messages": [
            said("user", TEXT, IMAGE),
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "c1", "content": "a crop"},
            {"role": "assistant", "content": "A cat."},
        ],
        "tools": [],
    },
    "OpenAI, preference": {
        "input": {"messages": [said("user", TEXT, IMAGE)]},
        "preferred_output": [ANSWER],
        "non_preferred_output": [{"role": "assistant", "content": "A dog."}],
    },
    "OpenAI, batch request": {"custom_id": "r1", "body": {"messages": [said("user", TEXT, IMAGE), ANSWER]}},
    "OpenAI, responses": {
        "messages": [said("user", {**TEXT, "type": "input_text"}, {"type": "input_image", "image_url": URL}), ANSWER]
    },
    "Together, all parts": {
        "messages": [
            said("system", TEXT),
            said("user", TEXT, IMAGE),
            said("assistant", {"type": "text", "text": "A cat."}),
        ]
    },
    "Gemini": {
        "systemInstruction": {"role": "system", "parts": [{"text": "Be short."}]},
        "contents": [
            {
                "role": "user",
                "parts": [{"inlineData": {"mimeType": "image/png", "data": B64}}, {"text": "What is it?"}],
            },
            {"role": "model", "parts": [{"text": "A cat."}]},
        ],
    },
    "Amazon Nova": {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": "Be short."}],
        "messages": [
            {
                "role": "user",
                "content": [{"text": "What is it?"}, {"image": {"format": "png", "source": {"bytes": B64}}}],
            },
            {"role": "assistant", "content": [{"text": "A cat."}]},
        ],
    },
    "Anthropic": {
        "messages": [
            said("user", {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": B64}}, TEXT),
            ANSWER,
        ]
    },
    "LLaVA": {
        "image": "a.png",
        "conversations": [{"from": "human", "value": "<image>\nWhat is it?"}, {"from": "gpt", "value": "A cat."}],
    },
    "TRL": {
        "images": ["a.png"],
        "messages": [said("user", {"type": "image"}, TEXT), said("assistant", {"type": "text", "text": "A cat."})],
    },
    "TRL, prompt and completion": {
        "images": ["a.png"],
        "prompt": [said("user", {"type": "image"}, TEXT)],
        "completion": [ANSWER],
    },
    "axolotl": {"messages": [said("user", {"type": "image", "path": "a.png"}, TEXT), ANSWER]},
    "ms-swift": {"images": [{"path": "a.png", "bytes": None}], "query": "<image>What is it?", "response": "A cat."},
    "ms-swift, messages": {
        "images": ["a.png"],
        "messages": [{"role": "user", "content": "<image>What is it?"}, {**ANSWER, "loss": True}],
    },
    "arrow, with empty keys": {
        "messages": [
            said("user", {**TEXT, "image_url": None}, {"type": "image_url", "text": None, "image_url": {"url": URL}}),
            ANSWER,
        ],
        "images": [],
    },
}


def write(folder: Path, *rows: Any, name: str = "t.jsonl") -> Path:
    (folder / "a.png").write_bytes(picture(1))
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder / name


@pytest.mark.parametrize("shape", SHAPES)
def test_documented_shapes(tmp_path: Path, shape: str) -> None:
    [example] = load_file(write(tmp_path, SHAPES[shape]))
    assert (example.question, example.answers) == ("What is it?", ("A cat.",))
    [image] = example.images
    assert read_source(image, InputLimits()) == picture(1)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_shapes_in_a_json_list(tmp_path: Path, shape: str) -> None:
    (tmp_path / "a.png").write_bytes(picture(1))
    (tmp_path / "t.json").write_text(json.dumps([SHAPES[shape]]), encoding="utf-8")
    assert [example.answers for example in load_file(tmp_path / "t.json")] == [("A cat.",)]


def test_placeholders_stay_in_answers_and_where_they_are_text(tmp_path: Path) -> None:
    row = {
        "image": "a.png",
        "conversations": [
            {"from": "human", "value": "<image>\nWhat does <image> mean?"},
            {"from": "gpt", "value": "the <image> tag"},
        ],
    }
    [example] = load_file(write(tmp_path, row))
    assert (example.question, example.answer) == ("What does <image> mean?", "the <image> tag")


def test_an_answer_of_weight_0_is_no_truth(tmp_path: Path) -> None:
    messages = [said("user", TEXT, IMAGE), {**ANSWER, "weight": 0}, {"role": "user", "content": "And now?"}, ANSWER]
    path = write(tmp_path, {"messages": messages}, {"messages": [*messages[:3], {**ANSWER, "weight": 0}]})
    assert [example.id for example in load_chat_jsonl(path, turns="all", on_error="skip")] == ["1-1"]
    with pytest.raises(DataError, match=r"t\.jsonl:2: example '2': every answer has weight 0"):
        list(load_chat_jsonl(path))
    trained_first = {"messages": [messages[0], ANSWER, messages[2], {**ANSWER, "weight": 0}]}
    [example] = load_chat_jsonl(write(tmp_path, trained_first))
    assert example.question == "What is it?"


def test_turns_as_history(tmp_path: Path) -> None:
    messages = [
        said("user", TEXT, IMAGE),
        {**ANSWER, "weight": 0},
        said("user", {"type": "text", "text": "And these?"}, IMAGE, IMAGE),
        ANSWER,
    ]
    [example] = load_file(write(tmp_path, {"id": "r1", "messages": messages}), turns="conversation")
    assert (example.id, example.question, len(example.images)) == ("r1", "And these?", 3)
    assert example.history == (Turn(question="What is it?", answer="A cat.", n_images=1, trained=False),)
    [last] = load_file(write(tmp_path, {"messages": messages}))
    assert (last.history, len(last.images)) == ((), 2)
    with pytest.raises(DataError, match="turns is 'first'"):
        list(load_file(write(tmp_path, {"messages": messages}), turns="first"))  # type: ignore[arg-type]


def test_a_question_without_its_answer_is_no_history(tmp_path: Path) -> None:
    call = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    messages = [said("user", TEXT, IMAGE), call, {"role": "user", "content": "Well?"}, ANSWER]
    with pytest.raises(DataError, match="has no answer"):
        list(load_conversations(write(tmp_path, {"messages": messages}), turns="conversation"))
    with pytest.raises(DataError, match="calls a tool and gives no answer"):
        list(load_conversations(write(tmp_path, {"messages": messages[:2]})))


def test_a_key_of_images_forces_no_form(tmp_path: Path) -> None:
    row = {"images": "a.png", "question": "What is it?", "answer": "A cat."}
    [example] = load_file(write(tmp_path, row))
    assert example.answer == "A cat."


def test_ids_of_the_manifest_come_back(tmp_path: Path) -> None:
    from vqaft.records import MessageBuilder, write_jsonl

    (tmp_path / "a.png").write_bytes(picture(1))
    examples = list(load_hf([{"id": "r7", "image": str(tmp_path / "a.png"), "question": "q", "answer": "x"}]))
    write_jsonl(tmp_path / "train.jsonl", MessageBuilder().records(examples))
    [again] = load_file(tmp_path / "train.jsonl")
    assert again.id == "r7"


def test_images_of_a_store_are_refused_with_a_remedy(tmp_path: Path) -> None:
    part = {"fileData": {"mimeType": "image/png", "fileUri": "gs://bucket/a.png"}}
    row = {"contents": [{"role": "user", "parts": [part, {"text": "?"}]}, {"role": "model", "parts": [{"text": "x"}]}]}
    with pytest.raises(DataError, match="images=…"):
        list(load_file(write(tmp_path, row)))


def test_two_images_where_one_is_shown_are_refused(tmp_path: Path) -> None:
    asked = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What?"}]}
    row = {"images": [[URL, URL]], "messages": [asked, {"role": "assistant", "content": "A cat."}]}
    with pytest.raises(DataError, match="2 images stand where one is shown"):
        list(load_file(write(tmp_path, row)))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(URL[:60]) | st.just("user"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "text", "url", "role", "x"]), inner)
    ),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a row."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, part in inner for place in places(part, (*path, key)))]


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    if isinstance(value, dict):
        return {key: changed(part, path[1:], new) if key == path[0] else part for key, part in value.items()}
    return [changed(part, path[1:], new) if key == path[0] else part for key, part in enumerate(value)]


TABLE = {"id": "r", "image": "a.png", "question": "q", "answer": ["x"], "question_type": "t", "group": "g"}
SAVED = {**TABLE, "answers": ["x"], "kind": None, "metadata": {"a": 1}, "history": [{"question": "q", "answer": "a"}]}


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([*SHAPES.values(), TABLE, SAVED]).flatmap(
        lambda row: st.tuples(st.just(row), st.sampled_from(places(row)), VALUES)
    )
)
def test_no_value_of_any_type_raises_an_untyped_error(
    tmp_path_factory: pytest.TempPathFactory, case: tuple[Any, tuple[Any, ...], Any]
) -> None:
    row = changed(*case)
    folder = tmp_path_factory.getbasetemp() / "fuzz"
    folder.mkdir(exist_ok=True)
    for turns in ("last", "all", "conversation"):
        with contextlib.suppress(VqaftError):
            list(load_file(write(folder, row), turns=turns))
