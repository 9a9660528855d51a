"""Fixes of training files that need no decision, written to a new file."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import orjson
import pybase64
from pydantic import NonNegativeInt

from vqaft.chat import read_lines
from vqaft.check.rules.structure import CHAT_KEYS, MESSAGE_KEYS, PART_KEYS
from vqaft.durable import atomic_writer
from vqaft.errors import DataError
from vqaft.escape import counted
from vqaft.filesystem import location_of
from vqaft.images import read_header
from vqaft.typed import typed, typed_call

_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, kw_only=True)
class Fix:
    """One thing that was fixed.

    Attributes:
        line: The line of the file that was read.
        code: The rule that it broke.
        what: What was done.
    """

    line: int
    code: str
    what: str


@dataclass(frozen=True, kw_only=True)
@typed
class FixReport:
    """What `fix_file` did.

    Attributes:
        path: The new file.
        rows: How many rows it has.
        fixes: Everything that was done, by line.
    """

    path: str
    rows: NonNegativeInt
    fixes: tuple[Fix, ...] = field(repr=False)

    def __str__(self) -> str:
        counts = Counter(done.code for done in self.fixes)
        listed = "".join(f"\n  {code}  {count} ×" for code, count in counts.most_common())
        return f"{self.path}: {counted(self.rows, 'row')}, {counted(len(self.fixes), 'thing')} fixed{listed}"


@typed_call
def fix_file(path: str | PathLike[str], fixed: str | PathLike[str], *, parts: bool = False) -> FixReport:
    """Fix what is safe to fix: line ends, unknown keys, blanks around answers, hidden characters, image labels.

    Answers are never made up, images never changed, rows left out only if they are blank or repeat an earlier one. A
    row that needs nothing is copied byte for byte; one that cannot be read is copied too, for `check_file` to name.

    Args:
        path: The file.
        fixed: The new file; another one than the first.
        parts: Whether to write contents that are strings as lists with one text part, as `MessageBuilder` does.
            Together takes no string beside lists, and Hugging Face `datasets` changes strings such as "9.00".

    Raises:
        DataError: If a file cannot be read, or the two are the same.
    """
    source, target = location_of(path), location_of(fixed)
    if len({str(place.resolve() if isinstance(place, Path) else place) for place in (source, target)}) == 1:
        raise DataError("the fixed file would replace its source", path=path, hint="Give it another name.")
    fixes: list[Fix] = []
    seen: set[int] = set()
    rows = 0
    with atomic_writer(target) as file:
        for number, line in read_lines(source):
            content, done = _fixed_line(line, parts=parts)
            fixes += [Fix(line=number, code=code, what=what) for code, what in done]
            if not content:
                continue
            if (known := hash(content)) in seen:
                fixes.append(Fix(line=number, code="rows.duplicate", what="left out: it stands before"))
                continue
            seen.add(known)
            file.write(content + b"\n")
            rows += 1
    return FixReport(path=fspath(fixed), rows=rows, fixes=tuple(fixes))


Done = list[tuple[str, str]]


def _fixed_line(line: bytes, *, parts: bool) -> tuple[bytes, Done]:
    done: Done = []
    content = line.removesuffix(b"\n")
    for code, found, ending in (("file.carriage-returns", b"\r", True), ("line.byte-order-mark", _BOM, False)):
        cut = content.removesuffix(found) if ending else content.removeprefix(found)
        done += [(code, "taken out")] if cut != content else []
        content = cut
    if not content.strip():
        return b"", [*done, ("line.blank", "left out")]
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        return content, done
    more = list(_fix_row(value, parts=parts)) if isinstance(value, dict) else []
    return (orjson.dumps(value) if more else content), [*done, *more]


def _fix_row(row: dict[str, Any], *, parts: bool) -> Iterator[tuple[str, str]]:
    if "messages" not in row or not isinstance(row["messages"], list):
        return
    yield from _drop(row, CHAT_KEYS, "structure.unknown-key")
    for message in row["messages"]:
        if isinstance(message, dict) and isinstance(role := message.get("role"), str) and role in MESSAGE_KEYS:
            yield from _fix_message(message, role)
            if parts and isinstance(content := message.get("content"), str):
                message["content"] = [{"type": "text", "text": content}]
                yield "structure.text-form", "made a list of parts"


def _fix_message(message: dict[str, Any], role: str) -> Iterator[tuple[str, str]]:
    weight = "extras.weight-place" if "weight" in message and role != "assistant" else "structure.message-key"
    yield from _drop(message, MESSAGE_KEYS[role], weight)
    content = message.get("content")
    if isinstance(content, str):
        yield from _fix_text(message, "content", role)
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict):
            yield from _fix_part(part, role)


def _fix_part(part: dict[str, Any], role: str) -> Iterator[tuple[str, str]]:
    if part.get("type") == "text" and isinstance(part.get("text"), str):
        yield from _fix_text(part, "text", role)
    elif part.get("type") == "image_url":
        if isinstance(part.get("image_url"), str):
            part["image_url"] = {"url": part["image_url"]}
            yield "structure.image-url-type", "made an object"
        if isinstance(part.get("image_url"), dict):
            yield from _drop(part["image_url"], frozenset({"url", "detail"}), "structure.image-url-key")
            yield from _fix_url(part["image_url"])
    known = PART_KEYS.get(str(part.get("type")))
    if known:
        yield from _drop(part, known, "structure.part-key")


def _drop(value: dict[str, Any], known: frozenset[str], code: str) -> Iterator[tuple[str, str]]:
    for key in [key for key in value if key not in known]:
        del value[key]
        yield code, f"took out {key[:60]!r}"


_Fixer = tuple[str, Callable[[str], str]]
_TEXTS: tuple[_Fixer, ...] = (
    ("text.invisible", lambda text: _HIDDEN.sub("", text)),
    ("text.not-composed", lambda text: unicodedata.normalize("NFC", text)),
)
_ANSWERS: tuple[_Fixer, ...] = (("text.edges", str.strip),)


def _fix_text(holder: dict[str, Any], key: str, role: str) -> Iterator[tuple[str, str]]:
    for code, change in (*_TEXTS, *(_ANSWERS if role == "assistant" else ())):
        better = change(holder[key])
        if better != holder[key]:
            holder[key] = better
            yield code, "fixed"


def _fix_url(image: dict[str, Any]) -> Iterator[tuple[str, str]]:
    head, comma, text = str(image.get("url", "")).partition(",")
    if not comma or not head.lower().startswith("data:") or not head.lower().endswith(";base64"):
        return
    try:
        header = read_header(pybase64.b64decode(text[:4096], validate=True))
    except ValueError:
        return
    if header is not None and head.lower() != f"data:image/{header.format};base64":
        image["url"] = f"data:image/{header.format};base64,{text}"
        yield "images.mislabelled", f"{head[:60]!r} said to be {header.format}"
