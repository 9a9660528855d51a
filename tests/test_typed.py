"""Every public value refuses, in its constructor, what its fields' types rule out."""

from __future__ import annotations

import dataclasses
import datetime as dt
import importlib
import inspect
import pickle
import types
import typing
from collections import abc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import EnumType
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from pydantic import NonNegativeInt

from tests.test_architecture import FACES
from vqaft.data import VQAExample
from vqaft.errors import DataError, VqaftError
from vqaft.typed import Measured, Share, typed

EXAMPLE = VQAExample(id="1", image="x.png", question="?", answers=("a",))
EXEMPT = (
    *("chat.Exchange", "chat.Parsed", "check.Checked"),  # what parsers make of every row, from what they just looked at
    *("data.ImageTable", "data.VQAExample"),  # constructors of their own, with tests of their own
    "server.",  # views and routes over a server's state
)
# Fields that take more than they say: what is given is made into the declared type.
WIDER = {("data.Columns", "image")}
HOLDERS = {"data.ImageTable", "tuning.WandbCallback"}  # of arrays, and of a client that is the caller's
GIVEN: dict[str, Any] = {
    "data.Power": {"pairs": 100, "clusters": 100, "cluster_size": 1.0},
    "evaluation.HumanVerdict": {"level": "a"},
    "inference.Prediction": {"answer": "a"},
    "exchange.Gemini": {"uri": "gs://bucket/x"},
    "exchange.Nova": {"uri": "s3://bucket/x"},
    "tuning.WandbCallback": {"run": types.SimpleNamespace(define_metric=lambda *_, **__: None)},
    "images.RemoteImage": {"url": "https://example.org/a.png"},
}
WRONG: dict[Any, list[Any]] = {
    int: [True, "3", 1.5, None, float("nan"), [1]],
    float: ["x", None, True, float("nan"), [1]],
    str: [3, None, b"x", ["a"]],
    bool: [1, "yes", None],
    Any: [],
    object: [],
}


class Odd:
    """A value that no field takes."""


def wrong(hint: Any) -> list[Any]:  # noqa: C901, PLR0911 - a case for each kind of type
    """Return values that a type rules out."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        bare = [each for each in wrong(arguments[0]) if not (isinstance(each, float) and "or NaN" in arguments)]
        return [*bare, -1] if is_bounded_below(hint) else bare
    if origin in {typing.Union, types.UnionType}:
        values = [Odd(), *(value for each in arguments if each is not type(None) for value in wrong(each))]
        return [value for value in values if not any(fits(value, each) for each in arguments)]
    if hint in WRONG:
        return WRONG[hint]
    if origin in {tuple, frozenset}:
        return ["abc", 3, None, Odd(), *([(Odd(),)] if plain(arguments[0]) else [])]
    if origin is not None and inspect.isclass(origin) and issubclass(origin, abc.Mapping):
        return [[1], "x", 3, None]
    if origin in {abc.Callable, Literal} or inspect.isclass(hint):
        return [] if getattr(hint, "_is_protocol", False) else [Odd(), 3]
    return []


def is_bounded_below(hint: Any) -> bool:
    found = [part for each in hint.__metadata__ for part in getattr(each, "metadata", [each])]
    return any(hasattr(part, "gt") or hasattr(part, "ge") for part in found)


def plain(hint: Any) -> bool:
    return hint in WRONG and bool(WRONG[hint])


def fits(value: Any, hint: Any) -> bool:
    origin = typing.get_origin(hint)
    if origin is Annotated:
        return fits(value, typing.get_args(hint)[0]) and value != -1
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and value == value  # noqa: PLR0124
    if hint is int or origin is Literal:
        return isinstance(value, int) and not isinstance(value, bool) and origin is None
    return isinstance(value, origin or hint) if inspect.isclass(origin or hint) else False


def value_of(hint: Any) -> Any:  # noqa: C901, PLR0911 - a case for each kind of type
    """Return a value of a type."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    simple = {int: 1, float: 0.5, str: "x", bool: False, Path: Path("x"), dt.date: dt.date(2026, 1, 1), bytes: b"x"}
    if hint in simple:
        return simple[hint]
    if origin is Annotated:
        return value_of(arguments[0])
    if origin in {typing.Union, types.UnionType}:
        return None if type(None) in arguments else value_of(arguments[0])
    if origin is Literal:
        return arguments[0]
    if origin is tuple:
        return tuple(value_of(each) for each in arguments if each is not Ellipsis)
    if origin in {frozenset, abc.Sequence, abc.Iterable}:
        return (value_of(arguments[0]),)
    if origin is not None and inspect.isclass(origin) and issubclass(origin, abc.Mapping):
        return {value_of(arguments[0]): value_of(arguments[1])}
    if origin is abc.Callable:
        return lambda *_: ""
    if dataclasses.is_dataclass(hint):
        return made(hint)
    return next(iter(hint)) if isinstance(hint, EnumType) else Odd()


def made(kind: Any, /, **given: Any) -> Any:
    if kind is VQAExample and not given:
        return EXAMPLE
    hints = hints_of(kind)
    given = {**GIVEN.get(label(kind), {}), **given}
    for each in dataclasses.fields(kind):
        has_default = each.default is not dataclasses.MISSING or each.default_factory is not dataclasses.MISSING
        if each.init and not has_default and each.name not in given:
            given[each.name] = value_of(hints[each.name])
    return kind(**given)


