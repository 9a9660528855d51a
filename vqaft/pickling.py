"""Pickling of frozen dataclasses that hold read-only mappings, which Python itself does not pickle."""

from __future__ import annotations

from dataclasses import fields
from types import MappingProxyType
from typing import Any


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
