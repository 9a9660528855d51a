"""An answer in words → JSON that fits a schema, within bounds on depth, values, characters and time.

A schema comes from a client, and a few bytes of it can ask for any number of values (`$ref` to itself, `minItems`), any
length (`minLength`) or be of any shape. Each node is validated when it is visited, optional parts of a recursion are
left out below `_OPTIONAL_DEPTH`, and a schema that needs more than the bounds is refused with a `SchemaError`.
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeAlias

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vqaft.engines.conversation import message_tokens, text_tokens
from vqaft.engines.engine import ChatAnswer, ChatTurn
from vqaft.errors import SchemaError

Schema: TypeAlias = Mapping[str, Any]
MAX_DEPTH = 32
MAX_STEPS = 10_000
"""Nodes of the schema visited, references and options included."""
MAX_CHARACTERS = 1_000_000
_OPTIONAL_DEPTH = 8
_COMPARED = 1_000
"""Characters of an option and of an answer that are compared."""
_Count: TypeAlias = Annotated[int, Field(ge=0)]
_Number: TypeAlias = Annotated[float, Field(allow_inf_nan=False, ge=-(2.0**53), le=2.0**53)]


class _Node(BaseModel):
    """The keywords of a schema that are honored."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    type: str | list[str] | None = None
    enum: list[Any] | None = None
    ref: str | None = Field(default=None, alias="$ref")
    properties: dict[str, Any] = Field(default_factory=dict)
    required: list[str] = Field(default_factory=list)
    items: Any = None
    all_of: list[Any] = Field(default_factory=list, alias="allOf")
    any_of: list[Any] = Field(default_factory=list, alias="anyOf")
    one_of: list[Any] = Field(default_factory=list, alias="oneOf")
    min_items: _Count = Field(default=0, alias="minItems")
    min_length: _Count = Field(default=0, alias="minLength")
    max_length: _Count | None = Field(default=None, alias="maxLength")
    minimum: _Number | None = None
    maximum: _Number | None = None
    exclusive_minimum: _Number | None = Field(default=None, alias="exclusiveMinimum")

    @property
    def kind(self) -> str:
        """The JSON type of a value, "string" where the schema does not say."""
        if isinstance(self.type, str):
            return self.type
        if self.type:
            return next((option for option in self.type if option != "null"), "null")
        return "object" if self.properties else "array" if self.items is not None else "string"


def fill_schema(schema: Schema, answer: str) -> str:
    """Write an answer as JSON that fits a schema.

    The answer goes into the first string that may hold any text; the other required values are the least that the
    schema allows: the enum value or constant most like the answer, the smallest number, false, an empty array.

    Args:
        schema: JSON schema: `type`, `properties`, `required`, `items`, `enum`, `const`, `anyOf`, `oneOf`, `allOf`,
            `$ref` into the schema itself, and the bounds `minimum`, `exclusiveMinimum`, `maximum`, `minItems`,
            `minLength`, `maxLength`.
        answer: The answer.

    Returns:
        The JSON text.

    Raises:
        SchemaError: If the schema is malformed, or needs more values than are made for one answer.
    """
    value = _Filler(schema, answer).value(schema, 0)
    try:
        return orjson.dumps(value).decode()
    except TypeError as error:  # an integer of more than 64 bits among its constants
        raise SchemaError(f"the schema has a value that cannot be written: {error}") from error


def nearest(answer: str, options: Sequence[Any]) -> Any:
    """Return the option most like an answer, ignoring letter case; of equals the first.

    Args:
        answer: The answer.
        options: JSON values, at least one.
    """
    from rapidfuzz.distance import Levenshtein

    wanted = answer[:_COMPARED].casefold()
    return max(
        options, key=lambda option: Levenshtein.normalized_similarity(wanted, str(option)[:_COMPARED].casefold())
    )


