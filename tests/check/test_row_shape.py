"""Rules by shape are asked once for rows of one shape, and miss nothing by it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from vqaft.check import RULES, CheckedRow, Problem, checked_row
from vqaft.check.check import scan_lines
from vqaft.check.row_shape import shape_of
from vqaft.check.rule import Found, RowRule, Rule
from vqaft.providers import FIREWORKS, OPENAI, ProviderLimits

NONE_BY_SHAPE = tuple(replace(rule, by_shape=False) if isinstance(rule, RowRule) else rule for rule in RULES)

PLAIN = st.sampled_from(
    ["What color is it?", "red", "7", "Größe", "a\nb", "two words", "x" * 1990, "word " * 600 + "end"]
)
ODD = st.sampled_from(
    [
        *(
            "",
            " ",
            "red ",
            "\tred",
            "N/A",
            "none",
            "-",
            "<image>",
            "[IMG]",
            "<|end|>",
            "</s>",
            "{question}",
            "{{ image }}",
        ),
        *(
            "User: hi",
            "a\nAssistant: b",
            "\x07",
            "\x85",
            "a\u200bb",
            "Ã¤",
            "e\u0301",
            "\ud800",
            "\ufffd",
            "data:image/png;base64,",
        ),
        *("A" * 2000, "b" * 1999 + "/", "x " * 1100),
    ]
)
TEXTS = st.one_of(PLAIN, PLAIN, ODD, st.text(max_size=6))
URLS = st.sampled_from(["https://example.com/a.jpg", "", " ", "file:///a", "data:image/png;base64,AAAA"])
IMAGES = st.one_of(
    st.builds(lambda url, more: {"url": url, **more}, URLS, st.sampled_from([{}, {"detail": "low"}, {"detail": "x"}])),
    st.sampled_from([{}, "https://example.com/a.jpg", {"url": 1}, {"url": "u", "size": 1}, None]),
)
PARTS = st.one_of(
    st.builds(lambda text: {"type": "text", "text": text}, TEXTS),
    st.builds(lambda image: {"type": "image_url", "image_url": image}, IMAGES),
    st.sampled_from([{}, "text", {"type": "text"}, {"type": "audio"}, {"type": "text", "text": "a", "more": 1}]),
)
CONTENTS = st.one_of(TEXTS, st.lists(PARTS, max_size=3), st.sampled_from([None, 1, []]))
MORE = st.sampled_from([{}, {}, {}, {"weight": 0}, {"weight": 1}, {"weight": True}, {"weight": 2}, {"name": "a b"}])
MESSAGES = st.builds(
    lambda role, content, more: {**role, "content": content, **more},
    st.sampled_from([{"role": role} for role in ("system", "user", "assistant", "tool", "robot")] + [{}]),
    CONTENTS,
    MORE,
)
GOOD = st.builds(
    lambda question, answer: [
        {"role": "user", "content": [{"type": "text", "text": question}]},
        {"role": "assistant", "content": [{"type": "text", "text": answer}]},
    ],
    TEXTS,
    TEXTS,
)
ROWS = st.builds(
    lambda messages, more: {"messages": messages, **more},
    st.one_of(GOOD, st.lists(MESSAGES, max_size=4)),
    st.sampled_from([{}, {}, {}, {"tools": []}, {"id": 1}]),
)


def found(lines: list[bytes], rules: tuple[Rule, ...], limits: ProviderLimits) -> tuple[Problem, ...]:
    return scan_lines(enumerate(lines, start=1), path=None, limits=limits, rules=rules).problems


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(ROWS, min_size=1, max_size=6), limits=st.sampled_from([OPENAI, FIREWORKS]))
def test_nothing_is_missed_in_rows_of_a_shape_that_was_seen(rows: list[Any], limits: ProviderLimits) -> None:
    lines = [json.dumps(row).encode() + b"\n" for row in rows] * 2
    assert found(lines, RULES, limits) == found(lines, NONE_BY_SHAPE, limits)


def test_rows_of_one_shape_are_asked_once() -> None:
    asked: list[int] = []

    def find(row: CheckedRow, _: ProviderLimits) -> list[Found]:
        asked.append(row.line)
        return []

    rule = RowRule(code="own.rule", severity="note", remedy="", find=find, by_shape=True)
    lines = []
    for number in range(5):
        content: Any = [{"type": "text", "text": f"What is number {number}?"}]
        lines.append({"messages": [{"role": "user", "content": content}, {"role": "assistant", "content": "seven"}]})
    lines[3]["messages"][1]["content"] = "seven "
    found([json.dumps(row).encode() for row in lines], (rule,), OPENAI)
    assert asked == [1, 4]
    assert shape_of(checked_row(4, json.dumps(lines[3]).encode())) is None
