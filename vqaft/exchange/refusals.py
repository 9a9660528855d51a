"""Why rows are refused: the reasons that several targets share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vqaft.exchange.rows import Row
from vqaft.images import RemoteImage

IMAGE_TOKENS = (
    "<image>",
    "<video>",
    "<|image|>",
    "<|image_pad|>",
    "<|video_pad|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<image_soft_token>",
    "<start_of_image>",
    "<end_of_image>",
    "[IMG]",
)
"""Words that processors of common models replace by an image: LLaVA, Llama, Qwen-VL, Gemma, Pixtral."""


def no_web_images(row: Row) -> Iterator[str]:
    """Yield a problem for an image that is a web address: the target needs its pixels."""
    for part in (part for turn in row.turns for part in turn.parts):
        if isinstance(part, RemoteImage):
            hint = "let the builder's encoder fetch it by InputLimits(fetch=WebFetcher())"
            yield f"the image {part.url:.200} is not on this machine; {hint}"


def no_system(row: Row) -> Iterator[str]:
    """Yield a problem for a system prompt: the target has no such role."""
    if row.system is not None:
        yield "the target has no system role; put the system prompt into the builder's question_template"


def no_few_shot(row: Row) -> Iterator[str]:
    """Yield a problem for few-shot examples: the target holds one question and its answer."""
    if len(row.turns) > len(row.asked):
        yield "the target has no place for few-shot examples; use a builder without them"


def one_question(row: Row) -> Iterator[str]:
    """Yield a problem for several questions in one row."""
    if len(row.examples) > 1:
        yield f"the row has {len(row.examples)} questions and the target takes one; export the examples themselves"


def one_image(row: Row) -> Iterator[str]:
    """Yield a problem for a row with several images, or none, where the target takes exactly one."""
    count = len(row.images)
    if count != 1:
        yield f"the row has {count} images and the target takes one"


def no_history(row: Row) -> Iterator[str]:
    """Yield a problem for earlier turns: the target holds one question and its answer."""
    if any(example.history for example in row.examples):
        yield "the example follows earlier turns and the target holds one question alone"


def only_examples(row: Row) -> Iterator[str]:
    """Yield the problems of a target that holds examples and no prompts: one question, and what the builder adds."""
    yield from no_web_images(row)
    yield from no_system(row)
    yield from no_few_shot(row)
    yield from one_question(row)


def no_zero_weights(row: Row) -> Iterator[str]:
    """Yield a problem for an answer of weight 0: the target trains on every answer."""
    if any(turn.weight == 0 for turn in row.turns):
        yield "an answer has weight 0 and the target trains on every answer; leave the question out"


def reserved_words(row: Row, words: Iterable[str], *, in_answers: bool = True) -> Iterator[str]:
    """Yield a problem for each reserved word of the target that a text holds.

    Args:
        row: The row.
        words: The words, in the case in which the target reserves them.
        in_answers: Whether they are reserved in answers too.
    """
    texts = {
        "the system prompt": row.system or "",
        "a question": "\n".join(turn.text for turn in row.turns if turn.role == "user"),
    }
    if in_answers:
        texts["an answer"] = "\n".join(turn.text for turn in row.turns if turn.role == "assistant")
    for word in words:
        for place, text in texts.items():
            if word in text:
                yield f"{place} holds {word!r}, which the target reserves"
