"""The base64 of images taken out of a line, so that JSON is parsed without it.

A run of base64 characters holds no quote, no backslash and no control character. Whatever JSON string it stands in,
replacing it by other harmless characters changes that string's value and nothing else; outside a string a line with
such a run before a quote is no JSON, with or without it. So the line without the runs is JSON exactly where the whole
line is, and says the same but for those strings. A run that does not decode strictly is left where it is, and parsed
with the rest.
"""

from __future__ import annotations

import binascii
import secrets

import pybase64

_NONCE = secrets.token_hex(8)
_LEAST = 256
_HEAD_BYTES = 200
_START = b'"data:'


def take_apart(line: bytes) -> tuple[bytes, dict[str, bytes]]:
    """Take long runs of base64 out of a line.

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
