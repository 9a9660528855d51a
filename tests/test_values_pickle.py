"""Public values travel to other processes: they pickle, and come back equal."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import io
import pickle
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import fsspec
import pytest

from tests.data.pictures import example, picture
from tests.test_architecture import FACES
from vqaft.check import RULES, check_file
from vqaft.data import DatasetSplitter, ImageTable, VQAExample, audit_splits, load_file
from vqaft.evaluation import Evaluator, ExactMatch, compare
from vqaft.images import image_sha256
from vqaft.inference import Prediction, Predictions
from vqaft.records import MessageBuilder, write_jsonl

EXAMPLES = [example(str(n), picture(n), group=f"g{n}") for n in range(6)]


def again(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))  # noqa: S301 - our own bytes


def public() -> Iterator[tuple[str, Any]]:
    for face in FACES:
        module = importlib.import_module(face)
        for name in getattr(module, "__all__", ()):
            yield f"{face}.{name}", getattr(module, name)


def is_value(value: Any) -> bool:
    return not (inspect.isclass(value) or callable(value) or isinstance(value, ModuleType))


# Functions by name, for templates and for tests; rules, whose functions have no equality, are below.
NO_VALUES = {"vqaft.workbench.PAGE_FILTERS", "vqaft.testing.FAULTS"}
CONSTANTS = {name: value for name, value in public() if is_value(value) and name not in NO_VALUES}
CONSTANTS = {name: value for name, value in CONSTANTS.items() if not name.endswith("RULES")}


def by_default() -> Iterator[tuple[str, Any]]:
    """Yield every public dataclass that needs no argument."""
    for name, value in public():
        if inspect.isclass(value) and dataclasses.is_dataclass(value):
            fields = [field for field in dataclasses.fields(value) if field.init]
            missing = dataclasses.MISSING
            if all(field.default is not missing or field.default_factory is not missing for field in fields):
                yield name, value()


DEFAULTS = dict(by_default())


@pytest.mark.parametrize("name", [*CONSTANTS, *DEFAULTS])
def test_constants_and_settings_pickle(name: str) -> None:
    value = CONSTANTS[name] if name in CONSTANTS else DEFAULTS[name]
    copy = again(value)
    assert type(copy) is type(value)
    assert copy == value or name == "vqaft.service.RetryPolicy"  # has a source of random numbers of its own


def test_the_sweep_finds_something() -> None:
    assert {"vqaft.providers.OPENAI", "vqaft.data.OCR_VQA"} <= CONSTANTS.keys()
    assert {
        "vqaft.data.DatasetSplitter",
        "vqaft.images.ImageEncoder",
        "vqaft.records.MessageBuilder",
    } <= DEFAULTS.keys()


def test_check_rules_pickle_and_find_the_same(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"messages": []}\n\nno json\n{"messages": [{"role": "user", "content": "<image> {x}"}]}\n'
    )
    found = check_file(path, rules=again(RULES))
    assert found.to_json() == check_file(path).to_json()
    assert found.problems


def test_results_pickle(tmp_path: Path) -> None:
    split = DatasetSplitter(train=4, validation=0, test=2).split(EXAMPLES)
    predictions = Predictions(
        [Prediction(example_id=each.id, model="m", answer="yes") for each in EXAMPLES], settings={}
    )
    evaluation = Evaluator({"exact": ExactMatch()}).evaluate(EXAMPLES, predictions)
    written = write_jsonl(tmp_path / "train.jsonl", map(MessageBuilder().record, EXAMPLES))
    values = [
        *(
            split,
            split.placement,
            split.report,
            ImageTable.of(EXAMPLES),
            audit_splits({"a": EXAMPLES[:2], "b": EXAMPLES}),
        ),
        *(list(predictions), evaluation, compare(evaluation, evaluation), written, check_file(written.path)),
        list(load_file(written.path)),
    ]
    for value in values:
        assert again(value) == value, type(value)


def test_an_open_file_of_a_store_is_read_as_often_as_needed() -> None:
    system = fsspec.filesystem("memory")
    system.pipe_file("/pickled/0.png", picture(0))
    with fsspec.open("memory://pickled/0.png", "rb") as file:
        shown = VQAExample(id="0", image=file, question="?", answers=("yes",))
        first = MessageBuilder().record(shown).to_json()
        assert image_sha256(file) == image_sha256(picture(0))
        assert MessageBuilder().record(shown).to_json() == first
    with io.BytesIO(picture(0)) as buffer:
        assert [image_sha256(buffer) for _ in range(2)] == [image_sha256(picture(0))] * 2
    system.rm("/pickled", recursive=True)
