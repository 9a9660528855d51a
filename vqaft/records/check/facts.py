"""What is remembered of a file once its rows have gone by: small values, however large the rows."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from vqaft.records.check.row import CheckedMessage, CheckedRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question that a row trains on.

    Attributes:
        question: The user's text.
        answer: The assistant's text.
    """

    question: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFacts:
    """What is remembered of a row.

    Attributes:
        line: Its number.
        identity: Equal for rows of equal messages.
        system: What the model is told first.
        images: The keys of the images that are asked about.
        context_images: The keys of the images before them, e.g. of few-shot examples.
        asked: The questions about the images that are asked about.
        is_preference: Whether it holds a better and a worse answer.
    """

    line: int
    identity: Hashable
    system: str
    images: tuple[Hashable, ...]
    context_images: tuple[Hashable, ...]
    asked: tuple[Asked, ...]
    is_preference: bool


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """What is remembered of a file.

    Attributes:
        path: The file; None for rows that came from no file.
        size_bytes: Its length.
        lines: How many lines it has, blank ones too.
        crlf_lines: How many lines end in a carriage return.
        ends_with_newline: Whether its last line is ended.
        start: Its first bytes.
        rows: The rows that have messages.
        hashes: The perceptual hash of each image by its key, where it was asked for.
    """

    path: str | None
    size_bytes: int
    lines: int
    crlf_lines: int
    ends_with_newline: bool
    start: bytes
    rows: tuple[RowFacts, ...]
    hashes: dict[Hashable, int]


def facts_of(row: CheckedRow) -> RowFacts:
    """Remember what rules across rows need of a row."""
    begin = row.asked_from
    context = [image.key for message in row.messages[:begin] for image in message.images]
    images = tuple(image.key for message in row.messages[begin:] for image in message.images)
    said = tuple((message.role, message.text) for message in row.messages)
    return RowFacts(
        line=row.line,
        identity=hash((said, tuple(context), images, repr(row.value) if row.is_preference else "")),
        system="\n".join(text for role, text in said if role in {"system", "developer"}),
        images=images,
        context_images=tuple(context),
        asked=_asked(row.messages[begin:]),
        is_preference=row.is_preference,
    )


def _asked(messages: tuple[CheckedMessage, ...]) -> tuple[Asked, ...]:
    pairs: list[Asked] = []
    question = ""
    for message in messages:
        if message.role == "user":
            question = message.text
        elif message.role == "assistant":
            pairs.append(Asked(question=question.strip(), answer=message.text.strip()))
    return tuple(pairs)
