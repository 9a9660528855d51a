from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pybase64
import pytest
from PIL import Image

from vqaft.chat import ChatRecord
from vqaft.engines import (
    ChatModel,
    ChatTurn,
    EmbeddedEngine,
    Progress,
    TrainingMetrics,
    TrainingNote,
    TrainingResult,
    TrainingTask,
)
from vqaft.engines.embedded.ocr import TextRecognizer
from vqaft.errors import ImageError, RecordError, StateError


def keep_metrics(found: list[TrainingMetrics]) -> Callable[[Progress], None]:
    def keep(progress: Progress) -> None:
        assert isinstance(progress, TrainingMetrics)
        found.append(progress)

    return keep


class Trained:
    def __init__(self, discs: Any, folder: Path) -> None:
        self.folder = folder / "model"
        self.folder.mkdir()
        self.epochs: list[TrainingMetrics] = []
        task = TrainingTask(
            training_file=discs.write(folder / "train.jsonl", discs.rows(36)),
            validation_file=discs.write(folder / "valid.jsonl", discs.rows(12, shift=3)),
            folder=self.folder,
            n_epochs=8,
        )
        self.result: TrainingResult = EmbeddedEngine().train(task, keep_metrics(self.epochs))
        self.model: ChatModel = EmbeddedEngine().load(self.folder)


@pytest.fixture(scope="module")
def trained(discs: Any, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return Trained(discs, tmp_path_factory.mktemp("discs"))


def turn(messages: list[dict[str, Any]], **settings: Any) -> ChatTurn:
    row = ChatRecord.from_json(json.dumps({"messages": messages}))
    return ChatTurn(messages=row.messages, **settings)


def test_unseen_images_are_answered(trained: Trained, discs: Any) -> None:
    rows = discs.rows(30, shift=11)
    right = [trained.model.answer(turn(row[:1])).text == row[1]["content"] for row in rows]
    assert sum(right) >= 0.9 * len(right)


def test_the_answer_follows_the_image_and_the_question(trained: Trained, discs: Any) -> None:
    paints = [trained.model.answer(turn([discs.user("Which paint?", discs.url(p))])).text for p in discs.paints]
    assert paints == list(discs.paints)
    one = discs.url("cyan", at=(21, 23))
    said = [trained.model.answer(turn([discs.user(f"Is it painted {p}?", one)])).text for p in discs.paints]
    assert said == ["no", "no", "yes"]


def test_the_metrics_are_those_of_the_model(trained: Trained) -> None:
    assert [metrics.epoch for metrics in trained.epochs] == list(range(1, 9))
    first, last = trained.epochs[0], trained.epochs[-1]
    assert last.step == last.total_steps == 8 * first.step
    assert last.train_loss < first.train_loss
    assert last.train_accuracy is not None
    assert last.train_accuracy >= 0.9
    assert last.valid_loss is not None
    assert first.valid_loss is not None
    assert last.valid_loss < first.valid_loss
    assert last.valid_accuracy is not None
    assert last.valid_accuracy >= 0.9
    assert trained.result.examples == 72
    assert trained.result.n_epochs == 8
    assert trained.result.trained_tokens > 8 * 72 * 255  # each row shows an image of one tile


def test_the_last_three_epochs_are_kept(trained: Trained, discs: Any) -> None:
    kept = [metrics.checkpoint for metrics in trained.epochs if metrics.checkpoint]
    assert [folder.name for folder in kept] == ["epoch-6", "epoch-7", "epoch-8"]
    asked = turn([discs.user("Which paint?", discs.url("ochre"))])
    assert EmbeddedEngine().load(kept[-1]).answer(asked) == trained.model.answer(asked)


def test_same_file_and_seed_give_the_same_metrics(discs: Any, tmp_path: Path) -> None:
    path = discs.write(tmp_path / "train.jsonl", discs.rows(12))
    losses = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        (folder := tmp_path / name).mkdir()
        found: list[TrainingMetrics] = []
        task = TrainingTask(training_file=path, folder=folder, n_epochs=1, seed=seed)
        EmbeddedEngine().train(task, keep_metrics(found))
        losses.append(found[0].train_loss)
    assert losses[0] == losses[1] != losses[2]


def test_more_learning_rate_changes_the_model(discs: Any, tmp_path: Path) -> None:
    path = discs.write(tmp_path / "train.jsonl", discs.rows(12))
    losses = []
    for rate in (0.01, 1.0):
        (folder := tmp_path / str(rate)).mkdir()
        found: list[TrainingMetrics] = []
        task = TrainingTask(training_file=path, folder=folder, n_epochs=1, learning_rate_multiplier=rate)
        EmbeddedEngine().train(task, keep_metrics(found))
        losses.append(found[0].train_loss)
    assert losses[0] > losses[1]


def test_an_error_of_the_caller_stops_the_training(discs: Any, tmp_path: Path) -> None:
    def stop(_: Progress) -> None:
        raise InterruptedError

    (folder := tmp_path / "model").mkdir()
    path = discs.write(tmp_path / "train.jsonl", discs.rows(6))
    with pytest.raises(InterruptedError):
        EmbeddedEngine().train(TrainingTask(training_file=path, folder=folder), stop)
    with pytest.raises(StateError):
        EmbeddedEngine().load(folder)


def row_with(url: str) -> bytes:
    message = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}
    return json.dumps({"messages": [message, {"role": "assistant", "content": "a"}]}).encode()


