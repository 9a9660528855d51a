"""Storage of trained models: one file, `model.skops`, that holds estimators and plain values, and no code.

skops reads estimators of scikit-learn and numpy arrays and refuses any other type, unlike pickle, which runs what a
file tells it to.
"""

from __future__ import annotations

import warnings
import zipfile
from dataclasses import fields
from pathlib import Path
from typing import Any

from vqaft.durable import write_atomically
from vqaft.engines.embedded.answers import AnswerClassifier
from vqaft.engines.embedded.detectors import Detectors
from vqaft.engines.embedded.inputs import PromptTemplate
from vqaft.engines.embedded.model import EmbeddedModel
from vqaft.engines.embedded.span_ranker import SpanRanker
from vqaft.engines.embedded.spelling import Spelling
from vqaft.engines.embedded.text_reader import TextReader
from vqaft.errors import StateError

FORMAT = 2
FILE = "model.skops"


def store(model: EmbeddedModel, folder: Path) -> None:
    """Write a model atomically; the folder is created if it is missing."""
    import skops.io

    reader = model.reader
    state = {
        "format": FORMAT,
        "template": _values(model.template),
        "detectors": _values(model.detectors),
        "classifier": _values(model.classifier),
        "reader": reader and _values(reader) | {"ranker": _values(reader.ranker), "spelling": _values(reader.spelling)},
    }
    write_atomically(folder / FILE, skops.io.dumps(state, compression=zipfile.ZIP_DEFLATED))


def load(folder: Path) -> EmbeddedModel:
    """Read a model.

    Raises:
        StateError: If the file is missing, damaged, or of another version of the engine or of scikit-learn.
    """
    import skops.io

    path, hint = folder / FILE, "Train it again"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # scikit-learn warns of estimators that another version of it has stored
            state = skops.io.loads(path.read_bytes(), trusted=[])
    except OSError as error:
        raise StateError(f"no model is stored here: {error}", path=path, hint=hint) from error
    except Exception as error:  # a damaged file fails in many ways
        raise StateError(f"the model cannot be read: {error}", path=path, hint=hint) from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise StateError("the model was stored by another version", path=path, hint=hint)
    return _model(state)


def _values(part: Any) -> dict[str, Any]:
    return {field.name: getattr(part, field.name) for field in fields(part)}


def _model(state: dict[str, Any]) -> EmbeddedModel:
    reader = state["reader"]
    if reader is not None:
        parts = {"ranker": SpanRanker(**reader["ranker"]), "spelling": Spelling(**reader["spelling"])}
        reader = TextReader(**{**reader, **parts})
    return EmbeddedModel(
        template=PromptTemplate(**state["template"]),
        detectors=Detectors(**state["detectors"]),
        classifier=AnswerClassifier(**state["classifier"]),
        reader=reader,
    )
