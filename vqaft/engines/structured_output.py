"""An answer in words → JSON that fits a schema.

A text → what a chat model gives back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from vqaft.engines.embedded.pictures import Picture
from vqaft.engines.embedded.tokens import image_parts, message_tokens, text_tokens
from vqaft.engines.engine import ChatAnswer, ChatTurn

Schema = Mapping[str, Any]


MAX_DEPTH = 32


def fill_schema(schema: Schema, answer: str) -> str:
    """Write an answer as JSON that fits a schema.

    The answer goes into the first string that may hold any text; the other required values are the least that the
    schema allows: the enum value or constant most like the answer, the smallest number, false, an empty array.

    Args:
        schema: JSON schema: `type`, `properties`, `required`, `items`, `enum`, `const`, `anyOf`, `oneOf`, `allOf`,
            `$ref` into `$defs` or `definitions`, and the bounds `minimum`, `exclusiveMinimum`, `maximum`,
            `minItems`, `minLength`.
        answer: The answer.

    Returns:
        The JSON text.
    """
    return orjson.dumps(_Filler(schema, answer).value(schema, 0)).decode()


def nearest(answer: str, options: Sequence[Any]) -> Any:
    """Choose the option most like an answer, letter case aside; of equals the first.

    Args:
        answer: The answer.
        options: JSON values, at least one.
    """
    from rapidfuzz.distance import Levenshtein

    wanted = answer.casefold()
    return max(options, key=lambda option: Levenshtein.normalized_similarity(wanted, str(option).casefold()))


class _Filler:
    """Walks a schema and remembers whether the answer has been written."""

    def __init__(self, root: Schema, answer: str) -> None:
        self._root, self._answer, self._written = root, answer, False

    def value(self, schema: Schema, depth: int) -> Any:
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return nearest(self._answer, schema["enum"])
        kind = _kind(schema)
        if depth > MAX_DEPTH or kind == "null":
            return None
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return [self.value(schema.get("items") or {}, depth + 1) for _ in range(schema.get("minItems", 0))]
        return self._scalar(kind, schema)

    def _resolved(self, schema: Schema) -> Schema:
        """Follow references and take the first of several options that is not null."""
        for _ in range(MAX_DEPTH):
            if "$ref" in schema:
                schema = self._referred(str(schema["$ref"]))
            elif schema.get("allOf"):
                merged = {key: value for part in schema["allOf"] for key, value in self._resolved(part).items()}
                schema = {key: value for key, value in schema.items() if key != "allOf"} | merged
            elif options := schema.get("anyOf") or schema.get("oneOf"):
                schema = next((option for option in options if option.get("type") != "null"), options[0])
            else:
                return schema
        return {}

    def _referred(self, pointer: str) -> Schema:
        target: Any = self._root
        for name in pointer.removeprefix("#").strip("/").split("/"):
            if name:
                target = (
                    target.get(name.replace("~1", "/").replace("~0", "~"), {}) if isinstance(target, Mapping) else {}
                )
        return target if isinstance(target, Mapping) else {}

    def _object(self, schema: Schema, depth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        names = [*properties, *(name for name in schema.get("required", ()) if name not in properties)]
        return {name: self.value(properties.get(name, {}), depth + 1) for name in names if self._wanted(schema, name)}

    @staticmethod
    def _wanted(schema: Schema, name: str) -> bool:
        """All properties are given where none is required; else the required ones."""
        return name in schema["required"] if schema.get("required") else True

    def _scalar(self, kind: str, schema: Schema) -> Any:
        if kind == "boolean":
            return self._answer.strip().casefold() in {"yes", "true"}
        if kind in {"integer", "number"}:
            return _least_number(kind, schema)
        text = "" if self._written else self._answer
        self._written = True
        return text.ljust(schema.get("minLength", 0))[: schema.get("maxLength")]


def _kind(schema: Schema) -> str:
    kind = schema.get("type") or ("object" if "properties" in schema else "array" if "items" in schema else "string")
    if isinstance(kind, str):
        return kind
    return next((option for option in kind if option != "null"), "null")


def _least_number(kind: str, schema: Schema) -> int | float:
    low: float = schema.get("minimum", 0)
    if "exclusiveMinimum" in schema:
        low = schema["exclusiveMinimum"] + 1
    value = min(max(0, low), schema.get("maximum", max(0, low)))
    return int(value) if kind == "integer" else value


def reply(turn: ChatTurn, text: str, *, structured: bool = False) -> ChatAnswer:
    """Make an answer out of a text.

    Args:
        turn: What was asked.
        text: The answer in words, or JSON where `structured`.
        structured: Whether the text already fits the turn's schema.

    Returns:
        The answer, put into the schema where one was asked for, cut at `max_tokens`, with tokens counted.

    Raises:
        ImageError: If an image of the turn cannot be read.
    """
    if turn.response_schema is not None and not structured:
        text = fill_schema(turn.response_schema, text)
    sizes = [Picture.from_url(part.image_url.url).size() for part in image_parts(turn.messages)]
    used = text_tokens(text)
    most = used if turn.max_tokens is None else turn.max_tokens
    if used > most:
        text = _first_tokens(text, most)
    return ChatAnswer(
        text=text,
        finish_reason="length" if used > most else "stop",
        prompt_tokens=message_tokens(turn.messages, sizes),
        completion_tokens=min(used, most),
    )


def _first_tokens(text: str, most: int) -> str:
    """The longest beginning of a text with at most so many tokens."""
    end = min(len(text), 4 * most)
    while end and text_tokens(text[:end]) > most:
        end -= 1
    return text[:end]