def data_url(data: bytes) -> str:
    return "data:image/png;base64," + pybase64.b64encode_as_string(data)


def bomb() -> bytes:
    """A PNG of 169 million pixels, as long as its header says so: its pixels are not even there."""
    header = struct.pack(">IIBBBBB", 13_000, 13_000, 8, 2, 0, 0, 0)
    chunks = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    )
    return b"\x89PNG\r\n\x1a\n" + chunks


def saved(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(buffer, kind)
    return buffer.getvalue()


ENDLESS_POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n%%EndComments\n{ } loop\n"
BAD_IMAGES = [
    ("http://a/b.png", "web address"),
    ("/etc/hostname", "not a data URL"),
    ("data:image/png;base64,AAAA", "is not one of"),
    ("data:image/png;base64,A*", "base64"),
    (data_url(ENDLESS_POSTSCRIPT), "is not one of"),
    (data_url(bomb()), "13000 × 13000 pixels"),
    *((data_url(saved(kind)), "is not one of") for kind in ("ICNS", "PCX", "PPM", "TGA", "BMP", "TIFF")),
]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (b"{", "train.jsonl:2"),
        (b'{"messages": [{"role": "user"}]}', "train.jsonl:2.*content"),
        *((row_with(url), f"train.jsonl:2.*{message}") for url, message in BAD_IMAGES),
    ],
)
def test_a_bad_row_is_named(row: bytes, message: str, discs: Any, tmp_path: Path) -> None:
    path = discs.write(tmp_path / "train.jsonl", discs.rows(1)[:1])
    path.write_bytes(path.read_bytes() + row + b"\n")
    with pytest.raises(RecordError, match=message) as caught:
        EmbeddedEngine().train(TrainingTask(training_file=path, folder=tmp_path), lambda _: None)
    assert caught.value.line == 2


def test_a_file_without_an_answer_cannot_be_learnt_from(discs: Any, tmp_path: Path) -> None:
    row = [discs.user("Which paint?", discs.url("cyan")), {"role": "assistant", "content": "cyan", "weight": 0}]
    path = discs.write(tmp_path / "train.jsonl", [row])
    with pytest.raises(RecordError, match="no row holds an answer"):
        EmbeddedEngine().train(TrainingTask(training_file=path, folder=tmp_path), lambda _: None)


def test_one_row_is_enough(discs: Any, tmp_path: Path) -> None:
    path = discs.write(tmp_path / "train.jsonl", discs.rows(1)[:1])
    EmbeddedEngine().train(TrainingTask(training_file=path, folder=tmp_path), lambda _: None)
    asked = turn([discs.user("Which paint?", discs.url("mauve"))])
    assert EmbeddedEngine().load(tmp_path).answer(asked).text == "mauve"


