"""Parser of a line: JSON with its flaws, then messages, texts and images; base64 is taken out before JSON is parsed.

A run of base64 characters holds no quote, no backslash and no control character. Whatever JSON string it stands in,
replacing it by other harmless characters changes that string's value and nothing else; outside a string a line with
such a run before a quote is not JSON, with or without it. So the line without the runs is JSON exactly if the whole
line is, and says the same but for those strings. A run that does not decode strictly is left where it is, and parsed
with the rest.
"""

from __future__ import annotations

import binascii
import json
import re
import secrets
from typing import Any

import orjson
import pybase64
import xxhash

from vqaft.chat import ParsedMessage, parse_messages
from vqaft.check.parsed_row import CheckedImage, CheckedMessage, CheckedRow, LineFlaw, UrlKind

_NONCE = secrets.token_hex(8)
_LEAST = 256
_HEAD_BYTES = 200
_START = b'"data:'


def take_apart(line: bytes) -> tuple[bytes, dict[str, bytes]]:
    """Cut long runs of base64 out of a line.

    Args:
        line: One line of JSON.

    Returns:
        The line with a mark in place of each run, and what each mark's run decodes to.
    """
    payloads: dict[str, bytes] = {}
    kept: list[bytes] = []
    view, done, search = memoryview(line), 0, 0
    while (start := line.find(_START, search)) >= 0:
        search = start + len(_START)
        comma = line.find(b",", search, search + _HEAD_BYTES)
        end = line.find(b'"', comma + 1)
        content = decode_strictly(view[comma + 1 : end]) if comma > 0 and end - comma > _LEAST else None
        if content is not None:
            mark = f"~{_NONCE}:{len(payloads)}~"
            payloads[mark] = content
            kept += [line[done : comma + 1], mark.encode()]
            done = search = end
    return (b"".join([*kept, line[done:]]) if kept else line), payloads


def take_payload(url: str, payloads: dict[str, bytes]) -> tuple[str, bytes] | None:
    """Split a data URL into what stands before its data, and the data, which leaves the payloads.

    Args:
        url: The URL as parsed.
        payloads: What was taken out of its line.

    Returns:
        None where nothing was taken out of this URL.
    """
    mark = url[url.rfind(",") + 1 :]
    payload = payloads.pop(mark, None)
    return None if payload is None else (url[: -len(mark)], payload)


def decode_strictly(text: str | memoryview) -> bytes | None:
    """Decode base64 as the standard has it: no other character, no missing padding; None where it is not that."""
    try:
        return pybase64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None


_BOM = b"\xef\xbb\xbf"


class _Listener:
    """Hears what the parser lets pass: keys that stand twice, and numbers that are none."""

    def __init__(self) -> None:
        self.flaws: list[tuple[LineFlaw, str]] = []

    def pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            self.flaws += [("duplicate-key", repr(key)[:80]) for key in found if keys.count(key) > 1]
        return found

    def constant(self, name: str) -> None:
        self.flaws.append(("not-a-number", name))


def parse_json(line: bytes) -> tuple[dict[str, Any], list[tuple[LineFlaw, str]]]:
    """Parse a line.

    Args:
        line: The line; its ending does no harm.

    Returns:
        Its object (empty where it is none), and its flaws.
    """
    if not line or line.isspace():
        return {}, [("blank", "")]
    bom = [("byte-order-mark", "")] if line.startswith(_BOM) else []
    value, flaws = _parse(line.removeprefix(_BOM))
    if not flaws and not isinstance(value, dict):
        flaws = [("not-an-object", type(value).__name__)]
    return (value if isinstance(value, dict) else {}), [*bom, *flaws]  # type: ignore[list-item]


_SPACED_KEY = re.compile(rb'"[ \t\r\n]+:')
_EXACT = 1 << 53


def _parse_quickly(line: bytes) -> dict[str, Any] | None:
    """Parse a line as the full parser does, ten times as fast; None where that one has to look.

    The quick parser does not say whether a key stands twice. Keys are counted therefore: every key of the text ends in
    `":`, and so may other places, but none of them without a backslash before its quote that is counted as well. If as
    many keys are in the objects as in the text, none was overwritten.
    """
    if b'\\\\":' in line or _SPACED_KEY.search(line):
        return None
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    keys = line.count(b'":') - line.count(b'\\":')
    return value if type(value) is dict and _n_keys(value) == keys else None


