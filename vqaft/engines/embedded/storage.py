"""A trained model in a folder: numbers in `model.npz`, words in `model.json`, and nothing that could be code."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from vqaft.durable import write_atomically
from vqaft.engines.embedded.classifier import AnswerClassifier
from vqaft.engines.embedded.concepts import Concepts, Family
from vqaft.engines.embedded.evidence import Probes
from vqaft.engines.embedded.frame import Frame
from vqaft.engines.embedded.knowledge import Knowledge
from vqaft.engines.embedded.question_space import QuestionSpace
from vqaft.engines.embedded.ranker import SpanRanker
from vqaft.engines.embedded.scaling import Scaling
from vqaft.engines.embedded.spelling import Spelling
from vqaft.engines.embedded.text_skill import TextSkill
from vqaft.engines.embedded.vision import Vision
from vqaft.engines.embedded.vocabulary import Vocabulary
from vqaft.errors import StateError

FORMAT = 1
Arrays = dict[str, NDArray[Any]]


def store(knowledge: Knowledge, folder: Path) -> None:
    """Write a model; each file appears whole or not at all, the description last.

    Args:
        knowledge: The model.
        folder: Where to; made if it is not there.
    """
    words, arrays = _taken_apart(knowledge)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    numbers = buffer.getvalue()
    write_atomically(folder / "model.npz", numbers)
    head = {"format": FORMAT, "sha256": hashlib.sha256(numbers).hexdigest()}
    write_atomically(folder / "model.json", orjson.dumps(head | words))


def load(folder: Path) -> Knowledge:
    """Read a model back.

    Args:
        folder: Where it was written to.

    Raises:
        StateError: If files are missing, damaged, or of another version.
    """
    try:
        words = orjson.loads((folder / "model.json").read_bytes())
        numbers = (folder / "model.npz").read_bytes()
    except (OSError, ValueError) as error:
        raise StateError(f"no whole model is stored here: {error}", path=folder, hint="Train it again") from error
    if not isinstance(words, dict) or words.get("format") != FORMAT:
        raise StateError("the model was stored by another version", path=folder, hint="Train it again")
    if hashlib.sha256(numbers).hexdigest() != words.get("sha256"):
        raise StateError("the model's numbers are damaged", path=folder / "model.npz", hint="Train it again")
    with np.load(io.BytesIO(numbers), allow_pickle=False) as arrays:
        return _put_together(words, dict(arrays))


def _taken_apart(knowledge: Knowledge) -> tuple[dict[str, Any], Arrays]:
    vision, classifier = knowledge.vision, knowledge.classifier
    words: dict[str, Any] = {
        "frame": [knowledge.frame.before, knowledge.frame.after],
        "families": [family.names for family in vision.concepts.families],
        "answers": classifier.answers,
        "features": classifier.vocabulary.names,
        "text": knowledge.text and _words_of(knowledge.text),
        "wording": knowledge.wording and _words_of(knowledge.wording),
    }
    arrays: Arrays = {
        "mean": vision.scaling.mean,
        "spread": vision.scaling.spread,
        "axes": vision.axes,
        "classifier": classifier.weights,
    }
    for number, family in enumerate(vision.concepts.families):
        arrays |= {f"family{number}": family.weights, f"bias{number}": family.bias}
    for name, skill in (("text", knowledge.text), ("wording", knowledge.wording)):
        if skill is not None:
            arrays |= {name: skill.ranker.weights, f"{name}_axes": skill.ranker.space.axes}
    return words, arrays


def _words_of(text: TextSkill) -> dict[str, Any]:
    return {
        "shapes": text.ranker.shapes,
        "features": text.ranker.vocabulary.names,
        "words": text.ranker.space.vocabulary.names,
        "probes": text.probes.questions,
        "form": sorted(text.probes.form),
        "letter_case": text.spelling.letter_case,
        "answers": text.spelling.answers,
    }


def _put_together(words: dict[str, Any], arrays: Arrays) -> Knowledge:
    families = tuple(
        Family(names=tuple(names), weights=arrays[f"family{number}"], bias=arrays[f"bias{number}"])
        for number, names in enumerate(words["families"])
    )
    scaling = Scaling(mean=arrays["mean"], spread=arrays["spread"])
    classifier = AnswerClassifier(
        answers=tuple(words["answers"]),
        vocabulary=Vocabulary(tuple(words["features"])),
        weights=arrays["classifier"],
    )
    return Knowledge(
        frame=Frame(before=words["frame"][0], after=words["frame"][1]),
        vision=Vision(scaling=scaling, concepts=Concepts(families=families), axes=arrays["axes"]),
        classifier=classifier,
        text=_skill(words["text"], arrays, "text"),
        wording=_skill(words["wording"], arrays, "wording"),
    )


def _skill(words: dict[str, Any] | None, arrays: Arrays, name: str) -> TextSkill | None:
    if words is None:
        return None
    space = QuestionSpace(vocabulary=Vocabulary(tuple(words["words"])), axes=arrays[f"{name}_axes"])
    ranker = SpanRanker(
        shapes=tuple(words["shapes"]),
        vocabulary=Vocabulary(tuple(words["features"])),
        space=space,
        weights=arrays[name],
    )
    return TextSkill(
        ranker=ranker,
        probes=Probes(questions=tuple(words["probes"]), form=frozenset(words["form"])),
        spelling=Spelling(letter_case=words["letter_case"], answers=tuple(words["answers"])),
    )
