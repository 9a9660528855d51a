"""A line of a file as rules see it, and what is remembered of a file once its rows have gone by.

Rules about rows see the JSON and the messages, texts and images in it; rules across rows see small values alone,
however large the rows are.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar

from vqaft.chat import INSTRUCTIONS, ParsedMessage, exchanges_of
from vqaft.images import ImageHeader, read_header

_JSON_STARTS = frozenset('0123456789-"[{tfnNI')
_LONGEST_JSON = 10_000
_MOST_INTERNED = 100_000

Value = TypeVar("Value", bound=Hashable)

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


@dataclass(frozen=True, kw_only=True)
class CheckedImage:
    """An image in a message.

    Attributes:
        place: Where it is, e.g. "messages[1].content[1].image_url".
        role: The role of its message.
        kind: What its URL is.
        url: The URL; of a data URL only what stands before the data.
        media_type: What a data URL says that it is, in lower case; empty where it says nothing.
        content: The bytes of the file; None where it is no data URL, or not base64.
        detail: How closely the model is to look, where the row says it.
        key: Equal for equal images.
    """

    place: str
    role: str
    kind: UrlKind
    url: str
    media_type: str = ""
    content: bytes | None = field(default=None, repr=False)
    detail: str | None = None
    key: Hashable = field(repr=False)

    @cached_property
    def header(self) -> ImageHeader | None:
        """What the file's first bytes say; None where they say nothing known."""
        return None if self.content is None else read_header(self.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedMessage:
    """A message, as far as it is one.

    Attributes:
        parsed: The message by the parser that loaders and engines use too.
        images: Its images.
    """

    parsed: ParsedMessage
    images: tuple[CheckedImage, ...]

    @property
    def texts(self) -> tuple[CheckedText, ...]:
        """Its texts."""
        role = self.parsed.role
        return tuple([CheckedText(place=text.place, role=role, text=text.text) for text in self.parsed.texts])

    @property
    def place(self) -> str:
        """Where it is, e.g. "messages[1]"."""
        return self.parsed.place

    @property
    def role(self) -> str:
        """Its role; empty if it has none."""
        return self.parsed.role

    @property
    def value(self) -> Mapping[str, Any]:
        """Its JSON."""
        return self.parsed.value

    @property
    def text(self) -> str:
        """Its texts together."""
        return self.parsed.text


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
    value: dict[str, Any] = field(default_factory=dict, hash=False, repr=False)
    messages: tuple[CheckedMessage, ...] = ()
    images: tuple[CheckedImage, ...] = ()

    @cached_property
    def texts(self) -> tuple[CheckedText, ...]:
        """The texts of its messages; rows of a known shape are not asked for them."""
        return tuple([text for message in self.messages for text in message.texts])

    @property
    def is_preference(self) -> bool:
        """Whether this is a row of better and worse answers."""
        return "input" in self.value and "messages" not in self.value

    @property
    def asked_from(self) -> int:
        """Where the part that is asked begins: the last message with an image (0 where none has one).

        What stands before is context, such as few-shot examples.
        """
        for place in range(len(self.messages) - 1, 0, -1):
            if self.messages[place].images:
                return place
        return 0


class Asked(NamedTuple):
    """One question with its answer.

    Attributes:
        question: The user's text.
        answer: The assistant's text.
    """

    question: str
    answer: str


class ParsedRow(NamedTuple):
    """What is remembered of a row; a tuple takes a third of the time of a frozen class, which counts for every row.

    Attributes:
        line: Its number.
        identity: Equal for rows of equal messages.
        system: The instructions.
        images: The keys of the images that are asked about.
        context_images: The keys of the images before them, e.g. of few-shot examples.
        asked: The questions about the images that are asked about, with the answers that are trained on; a tool call is
            no answer.
        is_preference: Whether it holds a better and a worse answer.
        has_lists: Whether a content is a list of parts.
        has_strings: Whether a content is a string.
        altered: A content that is a string and spells a JSON value, e.g. "9.00"; None if there is none.
    """

    line: int
    identity: Hashable
    system: str
    images: tuple[Hashable, ...]
    context_images: tuple[Hashable, ...]
    asked: tuple[Asked, ...]
    is_preference: bool
    has_lists: bool = False
    has_strings: bool = False
    altered: str | None = None


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
        other_rows: The lines of rows that are no training rows, by what they are.
        hashes: The perceptual hash of each image by its key, if it was asked for.
    """

    path: str | None
    size_bytes: int
    lines: int
    crlf_lines: int
    ends_with_newline: bool
    start: bytes
    rows: tuple[ParsedRow, ...]
    other_rows: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    hashes: dict[Hashable, int]


class Interned:
    """Keeps one of equal values, so that the texts and image keys which many rows share are held once."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Hashable] = {}

    def __call__(self, value: Value) -> Value:
        """Return the first value that was equal to this one; past 100,000 distinct ones, new values as they are."""
        if len(self._known) < _MOST_INTERNED:
            return self._known.setdefault(value, value)  # type: ignore[return-value]
        return self._known.get(value, value)  # type: ignore[return-value]


def facts_of(row: CheckedRow, *, interned: Interned) -> ParsedRow:
    """Return what rules across rows need of a row.

    Args:
        row: The row.
        interned: Shared by the rows of a file.
    """
    begin = row.asked_from
    context: tuple[Hashable, ...] = ()
    if begin:
        context = interned(tuple([image.key for message in row.messages[:begin] for image in message.images]))
    images = interned(tuple([image.key for message in row.messages[begin:] for image in message.images]))
    said = tuple([(message.role, message.text, _calls(message)) for message in row.messages])
    contents = [message.value.get("content") for message in row.messages]
    strings = [content for content in contents if isinstance(content, str)]
    return ParsedRow(
        line=row.line,
        identity=hash((said, context, images, repr(row.value) if row.is_preference else "")),
        system=interned("\n".join([text for role, text, _ in said if role in INSTRUCTIONS])),
        images=images,
        context_images=context,
        asked=tuple(_asked(row.messages[begin:], interned)),
        is_preference=row.is_preference,
        has_lists=any([isinstance(content, list) for content in contents]),  # noqa: C419 - a few, and asked for every row
        has_strings=bool(strings),
        altered=next(filter(_is_json, strings), None) if strings and not _is_plain_tool_row(row, strings) else None,
    )


def _calls(message: CheckedMessage) -> str | None:
    calls = message.value.get("tool_calls")
    return None if calls is None else repr(calls)


def _asked(messages: tuple[CheckedMessage, ...], interned: Interned) -> Iterator[Asked]:
    for exchange in exchanges_of([message.parsed for message in messages]):
        if exchange.answer is not None and exchange.trained:
            yield Asked(question=interned(exchange.question.strip()), answer=interned(exchange.answer.strip()))


def _is_plain_tool_row(row: CheckedRow, strings: list[str]) -> bool:
    """Return whether all that a reader of JSON columns would change are results of tools that print as before: "42"."""
    results = [message.value.get("content") for message in row.messages if message.role == "tool"]
    spelled = list(filter(_is_json, strings)) if results else []
    return bool(spelled) and all(text in results and str(json.loads(text)) == text for text in spelled)


def _is_json(text: str) -> bool:
    """Return whether a text is a JSON value, so that a reader of JSON columns may change it."""
    if text[:1] not in _JSON_STARTS or len(text) > _LONGEST_JSON:
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


FOREIGN_KEYS = {
    "contents": "in Gemini's format",
    "conversations": "in ShareGPT's format",
    "prompt": "in the format prompt and completion",
    "prefix": "in maestro's format",
    "schemaVersion": "in Bedrock's format",
    "custom_id": "batch requests",
    "example_id": "predictions",
    "question": "examples, not training rows",
}


def foreign_kind(row: CheckedRow) -> str | None:
    """Return what a row is that is no training row but known; None for a training row and for anything else."""
    if row.is_preference or "messages" in row.value:
        return None
    return next((kind for key, kind in FOREIGN_KEYS.items() if key in row.value), None)
