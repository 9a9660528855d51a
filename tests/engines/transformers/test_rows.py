"""The row reader: one example an answer, images in their order, and errors with file and line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.engines.transformers.conftest import image_url, row, write_rows
from vqaft.engines.transformers.rows import check_rows, conversation, find_answers, read_row
from vqaft.errors import RecordError

RED, BLUE = image_url((255, 0, 0), size=(20, 10)), image_url((0, 0, 255), size=(10, 20))
PIXELS = 10_000


def _several_turns() -> dict[str, Any]:
    first = row("What is shown first?", "red", RED, BLUE)
    second = {"role": "user", "content": "And then?"}
    ignored = {"role": "assistant", "content": "green", "weight": 0}
    third = [{"role": "user", "content": "No, really?"}, {"role": "assistant", "content": "blue", "weight": 1}]
    return {"messages": [*first["messages"], second, ignored, *third]}


def test_each_answer_with_weight_is_an_example_with_what_came_before(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", [_several_turns(), row("What?", "red", RED)])
    places = find_answers(path)
    assert [(place.line, place.message) for place in places] == [(1, 2), (1, 6), (2, 2)]
    first, second, last = (read_row(path, place, max_pixels=PIXELS) for place in places)
    assert first["completion"] == [{"role": "assistant", "content": [{"type": "text", "text": "red"}]}]
    assert [image.size for image in second["images"]] == [(20, 10), (10, 20)]
    assert [message["role"] for message in second["prompt"]] == [
        "system",
        "user",
        "assistant",
        "user",
        "assistant",
        "user",
    ]
    assert [part["type"] for part in second["prompt"][1]["content"]] == ["image", "image", "text"]
    assert len(last["images"]) == 1
    assert check_rows(path, max_pixels=PIXELS) == 3


def test_blank_lines_do_not_move_the_places(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    lines = write_rows(path, [row("a?", "one"), row("b?", "two")]).read_text().splitlines()
    path.write_text(f"{lines[0]}\n\n  \n{lines[1]}")
    found = [
        read_row(path, place, max_pixels=PIXELS)["completion"][0]["content"][0]["text"] for place in find_answers(path)
    ]
    assert found == ["one", "two"]
    assert [place.line for place in find_answers(path)] == [1, 4]


def test_a_developer_is_a_system_and_low_detail_is_small() -> None:
    large = image_url((9, 9, 9), size=(1024, 1024))
    shown: dict[str, Any] = {"type": "image_url", "image_url": {"url": large, "detail": "low"}}
    messages: list[dict[str, Any]] = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [shown]},
    ]
    found = conversation(messages, max_pixels=1_000_000)
    assert found.messages[0]["role"] == "system"
    assert found.images[0].size == (512, 512)
    shown["image_url"] = {"url": large, "detail": "high"}
    assert conversation(messages, max_pixels=2_000_000).images[0].size == (1024, 1024)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (row("What?", "red", "data:image/png;base64,AAAA"), "is not one of"),
        (row("What?", "red", "https://example.com/red.png"), "not a data URL"),
        (row("What?", "red", RED[:-40]), "cannot be read"),
        ({"messages": [{"role": "tool", "content": "x", "tool_call_id": "1"}, *row("a", "b")["messages"]]}, "'tool'"),
        ({"messages": [{"role": "robot", "content": "x"}, {"role": "assistant", "content": "x"}]}, "not a chat row"),
        ({"rows": []}, "not a chat row"),
    ],
)
def test_a_row_that_cannot_be_learnt_from_is_named_by_its_line(tmp_path: Path, content: Any, words: str) -> None:
    path = write_rows(tmp_path / "rows.jsonl", [row("fine?", "yes", RED), content])
    with pytest.raises(RecordError, match=words) as caught:
        check_rows(path, max_pixels=PIXELS)
    assert (caught.value.path, caught.value.line) == (str(path), 2)


@pytest.mark.parametrize("said", [row("a", None), row("a", "  "), row("a", "b", weight=0)])
def test_a_file_without_an_answer_is_refused(tmp_path: Path, said: Any) -> None:
    path = write_rows(tmp_path / "rows.jsonl", [said])
    for look in (find_answers, lambda where: check_rows(where, max_pixels=PIXELS)):
        with pytest.raises(RecordError, match="no row holds an answer"):
            look(path)
