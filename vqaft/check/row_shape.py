"""Shape of a row: all of it but the words of plain texts and the data of images.

Most rules find nothing in a row for a reason that its shape gives: which keys it has, who speaks, how many images it
shows. Rows of a file have few shapes, so that such rules are asked once a shape (`RowRule.by_shape`), not once a row.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Hashable
from functools import lru_cache
from typing import Any

from vqaft.check.parsed_row import CheckedRow
from vqaft.check.rules.text import LONG, PASTED, PLACEHOLDERS, SUSPICIOUS, is_unicode

_ROW_KEYS = frozenset({"messages"})
_MESSAGE_KEYS = frozenset({"role", "content"})
_WEIGHED_KEYS = _MESSAGE_KEYS | {"weight"}
_TEXT_KEYS = frozenset({"type", "text"})
_IMAGE_KEYS = frozenset({"type", "image_url"})
_LONGEST = 200
_LONGEST_TEXT = 10_000


def shape_of(row: CheckedRow) -> Hashable | None:
    """Return the shape of a common row; None for any other, which every rule has to look at.

    A common row is flawless JSON with `messages` alone. Its messages have a role, a content of plain texts and images,
    and perhaps a weight of 0 or 1; see `is_plain`.

    Args:
        row: The row.

    Returns:
        For each message its role, its weight, and its content: a string, or for each part whether it is a text and
        which detail its image asks for.
    """
    messages = row.value.get("messages")
    if row.flaws or row.value.keys() != _ROW_KEYS or not isinstance(messages, list):
        return None
    found = []
    for message in messages:
        shape = _message_shape(message)
        if shape is None:
            return None
        found.append(shape)
    return tuple(found)


def _message_shape(message: Any) -> Hashable | None:
    if type(message) is not dict or not (message.keys() == _MESSAGE_KEYS or _is_weighed(message)):
        return None
    role, content = message["role"], message["content"]
    if type(role) is not str or len(role) > _LONGEST:
        return None
    form = _content_shape(content, is_answer=role == "assistant")
    return None if form is None else (role, message.get("weight"), form)


def _is_weighed(message: dict[str, Any]) -> bool:
    return message.keys() == _WEIGHED_KEYS and type(message["weight"]) is int and message["weight"] in {0, 1}


def _content_shape(content: Any, *, is_answer: bool) -> Hashable | None:
    longest = LONG if is_answer else _LONGEST_TEXT
    if type(content) is str:
        return "string" if len(content) <= longest and is_plain(content) else None
    if type(content) is not list:
        return None
    parts = tuple([_part_shape(part, longest) for part in content])
    several_texts = is_answer and len(parts) > 1  # which may be too long together
    return None if None in parts or several_texts else parts


def _part_shape(part: Any, longest: int) -> Hashable | None:
    if type(part) is not dict:
        return None
    kind = part.get("type")
    if kind == "text" and part.keys() == _TEXT_KEYS:
        text = part["text"]
        return "text" if type(text) is str and len(text) <= longest and is_plain(text) else None
    if kind == "image_url" and part.keys() == _IMAGE_KEYS:
        return _image_shape(part["image_url"])
    return None


def _image_shape(image: Any) -> Hashable | None:
    if type(image) is not dict or not image.keys() <= {"url", "detail"}:
        return None
    url, detail = image.get("url"), image.get("detail", "")
    known = type(url) is str and url and not url.isspace() and type(detail) is str and len(detail) < _LONGEST
    return ("image", "detail" in image, detail) if known else None


@lru_cache(maxsize=1 << 12)
def is_plain(text: str) -> bool:
    """Return whether no rule about a text can find anything in it: words without blanks around them, and no markup.

    An answer of over 2,000 characters is another matter.

    Args:
        text: A question, an answer, or instructions.
    """
    if not text or text[0].isspace() or text[-1].isspace() or SUSPICIOUS.search(text):
        return False
    if len(text) >= LONG and PASTED.search(text):
        return False
    if not text.isascii() and not (is_unicode(text) and unicodedata.is_normalized("NFC", text)):
        return False
    return text.casefold() not in PLACEHOLDERS
