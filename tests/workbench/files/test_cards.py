"""Rows as cards, and what one pass over a file says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.workbench.running import chat_rows
from vqaft.check import checked_row
from vqaft.workbench.files.cards import Card, CardImage, card_of, read_cards
from vqaft.workbench.files.line_index import IndexedLine, LineIndex
from vqaft.workbench.files.reports import check_findings
from vqaft.workbench.files.survey import survey_file


def card(value: Any) -> Card:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return card_of(IndexedLine(number=7, content=content, size_bytes=len(content)))


def user(*parts: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(parts)}


def image(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def text(said: str) -> dict[str, str]:
    return {"type": "text", "text": said}


def test_parts_stay_in_their_order() -> None:
    urls = [f"https://example.org/{place}.png" for place in range(2)]
    messages = [
        user(text("first"), image(urls[0]), text("then"), image(urls[1])),
        {"role": "assistant", "content": "a", "weight": 0},
        user(text("and?")),
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
    ]
    found = card({"messages": messages})
    first, answer, _, call = found.messages
    assert [part if isinstance(part, str) else part.address for part in first.parts] == [
        "first",
        urls[0],
        "then",
        urls[1],
    ]
    assert [each.number for each in found.images] == [0, 1]
    assert not any(each.is_embedded for each in found.images)
    assert answer.untrained
    assert json.loads(call.calls) == [{"id": "1"}]


def test_an_embedded_image_is_described() -> None:
    (found,) = card(chat_rows(["a"])).images
    assert isinstance(found, CardImage)
    assert found.is_picture
    assert found.facts.startswith("png, 20 × 10, ")


def test_broken_lines_say_what_is_wrong() -> None:
    flaws = {
        b"no json": "not JSON",
        b"\n": "blank",
        b"\xff\n": "UTF-8",
        b"[1]": "not a JSON object",
        b'{"messages": [], "messages": []}': "twice",
        b"": "too long",
    }
    for line, words in flaws.items():
        assert words in " ".join(card(line).flaws), line
    assert card(b"no json").raw == "no json"
    assert card({"question": "q"}).kind == "examples, not training rows"


def test_preferences_show_both_answers() -> None:
    row = {
        "input": {"messages": [user(text("q"))]},
        "preferred_output": [{"role": "assistant", "content": "good"}],
        "non_preferred_output": [{"role": "assistant", "content": "bad"}],
    }
    assert card(row).completions == (("better answer", "good"), ("worse answer", "bad"))


def test_anything_at_all_is_a_card() -> None:
    messages: list[Any] = [None, 3, {}, {"role": 3, "content": 4}, user(None, 3, {"image_url": 5}, image("data:x"))]
    for value in ({"messages": messages}, {"messages": 3}, {"input": 3}, {"messages": [{"role": "user"}] * 500}):
        card(value)
    assert card({"messages": [{"role": "user", "content": "x"}] * 500}).more == 440


def test_a_page_ends_where_it_has_read_enough(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_bytes(chat_rows(["a", "b", "c"]))
    index = LineIndex(path)
    assert [found.line for found in read_cards(index, 1, 10, max_bytes=1)] == [1]
    assert [found.line for found in read_cards(index, 2, 10)] == [2, 3]


def test_a_survey_counts_answers_and_finds_an_images_rows(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    red, blue = chat_rows(["yes", "no", "yes"]), chat_rows(["no"], color="blue")
    untrained = {"messages": [user(text("q")), {"role": "assistant", "content": "hidden", "weight": 0}]}
    path.write_bytes(red + blue + b"broken\n" + json.dumps(untrained).encode() + b"\n")
    told: list[int] = []
    found = survey_file(path, on_progress=told.append)
    assert found.answers == (("yes", 2), ("no", 2))
    assert (found.rows, found.answers_counted) == (5, 4)
    assert (found.different_images, found.shown_images) == (2, 4)
    keys = [checked_row(1, line).images[0].key for line in (red.splitlines()[0], blue)]
    assert found.lines_with(keys[0]) == (1, 2, 3)
    assert found.lines_with(keys[0], most=2) == (1, 2)
    assert found.lines_with(keys[1]) == (4,)
    assert found.lines_with("https://example.org/none.png") == ()


def test_findings_are_counted_by_rule_worst_first(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_bytes(b"broken\n" * 150 + chat_rows([" a"] * 3))
    found = check_findings(path, "openai")
    assert found.rules[0].severity == "error"
    (broken,) = [rule for rule in found.rules if rule.code == "line.not-json"]
    assert (broken.count, len(broken.first), broken.more) == (150, 100, 50)
    assert [problem.line for problem in broken.first[:2]] == [1, 2]
    assert found.count("error") >= 150
    severities = [rule.severity for rule in found.rules]
    assert severities == sorted(severities, key=["error", "warning", "note"].index)
