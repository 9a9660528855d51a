"""Several images and several turns in rows and requests."""

from __future__ import annotations

import json

import pytest

from tests.records.pictures import picture
from vqaft.chat import ChatRecord
from vqaft.check import check_records
from vqaft.data import Turn, VQAExample
from vqaft.errors import DataError
from vqaft.providers import TOGETHER
from vqaft.records import MessageBuilder

PAIR = VQAExample(id="pair", images=(picture(1), picture(2)), question="Which is older?", answers=("the left one",))
DIALOG = VQAExample(
    id="dialog",
    images=(picture(3), picture(4), picture(5)),
    question="And these two?",
    answers=("Both.",),
    history=(
        Turn(question="What is it?", answer="A cat.", n_images=1),
        Turn(question="What color?", answer="Black.", trained=False),
    ),
)


def kinds(message: dict[str, object]) -> list[str]:
    content = message["content"]
    assert isinstance(content, list)
    return [part["type"] for part in content]


def test_all_images_stand_with_the_question_in_their_order() -> None:
    for first in (False, True):
        row = MessageBuilder(image_first=first, detail="low").record(PAIR)
        user, assistant = json.loads(row.to_json())["messages"]
        assert kinds(user) == (["image_url", "image_url", "text"] if first else ["text", "image_url", "image_url"])
        urls = [part["image_url"]["url"] for part in user["content"] if part["type"] == "image_url"]
        assert len(set(urls)) == 2
        assert assistant["content"] == [{"type": "text", "text": "the left one"}]
        assert row.model_dump_json().encode() == row.to_json()
        assert ChatRecord.from_json(row.to_json()) == row


def test_earlier_turns_come_first_with_their_images() -> None:
    builder = MessageBuilder(system="Look.")
    row = builder.record(DIALOG)
    messages = json.loads(row.to_json())["messages"]
    assert [message["role"] for message in messages] == ["system", *["user", "assistant"] * 3]
    assert [kinds(message) for message in messages[1::2]] == [
        ["text", "image_url"],
        ["text"],
        ["text", "image_url", "image_url"],
    ]
    assert [message.get("weight") for message in messages[2::2]] == [None, 0, None]
    assert builder.request(DIALOG) == row.messages[:-1]
    assert json.loads(builder.request_json(DIALOG)) == messages[:-1]


def test_such_rows_pass_the_check() -> None:
    rows = [*MessageBuilder(system="Look.").records([PAIR, DIALOG])]
    found = check_records(rows, limits=TOGETHER)
    assert not [problem for problem in found.problems if problem.severity == "error" and problem.line is not None]


def test_a_few_shot_example_may_show_none_of_them() -> None:
    few_shot = VQAExample(id="shot", images=(picture(9), picture(2)), question="Which?", answers=("this",))
    builder = MessageBuilder(few_shot=[few_shot])
    with pytest.raises(DataError, match="few-shot example 'shot'"):
        builder.record(PAIR)
    assert len(builder.record(DIALOG).messages) == 8


def test_a_conversation_shows_the_same_images_once() -> None:
    follow_up = VQAExample(id="more", images=PAIR.images, question="Why?", answers=("Rust.",))
    row = MessageBuilder().conversation([PAIR, follow_up])
    assert row.to_json().count(b"data:image") == 2
    swapped = VQAExample(id="swapped", images=PAIR.images[::-1], question="Why?", answers=("Rust.",))
    with pytest.raises(DataError, match="other images"):
        MessageBuilder().conversation([PAIR, swapped])
    later = VQAExample(id="x", images=DIALOG.images, question="?", answers=("!",), history=DIALOG.history)
    with pytest.raises(DataError, match="a history of its own"):
        MessageBuilder().conversation([DIALOG, later])
    with pytest.raises(DataError, match="1 weights for 2 examples"):
        MessageBuilder().conversation([PAIR, follow_up], weights=[1])
