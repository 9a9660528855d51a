"""A line → JSON, and what is wrong with it as JSON."""

from __future__ import annotations

import json
from typing import Any

from vqaft.records.check.row import LineFlaw

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


def _parse(line: bytes) -> tuple[Any, list[tuple[LineFlaw, str]]]:
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
