"""LLaVA, ShareGPT and OpenAI chat files become examples."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.data.pictures import picture
from vqaft.data import load_chat_jsonl, load_llava
from vqaft.errors import DataError
from vqaft.images import InputLimits, read_source

HUMAN = {"from": "human", "value": "<image>\nWhat is it?"}
GPT = {"from": "gpt", "value": "A cat."}
LLAVA = {"id": "x1", "image": "a.png", "conversations": [HUMAN, GPT]}
SHARE = {
    "images": ["a.png"],
    "messages": [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "What is it?<image>"},
        {"role": "assistant", "content": "A cat."},
        {"role": "user", "content": "What colour?"},
        {"role": "assistant", "content": "Black."},
    ],
}
URL = "data:image/png;base64," + base64.b64encode(picture(1)).decode()


def write(folder: Path, rows: list[Any], name: str = "data.jsonl") -> Path:
    (folder / "a.png").write_bytes(picture(1))
    path = folder / name
    text = json.dumps(rows) if name.endswith(".json") else "\n".join(map(json.dumps, rows))
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["data.json", "data.jsonl"])
def test_both_forms(tmp_path: Path, name: str) -> None:
    found = list(load_llava(write(tmp_path, [LLAVA, SHARE], name), prefix="s-"))
    assert [(each.id, each.question, each.answer) for each in found] == [
        ("x1", "What is it?", "A cat."),
        ("s-1-0", "What is it?", "A cat."),
        ("s-1-1", "What colour?", "Black."),
    ]
    assert {each.image for each in found} == {str(tmp_path / "a.png")}


def test_rows_of_text_alone(tmp_path: Path) -> None:
    path = write(tmp_path, [{"conversations": [HUMAN, GPT]}, LLAVA])
    assert [each.id for each in load_llava(path, without_image="skip")] == ["x1"]
    with pytest.raises(DataError, match=r"data\.jsonl:1: example .0.: the question has no image"):
        list(load_llava(path))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"conversations": [HUMAN]}, "the last question has no answer"),
        ({"conversations": [GPT, HUMAN]}, "the last question has no answer"),
        ({"conversations": [HUMAN, {"from": "gpt", "value": " "}]}, "the last question has no answer"),
        ({"conversations": [HUMAN, {"from": "gpt"}]}, "the last question has no answer"),
        ({"conversations": [HUMAN, {"from": "cat", "value": "?"}]}, "the role is 'cat', which is not known"),
        ({"conversations": None}, "no list 'messages' or 'conversations'; there is 'id', 'image'"),
        ({"image": "../a.png"}, "leads out of the folder"),
    ],
)
def test_refuses_llava_rows(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=rf"data\.json:2: .*{message}"):
        list(load_llava(write(tmp_path, [LLAVA, {**LLAVA, **change}], "data.json")))


@pytest.mark.parametrize(
    ("content", "message"), [("{", "not JSON"), ("{}", "not a list of objects"), ("[]", "no rows")]
)
def test_refuses_llava_files(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "data.json").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        list(load_llava(tmp_path / "data.json"))


def user(text: str, *urls: str) -> dict[str, Any]:
    images = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return {"role": "user", "content": [{"type": "text", "text": text}, *images]}


def assistant(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


CHAT = [
    {"role": "system", "content": "Be short."},
    user("What is it?", "https://example.org/a.png"),
    assistant("A cat."),
    user("And this?", URL),
    {"role": "assistant", "content": [{"type": "text", "text": "A dog."}]},
    {"role": "user", "content": "What colour?"},
    assistant("Black."),
]


def test_chat(tmp_path: Path) -> None:
    path = write(tmp_path, [{"messages": CHAT[:5]}, {"messages": CHAT}])
    first, second = load_chat_jsonl(path, prefix="train-")
    assert (first.id, first.question, first.answer) == ("train-1", "And this?", "A dog.")
    assert read_source(first.image, InputLimits()) == picture(1)
    assert (second.id, second.question, second.answer) == (
        "train-2",
        "What colour?",
        "Black.",
    )
    assert read_source(second.image, InputLimits()) == picture(1)


def test_all_turns_of_a_chat(tmp_path: Path) -> None:
    found = list(load_chat_jsonl(write(tmp_path, [{"messages": CHAT}]), turns="all"))
    assert [(each.id, each.answer) for each in found] == [("1-0", "A cat."), ("1-1", "A dog."), ("1-2", "Black.")]
    assert found[0].image == "https://example.org/a.png"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"prompt": ""}, "no list 'messages' or 'conversations'; there is 'prompt'"),
        ({"messages": [user("a", URL)]}, "the last question has no answer"),
        ({"messages": [user("a"), assistant("b")]}, "example '1': the question has no image"),
        ({"messages": [user("a", "data:image/png;base64,?"), assistant("b")]}, "not base64"),
    ],
)
def test_refuses_chats(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=rf"data\.jsonl:1: .*{message}"):
        list(load_chat_jsonl(write(tmp_path, [row])))


def test_refuses_an_empty_chat_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no rows"):
        list(load_chat_jsonl(write(tmp_path, [])))
