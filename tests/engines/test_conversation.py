from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pybase64
import pytest
from PIL import Image

from vqaft.chat import AssistantMessage, ChatRecord, ImagePart, ImageURL, Message, SystemMessage, TextPart, UserMessage
from vqaft.data import load_chat_jsonl
from vqaft.engines.conversation import Question, answered_questions, last_question, message_tokens, text_tokens


def shown(text: str, *urls: str) -> UserMessage:
    return UserMessage(content=(TextPart(text=text), *(ImagePart(image_url=ImageURL(url=url)) for url in urls)))


CONVERSATION: tuple[Message, ...] = (
    SystemMessage(content="You look."),
    shown("Example?", "one"),
    AssistantMessage(content="shown"),
    shown("First?", "two", "three"),
    AssistantMessage(content="learnt"),
    UserMessage(content="And this?"),
    AssistantMessage(content="left out", weight=0),
    UserMessage(content="Last?"),
    AssistantMessage(content=(TextPart(text="also"), TextPart(text="learnt")), weight=1),
)


def test_all_answers_but_those_of_weight_0_are_learnt() -> None:
    assert list(answered_questions(CONVERSATION)) == [
        (Question(text="Example?", image_urls=("one",)), "shown"),
        (Question(text="First?", image_urls=("two", "three")), "learnt"),
        (Question(text="Last?", image_urls=("two", "three")), "also\nlearnt"),
    ]


def test_a_later_question_is_about_the_images_shown_last() -> None:
    assert last_question(CONVERSATION) == Question(text="Last?", image_urls=("two", "three"))


def test_an_image_and_its_text_in_two_messages_are_one_question() -> None:
    image, text = shown("", "one"), UserMessage(content="What is it?")
    assert last_question((image, text)) == Question(text="What is it?", image_urls=("one",))
    answers = (AssistantMessage(content="a draft", weight=0), AssistantMessage(content="a cat"))
    assert list(answered_questions((image, text, *answers))) == [(last_question((image, text)), "a cat")]


def test_an_engine_learns_the_pairs_that_a_loader_reads(tmp_path: Path) -> None:
    pixel = io.BytesIO()
    Image.new("RGB", (1, 1)).save(pixel, "PNG")
    url = "data:image/png;base64," + pybase64.b64encode_as_string(pixel.getvalue())
    row = ChatRecord(
        messages=(
            shown("", url),
            UserMessage(content="What is it?"),
            AssistantMessage(content="a draft", weight=0),
            AssistantMessage(content="a cat"),
            UserMessage(content="And its color?"),
            AssistantMessage(content="black"),
        )
    )
    (tmp_path / "rows.jsonl").write_bytes(row.to_json())
    loaded = load_chat_jsonl(tmp_path / "rows.jsonl", turns="all")
    learnt = [(question.text, answer) for question, answer in answered_questions(row.messages)]
    assert [(example.question, example.answers[0]) for example in loaded] == learnt
    assert learnt == [("What is it?", "a cat"), ("And its color?", "black")]


def test_nothing_is_asked_without_a_user() -> None:
    assert last_question(CONVERSATION[:1]) == Question(text="")


@pytest.mark.parametrize(
    ("size", "detail", "tokens"),
    [((64, 64), "low", 85), ((512, 512), None, 255), ((513, 512), "auto", 425), ((1024, 1024), "high", 85 + 4 * 170)],
)
def test_images_are_counted_by_tiles(size: tuple[int, int], detail: Any, tokens: int) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", size).save(buffer, "PNG")
    url = "data:image/png;base64," + pybase64.b64encode_as_string(buffer.getvalue())
    shown = UserMessage(content=(ImagePart(image_url=ImageURL(url=url, detail=detail)),))
    assert message_tokens((shown,)) == 4 + tokens


def test_texts_are_counted_by_characters() -> None:
    assert [text_tokens(text) for text in ("", "abcd", "abcdefghi")] == [0, 1, 3]
    assert message_tokens((UserMessage(content="abcd"),)) == 4 + 1
