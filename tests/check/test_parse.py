"""Taking base64 out first changes no verdict, whatever the line is."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vqaft.check import RULES, CheckedRow, check_file, checked_row
from vqaft.check.parse import parse_json, take_apart, whole_row
from vqaft.check.rule import ImageRule, RowRule
from vqaft.providers import OPENAI

RUN = base64.b64encode(b"\xff\xd8\xff" + bytes(range(256)) * 2).decode()
DATA = "data:image/jpeg;base64," + RUN

PIECES = st.sampled_from(
    [
        *("~", "\n", "{", "}", "[", "]", ":", ",", '"', "\\", "\\/", " ", "=", "\u2028", "\x00"),
        *(DATA, RUN, '"data:', "data:image/png;base64,", ";base64,", "\\u002b", "\\u0064ata:"),
        *("é", "NaN", "1", "text", '{"messages":'),
    ]
)
TEXTS = st.lists(PIECES, max_size=6).map("".join)
URLS = st.one_of(st.just(DATA), TEXTS, st.text(max_size=20), TEXTS.map(lambda text: "data:" + text))


def part(kind: str, value: Any) -> dict[str, Any]:
    return {"type": kind, kind: {"url": value} if kind == "image_url" else value}


PARTS = st.one_of(st.builds(part, st.just("image_url"), URLS), st.builds(part, st.just("text"), TEXTS))
KEYS = st.one_of(TEXTS, st.sampled_from(["role", "content", "weight", "name"]))
MESSAGES = st.builds(
    lambda role, content, more: {**more, "role": role, "content": content},
    st.sampled_from(["user", "assistant", "system", DATA]),
    st.one_of(TEXTS, st.lists(PARTS, max_size=3)),
    st.dictionaries(KEYS, st.one_of(TEXTS, st.none(), st.integers()), max_size=2),
)
ROWS = st.builds(
    lambda messages, more: {**more, "messages": messages},
    st.lists(MESSAGES, max_size=4),
    st.dictionaries(KEYS, st.one_of(TEXTS, st.integers()), max_size=2),
)


def verdict(row: CheckedRow) -> Any:
    rules = [rule for rule in RULES if isinstance(rule, RowRule)]
    images = [rule for rule in RULES if isinstance(rule, ImageRule)]
    said = [(rule.code, *found) for rule in rules for found in rule.find(row, OPENAI)]
    return (
        said,
        [(rule.code, rule.find(image, OPENAI)) for rule in images for image in row.images],
        row.texts,
        row.images,
    )


def both(line: bytes) -> tuple[Any, Any]:
    return verdict(checked_row(1, line)), verdict(whole_row(1, line))


@settings(max_examples=400, deadline=None)
@given(row=ROWS, ascii_only=st.booleans(), slashes=st.booleans())
def test_rows_are_judged_alike(row: Any, ascii_only: bool, slashes: bool) -> None:  # noqa: FBT001
    text = json.dumps(row, ensure_ascii=ascii_only)
    line = (text.replace("/", "\\/") if slashes else text).encode()
    apart, whole = both(line)
    assert apart == whole


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_lines_of_anything_are_judged_alike(line: str) -> None:
    apart, whole = both(line.encode())
    assert apart == whole


@settings(max_examples=200, deadline=None)
@given(row=ROWS, place=st.floats(0, 1), byte=st.binary(min_size=1, max_size=1))
def test_a_damaged_line_is_judged_alike(row: Any, place: float, byte: bytes) -> None:
    line = json.dumps(row).encode()
    at = int(place * (len(line) - 1))
    apart, whole = both(line[:at] + byte + line[at + 1 :])
    assert apart == whole


def reference(line: str) -> tuple[Any, bool]:
    """Parse by the standard library; return the object, and whether a key stands twice or a number is none."""
    flaws: list[Any] = []

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        flaws.extend(found[len(dict(found)) :])
        return dict(found)

    return json.loads(line, object_pairs_hook=pairs, parse_constant=flaws.append), bool(flaws)


TOKENS = st.sampled_from(
    [
        *(
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            " ",
            '"',
            "\\",
            '\\"',
            '"a":',
            '"a" :',
            '"a\\\\":',
            '"b":',
            '{"a":1',
            '"x":":"',
        ),
        *("1", "-0", "1.0", "1e5", "9007199254740993", "123456789012345678901", "NaN", "true", "null", '":', '"a"'),
        *('{"a":1,"a":2}', '{"a":{"b":1,"b":2}}', '{"a":"\\":"}', '"\\ud800"', '"\\u0061":'),
    ]
)


@settings(max_examples=1000, deadline=None)
@given(st.one_of(st.lists(TOKENS, max_size=9), st.lists(TOKENS, max_size=6).map(lambda inner: ['{"k":', *inner, "}"])))
def test_a_line_means_what_the_standard_parser_says(tokens: list[str]) -> None:
    line = "".join(tokens)
    try:
        value, has_flaws = reference(line)
    except ValueError:
        value, has_flaws = None, True
    found, flaws = parse_json(line.encode())
    if isinstance(value, dict):
        assert repr(found) == repr(value)
        assert bool(flaws) is has_flaws
    else:
        assert flaws


def test_base64_is_taken_out_where_it_stands() -> None:
    line = json.dumps({"a": DATA, "b": "data:image/png;base64,short", "c": [DATA]}).encode()
    rest, payloads = take_apart(line)
    assert len(rest) < 300
    assert list(payloads.values()) == [base64.b64decode(RUN)] * 2


HOSTILE = {
    "deep": b"[" * 1_000_000,
    "deep object": b'{"a":' * 200_000,
    "huge integer": b'{"messages": ' + b"1" * 100_000 + b"}",
    "infinity": b'{"messages": [Infinity]}',
    "empty": b"\n",
    "nul": b"\x00" * 100,
    "not utf-8": b"\xff\xfe{}",
    "half a surrogate": b'{"messages": [{"role": "\\ud800", "content": "\\udfff"}]}',
    "keys twice": b'{"messages": [], "messages": [{}]}',
    "U+2028": '{"messages": [{"role": "user", "content": "a\u2028b"}]}'.encode(),
    "values of the wrong kind": b'{"messages": [{"role": [], "content": {"text": 1}, "tool_calls": 3, "weight": {}}]}',
    "parts of the wrong kind": b'{"messages": [{"role": "user", "content": [{"type": {}, "image_url": []}, null, 1]}]}',
    "preference of the wrong kind": b'{"input": 3, "preferred_output": {"a": 1}}',
    "strange URLs": b'{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://["}}]}]}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_lines_are_problems_and_no_exceptions(name: str, tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_bytes(HOSTILE[name] + b"\n")
    report = check_file(path)
    assert not report.ok
    assert str(report)
    assert report.to_json()
    assert "<table>" in report._repr_html_()


def test_a_line_that_is_too_long_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vqaft.check.check.MAX_LINE_BYTES", 100)
    path = tmp_path / "train.jsonl"
    path.write_bytes(b'{"a": "' + b"x" * 200 + b'"}\n')
    assert check_file(path).counts["line.too-long"] == 1


def test_unicode_line_ends_are_text(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    row = {"messages": [{"role": "user", "content": "a\u2028b\u2029c\x85d"}, {"role": "assistant", "content": "e"}]}
    path.write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    assert check_file(path).rows == 1
