"""Rows of a training file as cards: messages with their texts and images in order, however broken the row is."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from vqaft.check import CheckedImage, CheckedMessage, CheckedRow, checked_row, foreign_kind
from vqaft.images import CHAT_FORMATS, sniff
from vqaft.workbench.files.line_index import IndexedLine, LineIndex

MAX_PAGE_BYTES = 96 * 1024 * 1024
"""A page ends after the row with which it has read so much of the file."""
MAX_MESSAGES = 60
MAX_PARTS = 40
"""The most messages of a row, and parts of a message, that a card shows."""
_RAW_CHARACTERS = 2_000
_KILO = 1000
_FLAWS = {
    "byte-order-mark": "It begins with a byte order mark",
    "blank": "It is blank",
    "too-long": "It is too long to be shown",
    "not-utf8": "It is not UTF-8",
    "not-json": "It is not JSON",
    "not-an-object": "It is not a JSON object",
    "duplicate-key": "A key stands twice in it",
    "not-a-number": "It holds what is no number in JSON",
    "huge-number": "It holds a number that is too large to read",
    "too-deep": "It is nested too deeply to read",
}
_PLACE = re.compile(r"\[(\d+)\](?:\.image_url)?$")


@dataclass(frozen=True, kw_only=True)
class CardImage:
    """An image of a row.

    Attributes:
        number: Which image of its row it is, from 0.
        key: Equal for equal images.
        is_embedded: Whether its bytes stand in the row; nothing else is ever shown, and nothing is fetched.
        is_picture: Whether they begin as an image file that can be shown.
        address: Its URL; of a `data:` URL the part before the data.
        facts: Format and size in words; empty where nothing is known.
    """

    number: int
    key: Hashable = field(repr=False)
    is_embedded: bool
    is_picture: bool
    address: str
    facts: str


@dataclass(frozen=True, kw_only=True)
class CardMessage:
    """A message of a row.

    Attributes:
        role: Its role; empty if it has none.
        parts: Its texts and images, in order.
        untrained: Whether it is an answer that is kept out of training.
        calls: The tool calls in it, as JSON; empty where there are none.
        more: How many parts are left out.
    """

    role: str
    parts: tuple[str | CardImage, ...]
    untrained: bool = False
    calls: str = ""
    more: int = 0


@dataclass(frozen=True, kw_only=True)
class Card:
    """A row of a training file.

    Attributes:
        line: Its number, from 1.
        size_bytes: Its length.
        flaws: What is wrong with it as JSON, in sentences without their full stop.
        messages: Its messages; of a preference row those of its input.
        completions: The better and the worse answer of a preference row, by name.
        raw: The row's beginning, where it has no messages.
        kind: What it is, where it is no training row but known.
        more: How many messages are left out.
    """

    line: int
    size_bytes: int
    flaws: tuple[str, ...] = ()
    messages: tuple[CardMessage, ...] = ()
    completions: tuple[tuple[str, str], ...] = ()
    raw: str = ""
    kind: str | None = None
    more: int = 0

    @property
    def images(self) -> tuple[CardImage, ...]:
        """The images that are shown."""
        return tuple(part for message in self.messages for part in message.parts if isinstance(part, CardImage))


def read_cards(index: LineIndex, first: int, count: int, *, max_bytes: int = MAX_PAGE_BYTES) -> tuple[Card, ...]:
    """Read a page of a file; only one row is in memory with its images at a time.

    Args:
        index: The lines of the file.
        first: The number of the first row, from 1.
        count: The most rows.
        max_bytes: The page ends after the row with which so much was read.

    Raises:
        StateError: If the file cannot be read.
    """
    cards, seen = [], 0
    for line in index.read(first, count):
        cards.append(card_of(line))
        seen += line.size_bytes
        if seen >= max_bytes:
            break
    return tuple(cards)


def read_row(index: LineIndex, line: int) -> CheckedRow | None:
    """Read one row with the bytes of its images; None where the file has no such line, or it is too long.

    Args:
        index: The lines of the file.
        line: The row's number, from 1.

    Raises:
        StateError: If the file cannot be read.
    """
    found = next(index.read(line, 1), None)
    return None if found is None or not found.content else checked_row(found.number, found.content)


def card_of(line: IndexedLine) -> Card:
    """Return a line as a card.

    Args:
        line: The line.
    """
    if not line.content:
        return Card(line=line.number, size_bytes=line.size_bytes, flaws=(_FLAWS["too-long"],))
    row = checked_row(line.number, line.content)
    numbers = {id(image): number for number, image in enumerate(row.images)}
    return Card(
        line=line.number,
        size_bytes=line.size_bytes,
        flaws=tuple(f"{_FLAWS[flaw]}{f': {detail}' if detail else ''}" for flaw, detail in row.flaws),
        messages=tuple(_message(message, numbers) for message in row.messages[:MAX_MESSAGES]),
        completions=tuple(_completions(row.value)) if row.is_preference else (),
        raw="" if row.messages else line.content[: 4 * _RAW_CHARACTERS].decode(errors="replace")[:_RAW_CHARACTERS],
        kind=foreign_kind(row),
        more=max(0, len(row.messages) - MAX_MESSAGES),
    )


def _message(message: CheckedMessage, numbers: Mapping[int, int]) -> CardMessage:
    parts: list[tuple[int, str | CardImage]] = [(_position(text.place), text.text) for text in message.texts]
    parts += [(_position(image.place), _image(image, numbers[id(image)])) for image in message.images]
    shown = [part for _, part in sorted(parts, key=lambda each: each[0])]
    calls = [message.value[key] for key in ("tool_calls", "function_call") if message.value.get(key)]
    return CardMessage(
        role=message.role,
        parts=tuple(shown[:MAX_PARTS]),
        untrained=message.role == "assistant" and not message.parsed.is_trained,
        calls=json.dumps(calls[0] if len(calls) == 1 else calls, ensure_ascii=False) if calls else "",
        more=max(0, len(shown) - MAX_PARTS),
    )


def _position(place: str) -> int:
    found = _PLACE.search(place)
    return int(found[1]) if found else 0


def _image(image: CheckedImage, number: int) -> CardImage:
    header, facts = image.header, []
    if header is not None:
        facts = [str(header.format), f"{header.width} × {header.height}"] if header.width else [str(header.format)]
    if image.content is not None:
        size = len(image.content)
        facts.append(f"{size / 1000:,.0f} kB" if size >= _KILO else f"{size} bytes")
    return CardImage(
        number=number,
        key=image.key,
        is_embedded=image.content is not None,
        is_picture=image.content is not None and sniff(image.content) in CHAT_FORMATS,
        address=image.url,
        facts=", ".join(facts),
    )


def _completions(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, keys in (
        ("better answer", ("preferred_completion", "preferred_output")),
        ("worse answer", ("non_preferred_completion", "non_preferred_output")),
    ):
        said: list[Any] = next((row[key] for key in keys if isinstance(row.get(key), list)), [])
        texts = [message.get("content") for message in said if isinstance(message, Mapping)]
        yield name, "\n".join(text if isinstance(text, str) else json.dumps(text) for text in texts)