class _Filler:
    """Walks a schema; remembers whether the answer has been written, and what is left of the bounds."""

    def __init__(self, root: Schema, answer: str) -> None:
        self._root, self._answer, self._written = root, answer, False
        self._steps, self._characters = MAX_STEPS, MAX_CHARACTERS

    def value(self, schema: Any, depth: int) -> Any:
        """Return a value that fits a schema, at a depth of the whole."""
        if depth > MAX_DEPTH:
            raise SchemaError(f"the schema needs values nested more than {MAX_DEPTH} deep")
        schema = self._resolved(schema, depth)
        if "const" in schema:
            return schema["const"]
        node = self._node(schema)
        if node.enum:
            return nearest(self._answer, node.enum)
        if node.kind == "object":
            return self._object(node, depth)
        if node.kind == "array":
            items = {} if node.items is None else node.items
            return [self.value(items, depth + 1) for _ in range(node.min_items)]
        return self._scalar(node)

    def _node(self, schema: Any) -> _Node:
        self._steps -= 1
        if self._steps < 0:
            raise SchemaError(f"the schema needs more than {MAX_STEPS} values and references")
        try:
            return _Node.model_validate(schema)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise SchemaError(f"the schema is malformed: {first['msg']} ({place or 'a schema'})") from error

    def _resolved(self, schema: Any, depth: int, *, level: int = 0) -> Schema:
        """Follow references, merge `allOf`, and choose one of several options."""
        for _ in range(MAX_DEPTH):
            schema = {} if schema is True else schema
            node = self._node(schema)
            if node.ref is not None:
                schema = self._referred(node.ref)
            elif node.all_of:
                schema = self._merged(schema, node, depth, level)
            elif options := node.any_of or node.one_of:
                schema = self._chosen(options, depth)
            else:
                resolved: Schema = schema
                return resolved
        raise SchemaError("the schema refers to itself without end")

    def _merged(self, schema: Schema, node: _Node, depth: int, level: int) -> Schema:
        if level > MAX_DEPTH:
            raise SchemaError("the schema refers to itself without end")
        merged: dict[str, Any] = {key: value for key, value in schema.items() if key != "allOf"}
        for part in node.all_of:
            merged |= self._resolved(part, depth, level=level + 1)
        return merged

    def _chosen(self, options: Sequence[Any], depth: int) -> Any:
        """Return the first option that is not null; deep down null, where it is one, ends a recursion."""
        nulls = [option for option in options if isinstance(option, Mapping) and option.get("type") == "null"]
        if nulls and depth >= _OPTIONAL_DEPTH:
            return nulls[0]
        return next((option for option in options if option not in nulls), options[0])

    def _referred(self, pointer: str) -> Any:
        target: Any = self._root
        for name in pointer.removeprefix("#").strip("/").split("/"):
            if name:
                key = name.replace("~1", "/").replace("~0", "~")
                target = target.get(key, {}) if isinstance(target, Mapping) else {}
        return target

    def _object(self, node: _Node, depth: int) -> dict[str, Any]:
        required = set(node.required)
        names = [*node.properties, *(name for name in node.required if name not in node.properties)]
        wanted = [name for name in names if name in required] if required or depth >= _OPTIONAL_DEPTH else names
        return {name: self.value(node.properties.get(name, {}), depth + 1) for name in wanted}

    def _scalar(self, node: _Node) -> Any:
        if node.kind == "null":
            return None
        if node.kind == "boolean":
            return self._answer.strip().casefold() in {"yes", "true"}
        if node.kind in {"integer", "number"}:
            return _least_number(node)
        text = "" if self._written else self._answer
        self._written = True
        self._characters -= max(len(text), node.min_length)
        if self._characters < 0:
            raise SchemaError(f"the schema needs more than {MAX_CHARACTERS} characters")
        return text.ljust(node.min_length)[: node.max_length]


def _least_number(node: _Node) -> int | float:
    low = 0.0 if node.minimum is None else node.minimum
    if node.exclusive_minimum is not None:
        low = node.exclusive_minimum + 1
    value = max(0.0, low)
    value = value if node.maximum is None else min(value, node.maximum)
    return int(value) if node.kind == "integer" or value.is_integer() else value


def reply(turn: ChatTurn, text: str, *, structured: bool = False) -> ChatAnswer:
    """Return a text as a chat answer.

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
    used = text_tokens(text)
    most = used if turn.max_tokens is None else turn.max_tokens
    if used > most:
        text = _first_tokens(text, most)
    return ChatAnswer(
        text=text,
        finish_reason="length" if used > most else "stop",
        prompt_tokens=message_tokens(turn.messages),
        completion_tokens=min(used, most),
    )


def _first_tokens(text: str, most: int) -> str:
    """Return the longest beginning of a text with at most so many tokens."""
    ends = range(min(len(text), 4 * most) + 1)
    return text[: bisect.bisect_right(ends, most, key=lambda end: text_tokens(text[:end])) - 1]
