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
import numbers
import os
import types
import typing
from collections import abc
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import fields
from functools import lru_cache, wraps
from typing import Annotated, Any, Literal, ParamSpec, TypeAlias, TypeVar, cast

import numpy as np
from pydantic import Field

from vqaft.errors import DataError, shown

Confidence: TypeAlias = Annotated[float, Field(gt=0, lt=1)]
"""A number between 0 and 1."""
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
"""A number from 0 to 1."""
Amount: TypeAlias = Annotated[float, Field(ge=0, lt=float("inf"))]
"""A finite number of at least 0."""
Measured: TypeAlias = Annotated[float, "or NaN"]
"""A number that something measured: NaN is one, too."""

CHECKED_LATER = "checked where it is used, with a message of its own"
"""`Annotated[Iterable[Row], CHECKED_LATER]`: only that it is iterable is checked."""

Class = TypeVar("Class")
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Keep: TypeAlias = Callable[[Any], Any]  # what to keep of a value; raises _RefusedError
_BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
_STARRED = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
_RE_READ = (tuple, list, set, frozenset, dict)
_ELEMENTS = {abc.Iterable, abc.Collection, abc.Sequence}
_LISTED = (tuple, list)
_SETS = (set, frozenset, tuple, list)
_TEXT = (str, bytes, bytearray)


class _RefusedError(Exception):
    def __init__(self, value: object, wanted: str, place: str = "") -> None:
        self.value, self.wanted, self.place = value, wanted, place


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
        except _RefusedError as refused:
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
        except _RefusedError as refused:
            raise _error(refused, f"{label}: {name}") from None
        return function(*given.args, **given.kwargs)

    return checked


def _error(refused: _RefusedError, place: str) -> DataError:
    return DataError(f"{place}{refused.place} is {shown(refused.value)}, not {refused.wanted}")


@lru_cache(maxsize=512)
def _fields(kind: Any) -> tuple[tuple[str, Keep], ...]:
    hints = typing.get_type_hints(kind, include_extras=True)
    rules = ((field.name, _keep(hints[field.name])) for field in fields(kind) if field.init)
    return tuple((name, keep) for name, keep in rules if keep is not _anything)


@lru_cache(maxsize=512)
def _parameters(function: Any) -> dict[str, Keep]:
    hints = typing.get_type_hints(function, include_extras=True)
    named = (each.name for each in inspect.signature(function).parameters.values() if each.kind not in _STARRED)
    rules = {name: _keep(hints[name]) for name in named if name in hints}
    return {name: keep for name, keep in rules.items() if keep is not _anything}


def _keep(hint: Any) -> Keep:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return _within(arguments[0], arguments[1:])
    if hint in _PLAIN:
        return _PLAIN[hint]
    if origin in {typing.Union, types.UnionType}:
        return _one_of(arguments)
    if origin is Literal:
        return _choice(arguments)
    if origin is tuple:
        return _tuple_of(arguments)
    return _container_or_class(hint if origin is None else origin, arguments)


def _container_or_class(origin: Any, arguments: tuple[Any, ...]) -> Keep:
    if origin in _BY_ORIGIN:
        return _BY_ORIGIN[origin]
    if not isinstance(origin, type) or (
        getattr(origin, "_is_protocol", False) and not getattr(origin, "_is_runtime_protocol", False)
    ):
        return _anything
    if issubclass(origin, Mapping):
        is_typed = typing.is_typeddict(origin)
        return _mapping_of(dict if is_typed else origin, *(_keep(each) for each in arguments or (Any, Any)))
    if issubclass(origin, abc.Set):
        return _set_of(_keep(arguments[0] if arguments else Any))
    if origin in _ELEMENTS:
        return _elements_of(origin, _keep(arguments[0] if arguments else Any))
    return _instance_of(origin)


def _anything(value: object) -> object:
    return value


def _whole(value: object) -> object:
    if type(value) is int:
        return value
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return int(value)
    raise _RefusedError(value, "an integer")


def _measured(value: object) -> object:
    if type(value) is float:
        return value
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return int(value) if isinstance(value, numbers.Integral) else float(value)
    raise _RefusedError(value, "a number")


def _number(value: object) -> object:
    kept = _measured(value)
    if kept != kept:  # noqa: PLR0124 - NaN alone
        raise _RefusedError(value, "a number")
    return kept


def _flag(value: object) -> object:
    if value is True or value is False:
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    raise _RefusedError(value, "True or False")


def _where(fits: Callable[[Any], bool], wanted: str) -> Keep:
    def keep(value: object) -> object:
        if fits(value):
            return value
        raise _RefusedError(value, wanted)

    return keep


def _instance_of(kind: type[Any], wanted: str = "") -> Keep:
    def keep(value: object) -> object:
        if isinstance(value, kind):
            return value
        raise _RefusedError(value, wanted or _article(kind.__name__))

    return keep


_nothing = _instance_of(type(None), "None")
_PLAIN: dict[Any, Keep] = {
    Any: _anything,
    int: _whole,
    float: _number,
    bool: _flag,
    str: _instance_of(str, "a string"),
    type(None): _nothing,
    bytes: _instance_of(bytes, "bytes"),
}


def _is_path(value: object) -> bool:
    text = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    return isinstance(text, str) and text != "" and "\0" not in text


_PATH = _where(_is_path, "a path")
_FILE = _where(lambda value: hasattr(value, "read"), "an open file")
_BY_ORIGIN: dict[Any, Keep] = {
    abc.Callable: _where(callable, "a callable"),
    typing.IO: _FILE,
    typing.BinaryIO: _FILE,
    object: _anything,
}


