"""Writing asks the disk about an image once, however many rows show it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from vqaft import ImageEncoder, MessageBuilder, VQAExample
from vqaft.records import write_jsonl

IMAGES, QUESTIONS = 4, 5


@pytest.mark.parametrize("encoder", [ImageEncoder(), ImageEncoder(format="jpeg", pass_through=False)])
@pytest.mark.parametrize("few_shot", [0, 1])
def test_one_look_an_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: ImageEncoder, few_shot: int
) -> None:
    from PIL import Image

    paths = [str(tmp_path / f"{number}.jpg") for number in range(IMAGES + few_shot)]
    for number, path in enumerate(paths):
        Image.new("RGB", (40, 30), (number * 40, 90, 200)).save(path)
    examples = [
        VQAExample(id=f"{path}-{number}", image=path, question=f"What is {number}?", answers=("a",))
        for path in paths
        for number in range(QUESTIONS)
    ]
    builder = MessageBuilder(encoder=encoder, few_shot=examples[: few_shot * QUESTIONS : QUESTIONS])
    first = builder.record(examples[-1])  # the few-shot examples are encoded
    asked: list[str] = []
    stat = os.stat

    def counted(path: Any, **more: Any) -> os.stat_result:
        asked.append(str(path))
        return stat(path, **more)

    monkeypatch.setattr(os, "stat", counted)
    shown = examples[few_shot * QUESTIONS :]
    written = write_jsonl(tmp_path / "train.jsonl", builder.records(shown, max_workers=2), builder=builder)
    counts = [asked.count(path) for path in paths[few_shot:]]
    assert written.rows == IMAGES * QUESTIONS
    assert counts == [1 + (few_shot > 0)] * IMAGES  # few-shot examples: also hashed, to tell that they are others
    assert first.example_ids == (examples[-1].id,)