@lru_cache(maxsize=1000)
def hints_of(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind, include_extras=True)


def label(kind: Any) -> str:
    return next((name for name, each in VALUES if each is kind), kind.__name__)


def values() -> Iterator[tuple[str, Any]]:
    seen = set()
    for face in FACES:
        if face == "vqaft.ray_data":
            continue
        module = importlib.import_module(face)
        for name in getattr(module, "__all__", ()):
            kind = getattr(module, name)
            if inspect.isclass(kind) and dataclasses.is_dataclass(kind) and kind not in seen:
                seen.add(kind)
                yield f"{face.removeprefix('vqaft.')}.{name}", kind


VALUES = list(values())


FROZEN = [name for name, kind in VALUES if kind.__dataclass_params__.frozen]


@pytest.mark.parametrize("name", [name for name in FROZEN if name not in HOLDERS])
def test_it_hashes(name: str) -> None:
    kind = dict(VALUES)[name]
    try:
        value = made(kind)
    except (VqaftError, TypeError):  # it needs values that fit together
        return
    assert isinstance(hash(value), int)


@pytest.mark.parametrize("name", [name for name, _ in VALUES if not name.startswith(EXEMPT)])
def test_it_refuses_what_its_types_rule_out(name: str) -> None:
    kind = dict(VALUES)[name]
    try:
        made(kind)
    except (VqaftError, TypeError):
        assert hasattr(kind, "__post_init__"), f"{name} takes everything"
        return
    for each in dataclasses.fields(kind):
        hint = hints_of(kind)[each.name]
        for value in wrong(hint) if each.init and (name, each.name) not in WIDER else ():
            assert each.name in refusal(kind, each.name, value), f"{name} takes {each.name}={value!r}"


def refusal(kind: Any, name: str, value: object) -> str:
    try:
        made(kind, **{name: value})
    except DataError as error:
        return str(error)
    return ""


def test_most_values_are_tried() -> None:
    tried = []
    for name, kind in VALUES:
        try:
            made(kind)
        except (VqaftError, TypeError):
            continue
        tried.append(name)
    assert len(tried) > 0.8 * len(VALUES)


@dataclass(frozen=True, kw_only=True)
@typed
class Value:
    whole: NonNegativeInt = 0
    share: Share = 0.5
    measured: Measured = float("nan")
    names: tuple[str, ...] = ()
    pair: tuple[str, int] | None = None
    table: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    words: frozenset[str] = frozenset()
    rule: Callable[[int], int] = abs
    choice: Literal["a", 1] = "a"
    either: str | tuple[str, ...] = ""

    def __post_init__(self) -> None:
        if self.whole > self.share * 100:
            raise ValueError("the own check comes second")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"whole": True}, "Value: whole is True, not an integer of at least 0"),
        ({"whole": -1}, "Value: whole is -1, not an integer of at least 0"),
        ({"share": float("nan")}, "Value: share is nan, not a number of at least 0 and at most 1"),
        ({"share": 2}, "Value: share is 2, not a number of at least 0 and at most 1"),
        ({"measured": None}, "Value: measured is None, not a number"),
        ({"names": "abc"}, "Value: names is 'abc', not a tuple of strings"),
        ({"names": ("a", 3)}, "Value: names[1] is 3, not a string"),
        ({"pair": ("a",)}, "Value: pair is ('a',), not a tuple of 2 or None"),
        ({"pair": ("a", "b")}, "Value: pair[1] is 'b', not an integer"),
        ({"table": {"a": (1, None)}}, "Value: table['a'][1] is None, not an integer"),
        ({"table": {1: ()}}, "Value: table key is 1, not a string"),
        ({"words": "abc"}, "Value: words is 'abc', not a set of strings"),
        ({"rule": "abs"}, "Value: rule is 'abs', not a callable"),
        ({"choice": True}, "Value: choice is True, not one of 'a', 1"),
        ({"either": ("a", 1)}, "Value: either[1] is 1, not a string"),
        ({"either": 1}, "Value: either is 1, not a string or a tuple of strings"),
        ({"whole": 90}, "the own check comes second"),
    ],
)
def test_the_message_names_field_value_and_what_is_allowed(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=r"\S") as caught:
        Value(**given)
    assert str(caught.value) == words


def test_lists_and_numpy_numbers_become_what_is_declared() -> None:
    numbers: Any = {"whole": np.int64(3), "share": np.float32(0.5), "table": {"a": [np.int8(1)]}}
    containers: Any = {"names": ["a"], "words": {"a"}}
    value = Value(**numbers, **containers)
    assert (value.whole, value.share, value.names, value.words) == (3, 0.5, ("a",), frozenset("a"))
    assert [type(each) for each in (value.whole, value.share, value.table["a"][0])] == [int, float, int]
    same = Value(names=("a",), rule=abs)
    assert pickle.loads(pickle.dumps(same)).names == same.names  # noqa: S301 - bytes of our own
    assert dataclasses.replace(same, whole=2).whole == 2
