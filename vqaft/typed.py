"""Values and calls that refuse what their types rule out: `typed` for a dataclass, `typed_call` for a function.

    @dataclass(frozen=True, kw_only=True)
    @typed
    class Level:
        name: str
        value: Share

A list stands for a tuple, a numpy number for the Python one: the constructor keeps the declared type. NaN is no number
of a field, unless the field is a `Measured`. Protocols and TypeVars are taken as they are.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Hashable
from dataclasses import fields
from functools import lru_cache, wraps
from typing import Annotated, Any, ParamSpec, TypeAlias, TypeVar, cast

from pydantic import Field

from vqaft.errors import DataError, shown
from vqaft.type_rules import OR_NAN, Keep, RefusedError, anything, rule_of

Confidence: TypeAlias = Annotated[float, Field(gt=0, lt=1)]
"""A number between 0 and 1."""
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
"""A number from 0 to 1."""
Amount: TypeAlias = Annotated[float, Field(ge=0, lt=float("inf"))]
"""A finite number of at least 0."""
Measured: TypeAlias = Annotated[float, OR_NAN]
"""A number that something measured: NaN is one, too."""

Class = TypeVar("Class")
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
_STARRED = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}


def typed(cls: type[Class]) -> type[Class]:
    """Make a dataclass check its fields before its own `__post_init__`; stands below `@dataclass`.

    Args:
        cls: The class.

    Returns:
        The same class. Its constructor raises `DataError` at the first field of another type or out of range; the
        message names the field, the value and what is allowed.
    """
    own: Callable[[Any], None] | None = getattr(cls, "__post_init__", None)

    def check(self: Any) -> None:
        kind = type(self)
        name = ""
        try:
            for name, keep in _fields(cast(Hashable, kind)):
                given = getattr(self, name)
                kept = keep(given)
                if kept is not given:
                    object.__setattr__(self, name, kept)
        except RefusedError as refused:
            raise _error(refused, f"{kind.__name__}: {name}") from None
        if own is not None:
            own(self)

    cls.__post_init__ = check  # type: ignore[attr-defined]
    return cls


def typed_call(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Make a function, method or constructor check its arguments before it runs.

    Args:
        function: The function.

    Returns:
        The function with the same signature. It raises `DataError` at the first argument of another type or out of
        range; the message names the function, the parameter, the value and what is allowed.
    """
    signature = inspect.signature(function)
    label = function.__qualname__.removesuffix(".__init__")

    @wraps(function)
    def checked(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        given = signature.bind(*args, **kwargs)
        rules = _parameters(cast(Hashable, function))
        name = ""
        try:
            for name in [each for each in given.arguments if each in rules]:
                given.arguments[name] = rules[name](given.arguments[name])
        except RefusedError as refused:
            raise _error(refused, f"{label}: {name}") from None
        return function(*given.args, **given.kwargs)

    return checked


def _error(refused: RefusedError, place: str) -> DataError:
    return DataError(f"{place}{refused.place} is {shown(refused.value)}, not {refused.wanted}")


@lru_cache(maxsize=512)
def _fields(kind: Any) -> tuple[tuple[str, Keep], ...]:
    hints = typing.get_type_hints(kind, include_extras=True)
    rules = ((field.name, rule_of(hints[field.name])) for field in fields(kind) if field.init)
    return tuple((name, keep) for name, keep in rules if keep is not anything)


@lru_cache(maxsize=512)
def _parameters(function: Any) -> dict[str, Keep]:
    hints = typing.get_type_hints(function, include_extras=True)
    named = (each.name for each in inspect.signature(function).parameters.values() if each.kind not in _STARRED)
    rules = {name: rule_of(hints[name]) for name in named if name in hints}
    return {name: keep for name, keep in rules.items() if keep is not anything}
