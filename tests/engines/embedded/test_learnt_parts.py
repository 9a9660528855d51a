from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vqaft.engines import EmbeddedEngine, TrainingTask
from vqaft.engines.embedded.classifier import recurring
from vqaft.engines.embedded.concepts import families, labels
from vqaft.engines.embedded.evidence import Findings, Probes, evidence
from vqaft.engines.embedded.image_features import image_features
from vqaft.engines.embedded.pairs import Pair
from vqaft.engines.embedded.question_space import QuestionSpace
from vqaft.engines.embedded.spelling import Spelling
from vqaft.engines.embedded.storage import load
from vqaft.engines.embedded.style import learn_letter_case
from vqaft.engines.embedded.text_lesson import wording_lesson
from vqaft.errors import StateError


def test_answers_to_one_question_exclude_each_other() -> None:
    answers = {
        f"image{n}": {"what colour?": {("red", "blue")[n % 2]}, "what form?": {("disc", "bar")[n // 2 % 2]}}
        for n in range(12)
    }
    assert families(answers) == [("bar", "disc"), ("blue", "red")]
    assert labels(("blue", "red"), answers) == {f"image{n}": 1 - n % 2 for n in range(12)}


def test_answers_that_most_images_show_together_are_no_family() -> None:
    answers = {f"image{n}": {"is it red?": {"no"}, "is it big?": {"yes"}} for n in range(6)}
    assert labels(("no", "yes"), answers) == {}


def test_recurring_answers_are_written_as_most_often() -> None:
    assert recurring(["Yes", "yes", "yes", "once", "NO", "NO"]) == {"yes": "yes", "no": "NO"}
    assert recurring(["once", "twice"]) == {"once": "once", "twice": "twice"}
    assert recurring([]) == {}


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (64, 64), (300, 200)])
def test_features_have_the_same_shape_and_are_finite(size: tuple[int, int]) -> None:
    found = image_features(Image.new("RGB", size, (10, 200, 30)))
    empty = image_features(None)
    assert {name: block.shape for name, block in found.items()} == {name: block.shape for name, block in empty.items()}
    assert all(np.isfinite(block).all() for block in found.values())


def test_a_question_without_words_has_a_place() -> None:
    assert QuestionSpace.of(["?", "!"]).vector("?").tolist() == [1.0]


def test_evidence_compares_numbers_and_names() -> None:
    questions = ["Is it from Otter?", "Is it from Heron?", "Is it from Quince?"] * 4 + ["Who sends it?"] * 6
    probes = Probes.of(["Who sends it?"], [*questions, "Is it from Badger?"])
    findings = Findings(answers=("Otter & Sons",), text=frozenset({"otter", "sons", "badge"}))
    near, far = evidence("Is it from Badger?", probes, findings), evidence("Is it from Zebu?", probes, findings)
    assert near["named:read"] == 1.0
    assert far["named:read"] == -1.0
    counted = evidence("Is it more than 5?", probes, Findings(answers=("7",), text=frozenset()))
    assert counted["more0"] == 1.0


@pytest.mark.parametrize(
    ("read", "written"),
    [
        ("Otter & S0ns Ltd", "OTTER & S0NS LTD"),
        ("Otter & Sans Ltd", "OTTER & SONS LTD"),
        ("Heron 12 Lane", "HERON 12 LANE"),
        ("Herön", "HERON"),
        ("cat", "CAT"),
    ],
)
def test_misread_answers_are_mended(read: str, written: str) -> None:
    spelling = Spelling(letter_case="upper", answers=("OTTER & SONS LTD", "HERON 13 LANE", "BAT"))
    assert spelling.mended(read) == written


def test_the_letter_case_is_learnt() -> None:
    assert learn_letter_case([("Mill Lane", "MILL LANE"), ("12", "12")]) == "upper"
    assert learn_letter_case([("Mill Lane", "MillLane")]) == "kept"
    assert learn_letter_case([]) == "kept"


def test_answers_in_the_question_need_several_questions() -> None:
    pairs = [
        Pair(image="", question=f"Is it {a} or {b}?", answer=b)
        for a, b in [("big", "small"), ("old", "new"), ("wet", "dry"), ("raw", "done"), ("left", "right")]
    ]
    lesson = wording_lesson(pairs)
    assert lesson is not None
    assert len(lesson.cases) == 5
    assert wording_lesson(pairs[:4]) is None


@pytest.fixture
def stored(discs: Any, tmp_path: Path) -> Path:
    path = discs.write(tmp_path / "train.jsonl", discs.rows(3))
    (folder := tmp_path / "model").mkdir()
    EmbeddedEngine().train(TrainingTask(training_file=path, folder=folder, n_epochs=1), lambda _: None)
    return folder


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model.npz", b"damaged", "damaged"),
        ("model.npz", None, "no whole model"),
        ("model.json", b"{", "no whole model"),
        ("model.json", b'{"format": 0}', "another version"),
        ("model.json", b"[]", "another version"),
    ],
)
def test_a_damaged_model_is_not_loaded(stored: Path, name: str, content: bytes | None, message: str) -> None:
    (stored / name).unlink()
    if content is not None:
        (stored / name).write_bytes(content)
    with pytest.raises(StateError, match=message):
        load(stored)