def _n_keys(value: dict[str, Any]) -> int:
    """Count the keys of all objects; -1 where a number may be read in another way: a fraction, or a large one."""
    total = 0
    waiting: list[Any] = [value]
    while waiting:
        each = waiting.pop()
        if type(each) is dict:
            total += len(each)
            each = each.values()
        for inner in each:
            kind = type(inner)
            if kind is dict or kind is list:
                waiting.append(inner)
            elif kind is float or (kind is int and not -_EXACT < inner < _EXACT):
                return -1
    return total


def _parse(line: bytes) -> tuple[Any, list[tuple[LineFlaw, str]]]:
    quick = _parse_quickly(line)
    if quick is not None:
        return quick, []
    listener = _Listener()
    try:
        text = line.decode()
        return json.loads(text, object_pairs_hook=listener.pairs, parse_constant=listener.constant), listener.flaws
    except UnicodeDecodeError as error:
        return None, [("not-utf8", f"byte {error.start + 1}")]
    except json.JSONDecodeError as error:
        return None, [("not-json", f"{error.msg} (column {error.colno})")]
    except RecursionError:
        return None, [("too-deep", "")]
    except ValueError:
        return None, [("huge-number", "")]


Payloads = dict[str, bytes]


# Tells images apart at a twentieth of the time that Python's own hash takes; the seed keeps anyone from preparing two
# images that are taken for one.
_SEED = secrets.randbits(64)


def checked_row(line: int, content: bytes) -> CheckedRow:
    """Parse a line, its base64 first where that stands in images only.

    Args:
        line: Its number.
        content: Its bytes.

    Returns:
        The row; a line that is no JSON object gives one without messages, with its flaws. The JSON of an image's URL
        may hold a mark in place of its base64.
    """
    rest, payloads = take_apart(content)
    if not payloads:
        return whole_row(line, content)
    row = _row(line, len(content), rest, payloads)
    # Base64 where no image is expected, or a line with flaws: those are looked at as they are.
    return whole_row(line, content) if payloads or row.flaws else row


def whole_row(line: int, content: bytes) -> CheckedRow:
    """Parse a line as a whole; the same row as by `checked_row`, slower.

    Args:
        line: Its number.
        content: Its bytes.
    """
    return _row(line, len(content), content, {})


def _row(line: int, size_bytes: int, content: bytes, payloads: Payloads) -> CheckedRow:
    value, flaws = parse_json(content)
    messages = tuple([_checked(message, payloads) for message in parse_messages(value)])
    return CheckedRow(
        line=line,
        size_bytes=size_bytes,
        flaws=tuple(flaws),
        value=value,
        messages=messages,
        images=tuple([image for message in messages for image in message.images]),
    )


def _checked(message: ParsedMessage, payloads: Payloads) -> CheckedMessage:
    role = message.role
    return CheckedMessage(
        parsed=message,
        images=tuple([_image(image.place, role, image.url, image.detail, payloads) for image in message.images]),
    )


def _image(place: str, role: str, url: str, detail: str | None, payloads: Payloads) -> CheckedImage:
    kind = _kind(url)
    if kind != "data":
        return CheckedImage(place=place, role=role, kind=kind, url=url, detail=detail, key=url)
    taken = take_payload(url, payloads)
    head, content = taken if taken is not None else _parted(url)
    return CheckedImage(
        place=place,
        role=role,
        kind="data",
        url=head[:80],
        media_type=head[5:].partition(";")[0].rstrip(",").lower(),
        content=content,
        detail=detail,
        key=hash(url) if content is None else xxhash.xxh3_128_digest(content, seed=_SEED),
    )


def _parted(url: str) -> tuple[str, bytes | None]:
    head, comma, text = url.partition(",")
    return head + comma, decode_strictly(text)


def _kind(url: str) -> UrlKind:
    start = url[:8].lower()
    if start.startswith("data:"):
        return "data"
    if start.startswith(("http://", "https://")):
        return "web"
    return "file" if start.startswith("file:") else "other"