def _within(hint: Any, metadata: tuple[Any, ...]) -> Keep:
    if metadata == (CHECKED_LATER,):
        origin = typing.get_origin(hint)
        return _elements_of(origin, _anything) if origin in _ELEMENTS else _anything
    inner = _measured if metadata == ("or NaN",) else _keep(hint)
    given = [part for each in metadata for part in getattr(each, "metadata", [each])]
    bounds = {name: getattr(part, name) for part in given for name in _BOUNDS if getattr(part, name, None) is not None}
    if not bounds:
        return inner
    limits = " and ".join(f"{words} {bounds[name]}" for name, words in _BOUNDS.items() if name in bounds)
    wanted = f"{'an integer' if hint is int else 'a number'}{' of' if limits.startswith('at') else ''} {limits}"
    low, above = bounds.get("ge", -float("inf")), bounds.get("gt")
    high, below = bounds.get("le", float("inf")), bounds.get("lt")

    def keep(value: object) -> object:
        try:
            kept = inner(value)
        except _RefusedError:
            raise _RefusedError(value, wanted) from None
        if low <= kept <= high and (above is None or kept > above) and (below is None or kept < below):
            return kept
        raise _RefusedError(value, wanted)

    return keep


def _one_of(hints: tuple[Any, ...]) -> Keep:
    is_path = any(typing.get_origin(hint) is os.PathLike for hint in hints)
    rules = [_PATH if is_path and hint in {str, os.PathLike[str]} else _keep(hint) for hint in hints]
    optional = _nothing in rules

    def keep(value: object) -> object:
        if value is None and optional:
            return None
        refusals = []
        for rule in rules:
            try:
                return rule(value)
            except _RefusedError as refused:
                refusals.append(refused)
        inner = next((refused for refused in refusals if refused.place), None)  # the right container, a wrong element
        wanted = dict.fromkeys(refused.wanted for refused in refusals)
        raise inner or _RefusedError(value, " or ".join(wanted))

    return keep


def _choice(choices: tuple[Any, ...]) -> Keep:
    wanted = f"one of {', '.join(map(repr, choices))}" if len(choices) > 1 else repr(choices[0])
    kinds = {type(each) for each in choices}
    return _where(lambda value: type(value) in kinds and value in choices, wanted)


def _tuple_of(hints: tuple[Any, ...]) -> Keep:
    if hints[-1:] == (Ellipsis,):
        return _tuple_of_many(_keep(hints[0]))
    rules = [_keep(hint) for hint in hints]

    def keep(value: object) -> object:
        if not isinstance(value, _LISTED) or len(value) != len(rules):
            raise _RefusedError(value, f"a tuple of {len(rules)}")
        kept = tuple(_element(rule, each, number) for number, (rule, each) in enumerate(zip(rules, value, strict=True)))
        return value if isinstance(value, tuple) and _same(kept, value) else kept

    return keep


def _tuple_of_many(rule: Keep) -> Keep:
    wanted = f"a tuple of {_several(rule)}"

    def keep(value: Any) -> object:
        if not isinstance(value, _LISTED):
            raise _RefusedError(value, wanted)
        if not value:
            return ()
        try:
            kept = value if rule is _anything else [rule(each) for each in value]
        except _RefusedError:
            kept = [_element(rule, each, number) for number, each in enumerate(value)]  # the same, with its place
        return value if isinstance(value, tuple) and _same(kept, value) else tuple(kept)

    return keep


def _elements_of(kind: type[Any], rule: Keep) -> Keep:
    """Check what stands in a built-in container; a stream, which can be read only once, is taken as it is."""
    wanted = f"{_article(kind.__name__.lower())} of {_several(rule)}"

    def keep(value: Any) -> object:
        if not isinstance(value, kind) or isinstance(value, _TEXT):
            raise _RefusedError(value, wanted)
        for number, each in enumerate(value) if isinstance(value, _RE_READ) else ():
            _element(rule, each, number)
        return value

    return keep


def _set_of(rule: Keep) -> Keep:
    wanted = f"a set of {_several(rule)}"

    def keep(value: Any) -> object:
        if not isinstance(value, _SETS):
            raise _RefusedError(value, wanted)
        kept = frozenset(_element(rule, each) for each in value)
        return value if isinstance(value, frozenset) else kept

    return keep


def _mapping_of(made: type[Any], key: Keep, element: Keep) -> Keep:
    wanted = "a mapping" if made in {abc.Mapping, dict} else _article(made.__name__)

    def keep(value: Any) -> object:
        if not isinstance(value, made):
            raise _RefusedError(value, wanted)
        if element is _anything:
            for each in value:
                _element(key, each)
            return value
        kept = {_element(key, each): _element(element, inner, each) for each, inner in value.items()}
        return value if _same(kept.values(), value.values()) else kept

    return keep


def _element(rule: Keep, value: object, at: object = None) -> object:
    try:
        return rule(value)
    except _RefusedError as refused:
        place = " key" if at is None else f"[{shown(at)}]"
        raise _RefusedError(refused.value, refused.wanted, f"{place}{refused.place}") from None


def _several(rule: Keep) -> str:
    """Return what a rule wants in the plural, e.g. "integers of at least 0"."""
    try:
        rule(object())
    except _RefusedError as refused:
        article, _, noun = refused.wanted.partition(" ")
        if article in {"a", "an"}:
            noun, blank, rest = noun.partition(" ")
            return f"{noun}s{blank}{rest}"
        return f"values, each {refused.wanted}"
    return "values"


def _same(kept: Iterable[object], given: Iterable[object]) -> bool:
    return all(one is other for one, other in zip(kept, given, strict=True))


def _article(name: str) -> str:
    return f"{'an' if name[:1] in 'AEIOUaeiou' else 'a'} {name}"
