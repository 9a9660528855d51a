from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vqaft.chat import ChatRecord
from vqaft.engines import ChatModel, ChatTurn, EmbeddedEngine, TrainingMetrics, TrainingResult, TrainingTask
from vqaft.errors import ImageError, RecordError, StateError


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
        self.result: TrainingResult = EmbeddedEngine().train(task, self.epochs.append)
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


def test_same_file_and_seed_give_the_same_model(discs: Any, tmp_path: Path) -> None:
    path = discs.write(tmp_path / "train.jsonl", discs.rows(12))
    bytes_of = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        (folder := tmp_path / name).mkdir()
        EmbeddedEngine().train(TrainingTask(training_file=path, folder=folder, n_epochs=1, seed=seed), lambda _: None)
        bytes_of.append(((folder / "model.npz").read_bytes(), (folder / "model.json").read_bytes()))
    assert bytes_of[0] == bytes_of[1]
    assert bytes_of[0] != bytes_of[2]


def test_more_learning_rate_changes_the_model(discs: Any, tmp_path: Path) -> None:
    path = discs.write(tmp_path / "train.jsonl", discs.rows(12))
    losses = []
    for rate in (0.01, 1.0):
        (folder := tmp_path / str(rate)).mkdir()
        found: list[TrainingMetrics] = []
        task = TrainingTask(training_file=path, folder=folder, n_epochs=1, learning_rate_multiplier=rate)
        EmbeddedEngine().train(task, found.append)
        losses.append(found[0].train_loss)
    assert losses[0] > losses[1]


def test_an_error_of_the_caller_stops_the_training(discs: Any, tmp_path: Path) -> None:
    def stop(_: TrainingMetrics) -> None:
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


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (b"{", "train.jsonl:2"),
        (b'{"messages": [{"role": "user"}]}', "train.jsonl:2.*content"),
        (row_with("http://a/b.png"), "train.jsonl:2.*no data URL"),
        (row_with("data:image/png;base64,AAAA"), "train.jsonl:2.*cannot be read"),
        (row_with("data:image/png;base64,A*"), "train.jsonl:2.*base64"),
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


def test_an_unreadable_image_is_an_error(trained: Trained, discs: Any) -> None:
    broken = turn([discs.user("Which paint?", "data:image/png;base64,AAAA")])
    for model in (trained.model, EmbeddedEngine().load(None)):
        with pytest.raises(ImageError):
            model.answer(broken)


def test_the_schema_and_the_token_limit_are_kept(trained: Trained, discs: Any) -> None:
    messages = [discs.user("Which paint?", discs.url("mauve"))]
    schema = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
    assert trained.model.answer(turn(messages, response_schema=schema)).text == '{"answer":"mauve"}'
    cut = trained.model.answer(turn(messages, max_tokens=1))
    assert (cut.text, cut.finish_reason, cut.completion_tokens) == ("mauv", "length", 1)
    whole = trained.model.answer(turn(messages))
    assert (whole.finish_reason, whole.completion_tokens, whole.prompt_tokens) == ("stop", 2, 3 + 3 + 255)
