from __future__ import annotations

import pytest

from vqaft.chat import AssistantMessage, ImagePart, ImageURL, Message, SystemMessage, TextPart, UserMessage
from vqaft.engines.embedded.conversation import Asked, answered, asked
from vqaft.engines.embedded.frame import Frame
from vqaft.engines.embedded.tokens import image_tokens, message_tokens, text_tokens


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
    assert list(answered(CONVERSATION)) == [
        (Asked(question="Example?", image_url="one"), "shown"),
        (Asked(question="First?", image_url="three"), "learnt"),
        (Asked(question="Last?", image_url="three"), "also\nlearnt"),
    ]


def test_a_later_question_is_about_the_last_image() -> None:
    assert asked(CONVERSATION) == Asked(question="Last?", image_url="three")


def test_nothing_is_asked_without_a_user() -> None:
    assert asked(CONVERSATION[:1]) == Asked(question="", image_url=None)


@pytest.mark.parametrize(
    ("texts", "question"),
    [
        (["Question: a b?\nIn a word.", "Question: a c?\nIn a word."], "a b?"),
        (["What is red?", "What is blue?"], "What is red?"),
        (["Same?", "Same?"], "Same?"),
        (["Look.\n\nWho?", "Look.\n\nWhat?"], "Who?"),
    ],
)
def test_the_frame_is_taken_off(texts: list[str], question: str) -> None:
    assert Frame.of(texts).question(texts[0]) == question


def test_another_text_keeps_what_the_frame_lacks() -> None:
    frame = Frame.of(["Question: a?\nIn a word.", "Question: b?\nIn a word."])
    assert (frame.before, frame.after) == ("Question:", "\nIn a word.")
    assert frame.question("Something else") == "Something else"


@pytest.mark.parametrize(
    ("size", "detail", "tokens"),
    [
        ((64, 64), "low", 85),
        ((512, 512), None, 255),
        ((513, 512), "auto", 425),
        ((1024, 1024), "high", 85 + 4 * 170),
        ((4096, 8192), "high", 85 + 6 * 170),
    ],
)
def test_images_are_counted_by_tiles(size: tuple[int, int], detail: str | None, tokens: int) -> None:
    assert image_tokens(size, detail) == tokens  # type: ignore[arg-type]


def test_texts_are_counted_by_words_or_characters() -> None:
    assert [text_tokens(text) for text in ("", "a b c", "abcdefghi")] == [0, 3, 3]
    assert message_tokens((UserMessage(content="abcd"),), []) == 4
