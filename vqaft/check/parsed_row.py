"""A line of a file as rules see it: its JSON, and the messages, texts and images that could be made out.

What is remembered of a file once its rows have gone by: small values, however large the rows.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from vqaft.images import ImageHeader

UrlKind: TypeAlias = Literal["data", "web", "file", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedText:
    """A text in a message.

    Attributes:
        place: Where it is, e.g. "messages[1].content[0].text".
        role: The role of its message.
        text: The text.
    """

    place: str
    role: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedImage:
    """An image in a message.

    Attributes:
        place: Where it is, e.g. "messages[1].content[1].image_url".
        role: The role of its message.
        kind: What its URL is.
        url: The URL; of a data URL only what stands before the data.
        media_type: What a data URL says that it is, in lower case; empty where it says nothing.
        content: The bytes of the file; None where it is no data URL, or not base64.
        header: What the file's first bytes say; None where they say nothing known.
        detail: How closely the model is to look, where the row says it.
        key: Equal for equal images.
    """

    place: str
    role: str
    kind: UrlKind
    url: str
    media_type: str = ""
    content: bytes | None = field(default=None, repr=False)
    header: ImageHeader | None = None
    detail: str | None = None
    key: Hashable = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedMessage:
    """A message, as far as it is one.

    Attributes:
        place: Where it is, e.g. "messages[1]".
        role: Its role; empty where it has none.
        value: Its JSON.
        texts: Its texts.
        images: Its images.
    """

    place: str
    role: str
    value: dict[str, Any] = field(repr=False)
    texts: tuple[CheckedText, ...]
    images: tuple[CheckedImage, ...]

    @property
    def text(self) -> str:
        """Its texts together."""
        return self.texts[0].text if len(self.texts) == 1 else "\n".join([text.text for text in self.texts])


LineFlaw: TypeAlias = Literal[
    "byte-order-mark",
    "blank",
    "too-long",
    "not-utf8",
    "not-json",
    "not-an-object",
    "duplicate-key",
    "not-a-number",
    "huge-number",
    "too-deep",
]


@dataclass(frozen=True, kw_only=True)
class CheckedRow:
    """A line, taken apart as far as it goes; what is missing is left out, never an exception.

    Attributes:
        line: Its number, from 1.
        size_bytes: Its length.
        flaws: What is wrong with the line as JSON, and details.
        value: Its JSON object; empty where there is none.
        messages: Its messages; of a preference row those of its input.
    """

    line: int
    size_bytes: int
    flaws: tuple[tuple[LineFlaw, str], ...] = ()
    value: dict[str, Any] = field(default_factory=dict, repr=False)
    messages: tuple[CheckedMessage, ...] = ()
    texts: tuple[CheckedText, ...] = ()
    images: tuple[CheckedImage, ...] = ()

    @property
    def is_preference(self) -> bool:
        """Whether this is a row of better and worse answers."""
        return "input" in self.value and "messages" not in self.value

    @property
    def asked_from(self) -> int:
        """Where the part that is asked begins: the last message with an image (0 where none has one).

        What stands before is context, such as few-shot examples.
        """
        return max((place for place, message in enumerate(self.messages) if message.images), default=0)


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
class ParsedRow:
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
class ParsedFile:
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
    rows: tuple[ParsedRow, ...]
    hashes: dict[Hashable, int]


def facts_of(row: CheckedRow) -> ParsedRow:
    """Remember what rules across rows need of a row."""
    begin = row.asked_from
    context = [image.key for message in row.messages[:begin] for image in message.images]
    images = tuple(image.key for message in row.messages[begin:] for image in message.images)
    said = tuple((message.role, message.text) for message in row.messages)
    return ParsedRow(
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
