from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqaft.engines.structured_output import fill_schema, nearest

SCHEMAS: list[tuple[dict[str, Any], str, Any]] = [
    ({"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}, "A", {"answer": "A"}),
    (
        {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}},
        "A",
        {"a": "A", "b": ""},
    ),
    ({"type": "object", "properties": {"n": {"type": "integer", "minimum": 3}}}, "A", {"n": 3}),
    ({"type": "object", "properties": {"n": {"type": "number", "exclusiveMinimum": 0}}}, "A", {"n": 1}),
    ({"type": "object", "properties": {"n": {"type": "integer", "maximum": -2}}}, "A", {"n": -2}),
    (
        {"type": "object", "properties": {"b": {"type": "boolean"}, "z": {"type": "null"}}},
        "Yes",
        {"b": True, "z": None},
    ),
    ({"type": "array", "items": {"type": "string"}}, "A", []),
    ({"type": "array", "items": {"type": "string"}, "minItems": 2}, "A", ["A", ""]),
    ({"type": ["null", "string"]}, "A", "A"),
    ({"anyOf": [{"type": "null"}, {"type": "string"}]}, "A", "A"),
    ({"enum": ["red", "green"]}, "GREN", "green"),
    ({"const": 7}, "A", 7),
    (
        {"$defs": {"it": {"type": "string"}}, "type": "object", "properties": {"x": {"$ref": "#/$defs/it"}}},
        "A",
        {"x": "A"},
    ),
    ({"allOf": [{"type": "object"}, {"properties": {"x": {"type": "string"}}, "required": ["x"]}]}, "A", {"x": "A"}),
    (
        {"type": "object", "properties": {"o": {"type": "string"}, "r": {"type": "string"}}, "required": ["r"]},
        "A",
        {"r": "A"},
    ),
    ({"type": "string", "minLength": 3}, "A", "A  "),
    ({"type": "string", "maxLength": 2}, "long", "lo"),
    ({}, "A", "A"),
]


@pytest.mark.parametrize(("schema", "answer", "expected"), SCHEMAS)
def test_the_answer_is_put_into_the_schema(schema: dict[str, Any], answer: str, expected: object) -> None:
    value = json.loads(fill_schema(schema, answer))
    assert value == expected
    jsonschema.validate(value, schema)


def test_a_schema_that_refers_to_itself_ends() -> None:
    schema = {"type": "object", "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}}
    assert json.loads(fill_schema(schema, "A"))


def test_a_reference_that_leads_nowhere_takes_any_text() -> None:
    assert json.loads(fill_schema({"$ref": "#/$defs/none"}, "A")) == "A"


@st.composite
def schemas(draw: st.DrawFn, depth: int = 3) -> dict[str, Any]:
    simple = [{"type": "string"}, {"type": "integer"}, {"type": "number"}, {"type": "boolean"}, {"type": "null"}]
    kind = draw(st.sampled_from(["simple", "enum", "array", "object"] if depth else ["simple", "enum"]))
    if kind == "enum":
        return {"enum": draw(st.lists(st.text(), min_size=1, max_size=4, unique=True))}
    if kind == "array":
        return {"type": "array", "items": draw(schemas(depth - 1)), "minItems": draw(st.integers(0, 2))}
    if kind == "object":
        names = draw(st.lists(st.text(min_size=1), max_size=3, unique=True))
        properties = {name: draw(schemas(depth - 1)) for name in names}
        return {"type": "object", "properties": properties, "required": names, "additionalProperties": False}
    return dict(draw(st.sampled_from(simple)))


@given(schemas(), st.text())
def test_what_is_filled_is_valid(schema: dict[str, Any], answer: str) -> None:
    jsonschema.validate(json.loads(fill_schema(schema, answer)), schema)


def test_of_equal_options_the_first_is_taken() -> None:
    assert nearest("x", ["aa", "bb"]) == "aa"
