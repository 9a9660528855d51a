"""Values of a declared type from the plain values of a JSON file, by pydantic; an error names the field."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

Value = TypeVar("Value")

_SHOWN = 80

no_extra_fields = with_config(ConfigDict(extra="forbid"))
"""Decorate a dataclass: a field that it does not have is an error when it is read."""


def validated(kind: type[Value], value: Any) -> Value:
    """Return plain values as a value of a type.

    Args:
        kind: The type: a dataclass, or a container of some.
        value: What `json.loads` returned.

    Raises:
        ValueError: At the first field that is missing, unknown or of another type: `rows.3.answers: Input should be a
            valid tuple, not 'red'`.
    """
    hashable: Any = kind
    try:
        found: Value = _adapter(hashable).validate_python(value)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in problem["loc"])
        words, kind_of = problem["msg"], problem["type"]
        if kind_of == "unexpected_keyword_argument":
            words = "there is no field of this name"
        elif kind_of not in {"missing", "value_error"}:
            words += f", not {problem['input']!r:.{_SHOWN}}"
        raise ValueError(f"{place}: {words}" if place else words) from None
    return found


def read_as(kind: type[Value], content: bytes | str) -> Value:
    """Return what a JSON text says as a value of a type.

    Python's parser reads it: answers hold broken characters, which pydantic's refuses.

    Args:
        kind: The type, as for `validated`.
        content: The text.

    Raises:
        ValueError: If it is not JSON, or not such a value; it names the field.
    """
    try:
        return validated(kind, json.loads(content))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


@lru_cache(maxsize=64)
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
