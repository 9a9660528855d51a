"""A line of a log: JSON that carries its own checksum."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from typing import Any

_ENDING = re.compile(rb',"crc":"([0-9a-f]{8})"\}$')


def line_of(entry: Mapping[str, Any]) -> bytes:
    """Give an entry as a line of ASCII JSON whose last key is the checksum of what stands before it.

    ASCII keeps lone surrogates as they came; not-a-number is refused, since it is no JSON.

    Args:
        entry: At least one key; none of them "crc".

    Raises:
        ValueError: If a value is no JSON.
    """
    head = json.dumps(entry, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode()[:-1]
    return b'%b,"crc":"%08x"}\n' % (head, zlib.crc32(head))


def entry_of(line: bytes) -> dict[str, Any] | None:
    """Read a line; None where it is not what was written.

    Args:
        line: The line, without its newline.
    """
    ending = _ENDING.search(line)
    if ending is None or zlib.crc32(line[: ending.start()]) != int(ending[1], 16):
        return None
    entry: dict[str, Any] = json.loads(line)
    del entry["crc"]
    return entry
