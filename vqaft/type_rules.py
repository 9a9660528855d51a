"""Rules of types: what a type hint takes as a value, and what is kept of it.

`rule_of` turns a hint into a function, once; the function returns the value, or what is kept instead, or raises
`RefusedError`. Ours because pydantic's strict mode copies mappings, wraps streams, refuses lists for tuples, numpy's
integers and plain protocols, and takes NaN; typeguard takes True for 1 and knows no ranges; beartype looks at one
element of a list, drawn at random.
"""

from __future__ import annotations

import numbers
import os
import types
import typing
from collections import abc
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np

from vqaft.errors import shown

OR_NAN = "or NaN"
"""`Annotated[float, OR_NAN]`: NaN is a number of this field, too."""
CHECKED_LATER = "checked where it is used, with a message of its own"
"""`Annotated[Iterable[Row], CHECKED_LATER]`: only that it is iterable is checked."""

Keep: TypeAlias = Callable[[Any], Any]
"""What to keep of a value; raises `RefusedError`."""
_BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
_RE_READ = (tuple, list, set, frozenset, dict)
_ELEMENTS = {abc.Iterable, abc.Collection, abc.Sequence}
_LISTED = (tuple, list)
_SETS = (set, frozenset, tuple, list)
_TEXT = (str, bytes, bytearray)


class RefusedError(Exception):
    """A value that a rule does not take.

    Attributes:
        value: The value.
        wanted: What the rule takes, in words.
        place: Where in a container it stands, as an index.
    """

    def __init__(self, value: object, wanted: str, place: str = "") -> None:
        self.value, self.wanted, self.place = value, wanted, place


def rule_of(hint: Any) -> Keep:
    """Return the rule of a type hint; `anything` for hints that rule nothing out."""
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
        return anything
    if issubclass(origin, Mapping):
        is_typed = typing.is_typeddict(origin)
        return _mapping_of(dict if is_typed else origin, *(rule_of(each) for each in arguments or (Any, Any)))
    if issubclass(origin, abc.Set):
        return _set_of(rule_of(arguments[0] if arguments else Any))
    if origin in _ELEMENTS:
        return _elements_of(origin, rule_of(arguments[0] if arguments else Any))
    return _instance_of(origin)


def anything(value: object) -> object:
    """Take any value."""
    return value


def _whole(value: object) -> object:
    if type(value) is int:
        return value
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return int(value)
    raise RefusedError(value, "an integer")


def _measured(value: object) -> object:
    if type(value) is float:
        return value
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return int(value) if isinstance(value, numbers.Integral) else float(value)
    raise RefusedError(value, "a number")


def _number(value: object) -> object:
    kept = _measured(value)
    if kept != kept:  # noqa: PLR0124 - NaN alone
        raise RefusedError(value, "a number")
    return kept


def _flag(value: object) -> object:
    if value is True or value is False:
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    raise RefusedError(value, "True or False")


def _where(fits: Callable[[Any], bool], wanted: str) -> Keep:
    def keep(value: object) -> object:
        if fits(value):
            return value
        raise RefusedError(value, wanted)

    return keep


def _instance_of(kind: type[Any], wanted: str = "") -> Keep:
    def keep(value: object) -> object:
        if isinstance(value, kind):
            return value
        raise RefusedError(value, wanted or _article(kind.__name__))

    return keep


_nothing = _instance_of(type(None), "None")
_PLAIN: dict[Any, Keep] = {
    Any: anything,
    int: _whole,
    float: _number,
    bool: _flag,
    str: _instance_of(str, "a string"),
    type(None): _nothing,
    bytes: _instance_of(bytes, "bytes"),
}


def _path(value: object) -> object:
    text = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(text, str) or not text:
        raise RefusedError(value, "a path")
    if "\0" in text:
        raise RefusedError(value, "a path: no path may hold a NUL character")
    return value


_FILE = _where(lambda value: hasattr(value, "read"), "an open file")
_BY_ORIGIN: dict[Any, Keep] = {
    abc.Callable: _where(callable, "a callable"),
    typing.IO: _FILE,
    typing.BinaryIO: _FILE,
    object: anything,
}