@pytest.mark.parametrize(("side", "extras", "told"), [(200, [], 1), (200, ["ocr"], 0), (60, [], 0)])
def test_text_that_cannot_be_read_is_told(
    side: int, extras: list[str], told: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TextRecognizer, "is_available", lambda *_: "ocr" in extras)
    monkeypatch.setattr(TextRecognizer, "read", lambda *_: ())
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), "red").save(buffer, "PNG")
    path = tmp_path / "one.jsonl"
    path.write_bytes(row_with(data_url(buffer.getvalue())))
    progress: list[Progress] = []
    EmbeddedEngine().train(TrainingTask(training_file=path, folder=tmp_path, n_epochs=1), progress.append)
    notes = [each for each in progress if isinstance(each, TrainingNote)]
    assert [note.level for note in notes] == ["warn"] * told
    assert all("pip install 'vqaft[ocr]'" in note.message for note in notes)


def test_questions_without_an_image_are_learnt_too(discs: Any, tmp_path: Path) -> None:
    rows = [
        [discs.user(question), {"role": "assistant", "content": answer}]
        for question, answer in [("First?", "one"), ("Second?", "two")] * 3
    ]
    path = discs.write(tmp_path / "train.jsonl", rows)
    EmbeddedEngine().train(TrainingTask(training_file=path, folder=tmp_path), lambda _: None)
    model = EmbeddedEngine().load(tmp_path)
    assert [model.answer(turn([discs.user(q)])).text for q in ("First?", "Second?")] == ["one", "two"]


def test_the_base_model_answers_by_the_form_of_the_question(discs: Any) -> None:
    model = EmbeddedEngine().load(None)
    url = discs.url("mauve")
    said = [model.answer(turn([discs.user(q, url)])).text for q in ("Is it mauve?", "Which paint?", "Is it a or b?")]
    assert said == ["no", "unknown", "unknown"]


@pytest.mark.parametrize(("url", "message"), BAD_IMAGES)
def test_only_images_that_the_api_accepts_are_opened(url: str, message: str, trained: Trained, discs: Any) -> None:
    for model in (trained.model, EmbeddedEngine().load(None)):
        with pytest.raises(ImageError, match=message):
            model.answer(turn([discs.user("Which paint?", url)]))


def test_transparent_pixels_are_white(trained: Trained, discs: Any) -> None:
    image = Image.open(io.BytesIO(pybase64.b64decode(discs.url("cyan").partition(",")[2]))).convert("RGBA")
    buffer = io.BytesIO()
    pixels = np.array(image)
    pixels[(pixels[..., :3] == (245, 245, 240)).all(-1)] = 0
    image = Image.fromarray(pixels)
    image.save(buffer, "PNG")
    assert trained.model.answer(turn([discs.user("Which paint?", data_url(buffer.getvalue()))])).text == "cyan"


@pytest.mark.parametrize("content", [None, b"", b"damaged", b"half"])
def test_a_missing_or_damaged_model_is_not_loaded(content: bytes | None, trained: Trained, tmp_path: Path) -> None:
    whole = (trained.folder / "model.skops").read_bytes()
    if content is not None:
        (tmp_path / "model.skops").write_bytes(whole[: len(whole) // 2] if content == b"half" else content)
    with pytest.raises(StateError, match="Train it again"):
        EmbeddedEngine().load(tmp_path)


def test_a_model_that_holds_code_is_not_loaded(tmp_path: Path) -> None:
    import skops.io  # takes seconds

    (tmp_path / "model.skops").write_bytes(skops.io.dumps({"format": 2, "template": Path.cwd}))
    with pytest.raises(StateError, match="cannot be read"):
        EmbeddedEngine().load(tmp_path)


def test_the_schema_and_the_token_limit_are_kept(trained: Trained, discs: Any) -> None:
    messages = [discs.user("Which paint?", discs.url("mauve"))]
    schema = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
    assert trained.model.answer(turn(messages, response_schema=schema)).text == '{"answer":"mauve"}'
    cut = trained.model.answer(turn(messages, max_tokens=1))
    assert (cut.text, cut.finish_reason, cut.completion_tokens) == ("mauv", "length", 1)
    whole = trained.model.answer(turn(messages))
    assert (whole.finish_reason, whole.completion_tokens, whole.prompt_tokens) == ("stop", 2, 4 + 3 + 255)
