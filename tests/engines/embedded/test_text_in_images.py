"""The whole engine on images with text; what is "read" in them is put into the cache, so no OCR is needed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from vqaft.chat import ChatRecord
from vqaft.engines import ChatModel, ChatTurn, EmbeddedEngine, Progress, TrainingMetrics, TrainingTask
from vqaft.engines.embedded.ocr import Line
from vqaft.images import image_sha256

NAMES = ("Otter & Sons", "Blue Heron Ltd", "Quince Works", "Fern Brothers", "Marl Pit Co", "Teasel and Daughter")
COUNT = 24


@dataclass(frozen=True)
class Slip:
    url: str
    sender: str
    parcels: int
    lines: tuple[Line, ...]


def make_slip(discs: Any, number: int) -> Slip:
    url = discs.url("cyan", at=(10 + number, 20), radius=5)
    sender, parcels = f"{NAMES[number % 6]} {chr(65 + number)}.", 3 + (7 * number) % 40
    texts = [
        (f"No. {1000 + 13 * number}", 12),
        (sender, 18),
        (f"Parcels: {parcels}", 12),
        (f"Weight: {parcels * 2 + 1} kg", 12),
        ("Please sign here", 12),
    ]
    lines = tuple(
        Line(text=text, left=20.0, top=40.0 * place, right=20.0 + 9 * len(text), bottom=40.0 * place + height)
        for place, (text, height) in enumerate(texts)
    )
    return Slip(url=url, sender=sender, parcels=parcels, lines=lines)


def rows_about(slip: Slip, discs: Any, number: int) -> list[list[dict[str, Any]]]:
    limit = (10, 20, 30)[number % 3]
    pairs = [
        ("Who sends it?", slip.sender),
        ("How many parcels are there?", str(slip.parcels)),
        (f"Are there more than {limit} parcels?", "yes" if slip.parcels > limit else "no"),
    ]
    return [[discs.user(question, slip.url), {"role": "assistant", "content": answer}] for question, answer in pairs]


@pytest.fixture(scope="module")
def cache(discs: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readings")
    for number in range(COUNT + 12):
        slip = make_slip(discs, number)
        key = image_sha256(slip.url)
        (folder / key[:2]).mkdir(exist_ok=True)
        (folder / key[:2] / f"{key}.json").write_bytes(orjson.dumps([asdict(line) for line in slip.lines]))
    return folder


@pytest.fixture(scope="module")
def folder(discs: Any, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("slips")
    (base / "model").mkdir()
    rows = [row for n in range(COUNT) for row in rows_about(make_slip(discs, n), discs, n)]
    valid = [row for n in range(COUNT, COUNT + 4) for row in rows_about(make_slip(discs, n), discs, n)]
    task = TrainingTask(
        training_file=discs.write(base / "train.jsonl", rows),
        validation_file=discs.write(base / "valid.jsonl", valid),
        folder=base / "model",
    )
    epochs: list[Progress] = []
    EmbeddedEngine(cache_folder=cache).train(task, epochs.append)
    last = epochs[-1]
    assert isinstance(last, TrainingMetrics)
    assert last.valid_accuracy is not None
    assert last.valid_accuracy >= 0.8
    return base / "model"


@pytest.fixture(scope="module")
def model(folder: Path, cache: Path) -> ChatModel:
    return EmbeddedEngine(cache_folder=cache).load(folder)


def ask(model: ChatModel, messages: list[dict[str, Any]]) -> str:
    return model.answer(ChatTurn(messages=ChatRecord.from_json(json.dumps({"messages": messages})).messages)).text


@pytest.mark.parametrize(("kind", "least"), [(0, 0.9), (1, 0.9), (2, 0.75)])
def test_texts_never_seen_are_found(model: ChatModel, discs: Any, kind: int, least: float) -> None:
    rows = [rows_about(make_slip(discs, n), discs, n)[kind] for n in range(COUNT, COUNT + 12)]
    right = [ask(model, row[:1]) == row[1]["content"] for row in rows]
    assert sum(right) >= least * len(right)


def test_without_its_reading_the_model_still_answers(folder: Path, discs: Any, tmp_path: Path) -> None:
    blind = EmbeddedEngine(cache_folder=tmp_path).load(folder)
    assert ask(blind, [discs.user("Are there more than 10 parcels?", discs.url("ochre"))]) in {"yes", "no"}


def test_the_base_model_gives_the_tallest_line(cache: Path, discs: Any) -> None:
    slip = make_slip(discs, 0)
    assert ask(EmbeddedEngine(cache_folder=cache).load(None), [discs.user("Who sends it?", slip.url)]) == slip.sender


def test_the_base_model_looks_for_the_words_of_the_question(cache: Path, discs: Any) -> None:
    slip, model = make_slip(discs, 0), EmbeddedEngine(cache_folder=cache).load(None)
    said = [ask(model, [discs.user(question, slip.url)]) for question in ("Is it from Otter?", "Is it from Badger?")]
    assert said == ["yes", "no"]