def _within(hint: Any, metadata: tuple[Any, ...]) -> Keep:
    if metadata == (CHECKED_LATER,):
        origin = typing.get_origin(hint)
        return _elements_of(origin, anything) if origin in _ELEMENTS else anything
    inner = _measured if metadata == (OR_NAN,) else rule_of(hint)
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
        except RefusedError:
            raise RefusedError(value, wanted) from None
        if low <= kept <= high and (above is None or kept > above) and (below is None or kept < below):
            return kept
        raise RefusedError(value, wanted)

    return keep


def _one_of(hints: tuple[Any, ...]) -> Keep:
    is_path = any(typing.get_origin(hint) is os.PathLike for hint in hints)
    rules = [_path if is_path and hint in {str, os.PathLike[str]} else rule_of(hint) for hint in hints]
    optional = _nothing in rules

    def keep(value: object) -> object:
        if value is None and optional:
            return None
        refusals = []
        for rule in rules:
            try:
                return rule(value)
            except RefusedError as refused:
                refusals.append(refused)
        inner = next((refused for refused in refusals if refused.place), None)  # the right container, a wrong element
        wanted = dict.fromkeys(refused.wanted for refused in refusals)
        raise inner or RefusedError(value, " or ".join(wanted))

    return keep


def _choice(choices: tuple[Any, ...]) -> Keep:
    wanted = f"one of {', '.join(map(repr, choices))}" if len(choices) > 1 else repr(choices[0])
    kinds = {type(each) for each in choices}
    return _where(lambda value: type(value) in kinds and value in choices, wanted)


def _tuple_of(hints: tuple[Any, ...]) -> Keep:
    if hints[-1:] == (Ellipsis,):
        return _tuple_of_many(rule_of(hints[0]))
    rules = [rule_of(hint) for hint in hints]

    def keep(value: object) -> object:
        if not isinstance(value, _LISTED) or len(value) != len(rules):
            raise RefusedError(value, f"a tuple of {len(rules)}")
        kept = tuple(_element(rule, each, number) for number, (rule, each) in enumerate(zip(rules, value, strict=True)))
        return value if isinstance(value, tuple) and _same(kept, value) else kept

    return keep


def _tuple_of_many(rule: Keep) -> Keep:
    wanted = f"a tuple of {_several(rule)}"

    def keep(value: Any) -> object:
        if not isinstance(value, _LISTED):
            raise RefusedError(value, wanted)
        if not value:
            return ()
        try:
            kept = value if rule is anything else [rule(each) for each in value]
        except RefusedError:
            kept = [_element(rule, each, number) for number, each in enumerate(value)]  # the same, with its place
        return value if isinstance(value, tuple) and _same(kept, value) else tuple(kept)

    return keep


def _elements_of(kind: type[Any], rule: Keep) -> Keep:
    """Check what stands in a built-in container; a stream, which can be read only once, is taken as it is."""
    wanted = f"{_article(kind.__name__.lower())} of {_several(rule)}"

    def keep(value: Any) -> object:
        if not isinstance(value, kind) or isinstance(value, _TEXT):
            raise RefusedError(value, wanted)
        for number, each in enumerate(value) if isinstance(value, _RE_READ) else ():
            _element(rule, each, number)
        return value

    return keep


def _set_of(rule: Keep) -> Keep:
    wanted = f"a set of {_several(rule)}"

    def keep(value: Any) -> object:
        if not isinstance(value, _SETS):
            raise RefusedError(value, wanted)
        kept = frozenset(_element(rule, each) for each in value)
        return value if isinstance(value, frozenset) else kept

    return keep


def _mapping_of(made: type[Any], key: Keep, element: Keep) -> Keep:
    wanted = "a mapping" if made in {abc.Mapping, dict} else _article(made.__name__)

    def keep(value: Any) -> object:
        if not isinstance(value, made):
            raise RefusedError(value, wanted)
        if element is anything:
            for each in value:
                _element(key, each)
            return value
        kept = {_element(key, each): _element(element, inner, each) for each, inner in value.items()}
        return value if _same(kept.values(), value.values()) else kept

    return keep


def _element(rule: Keep, value: object, at: object = None) -> object:
    try:
        return rule(value)
    except RefusedError as refused:
        place = " key" if at is None else f"[{shown(at)}]"
        raise RefusedError(refused.value, refused.wanted, f"{place}{refused.place}") from None


def _several(rule: Keep) -> str:
    """Return what a rule wants in the plural, e.g. "integers of at least 0"."""
    try:
        rule(object())
    except RefusedError as refused:
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
