"""Frozen dataclasses there and back: from the plain values of a JSON file by pydantic, and through pickle; compared.

An error of reading names the field. Python itself does not pickle the read-only mappings that the dataclasses hold.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
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


def reduce_by_fields(value: Any) -> tuple[Any, ...]:
    """Return how to make a dataclass again from its fields; for use as `__reduce__ = reduce_by_fields`.

    The class is called with its fields, so that what it checks and freezes is checked and frozen again.
    """
    given = {field.name: _plain(getattr(value, field.name)) for field in fields(value) if field.init}
    return _make, (type(value), given)


def _plain(value: Any) -> Any:
    return {key: _plain(inner) for key, inner in value.items()} if isinstance(value, MappingProxyType) else value


def _make(kind: type[Any], given: dict[str, Any]) -> Any:
    return kind(**given)


def equal_values(one: Any, other: Any) -> bool:
    """Compare values that may hold arrays, whose own == gives an array."""
    if one is other:
        return True
    if isinstance(one, tuple | list) and type(one) is type(other):
        return len(one) == len(other) and all(map(equal_values, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(equal_values(one[key], other[key]) for key in one)
    return _plainly_equal(one, other)


def _plainly_equal(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        alike = type(one) is type(other) and one.dtype == other.dtype
        return bool(alike and np.array_equal(one, other))
    try:
        return bool(one == other)
    except (ValueError, TypeError):  # values whose == has no truth value
        return False
