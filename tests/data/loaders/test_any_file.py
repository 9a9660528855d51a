"""The form of a file is seen from its first row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.data.pictures import example, picture
from vqaft.data import Columns, load_file, save_examples
from vqaft.errors import DataError

URL = "https://example.org/a.png"
FORMS: dict[str, tuple[str, Any]] = {
    "table": ("t.jsonl", {"image": "a.png", "question": "What?", "answer": "it"}),
    "chat": (
        "t.jsonl",
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": URL}}],
                },
                {"role": "assistant", "content": "it"},
            ]
        },
    ),
    "ShareGPT": (
        "t.jsonl",
        {
            "messages": [{"role": "user", "content": "What?"}, {"role": "assistant", "content": "it"}],
            "images": ["a.png"],
        },
    ),
    "LLaVA": (
        "t.json",
        [{"image": "a.png", "conversations": [{"from": "human", "value": "What?"}, {"from": "gpt", "value": "it"}]}],
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms(tmp_path: Path, form: str) -> None:
    name, content = FORMS[form]
    (tmp_path / "a.png").write_bytes(picture(1))
    (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
    [found] = load_file(tmp_path / name)
    assert (found.question, found.answer) == ("What?", "it")


def test_saved_examples(tmp_path: Path) -> None:
    [found] = load_file(save_examples(tmp_path / "x.jsonl", [example("a", picture(1))]))
    assert found.id == "a"


def test_columns_make_it_a_table(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture(1))
    (tmp_path / "t.csv").write_text("file,q,a\na.png,What?,it\n", encoding="utf-8")
    [found] = load_file(tmp_path / "t.csv", columns=Columns(image="file", question="q", answer="a"), prefix="x-")
    assert (found.id, found.answer) == ("x-0", "it")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the file is missing"):
        list(load_file(tmp_path / "no.jsonl"))
