"""Label Studio: tasks with predictions and a labeling configuration, and people's labels as values.

Read from label-studio-sdk 2.1.2 and https://labelstud.io/guide/export (formats JSON and JSON_MIN).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from os import PathLike, fspath
from types import MappingProxyType
from typing import Any
from xml.sax.saxutils import quoteattr

from vqaft.data import VQAExample
from vqaft.errors import DataError, shown
from vqaft.evaluation import AnsweredExample, HumanLabel
from vqaft.exchange.folder import ExportFolder, below_images
from vqaft.exchange.reading import read_export
from vqaft.exchange.refusals import no_history, one_image, only_examples
from vqaft.exchange.rows import Row
from vqaft.exchange.split_files import by_split
from vqaft.exchange.target import check_settings
from vqaft.filesystem import location_of, name_of, parent_of
from vqaft.serialization import reduce_by_fields

_FIELDS = ("question", "question_type", "kind", "group")


@dataclass(frozen=True, kw_only=True)
class LabelStudio:
    """Tasks for a labeling project: import `train.json`, and paste `config.xml` as the labeling interface.

    People see the image and the question. They correct the known answers, which are shown as a prediction; or, with
    `levels`, they rate the answer of a model.

    Attributes:
        images_at: What goes before the name of an image: where Label Studio finds the folder. With local file serving,
            `/data/local-files/?d=<path of the folder below the document root>/`.
        levels: The levels that people rate by, best first, e.g. those of a judge.
        answers: What a model answered, by example id; needed with `levels`, for every example.

    Raises:
        DataError: If there are answers without levels, or a level twice.
    """

    images_at: str = "/data/local-files/?d="
    levels: tuple[str, ...] = ()
    answers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False, repr=False)

    __reduce__ = reduce_by_fields

    def __post_init__(self) -> None:
        check_settings(self, texts=("images_at",), words=("levels",))
        if not _is_text_by_id(self.answers):
            raise DataError(f"answers is {shown(self.answers)}, not a mapping from example id to answer")
        object.__setattr__(self, "answers", MappingProxyType(dict(self.answers)))
        if len(set(self.levels)) != len(self.levels):
            raise DataError(f"the levels {self.levels} hold one twice")
        if self.answers and not self.levels:
            raise DataError("there are answers to rate and no levels", hint='Give levels=("correct", "incorrect").')

    @property
    def format(self) -> str:
        """The name of the format."""
        return "label-studio"

    def problems(self, row: Row) -> Iterator[str]:
        """Yield why a row is refused: anything but one image and one question, or no answer to rate."""
        yield from only_examples(row)
        yield from no_history(row)
        yield from one_image(row)
        if self.levels and row.examples[0].id not in self.answers:
            yield "there is no answer of a model to rate"

    def write(self, rows: Iterable[Row], folder: ExportFolder) -> None:
        """Write the tasks of each split, the images and the configuration."""
        for split, group in by_split(rows):
            folder.write_json_list(f"{split}.json", (self._task(row, folder) for row in group))
        folder.write_text("config.xml", self._config())

    def parse(self, folder: ExportFolder) -> Iterator[tuple[str, VQAExample]]:
        """Parse the tasks; annotations are not consulted."""
        for split, name in folder.splits("{split}.json"):
            for task in folder.read_json(name):
                data = task["data"]
                yield (
                    split,
                    VQAExample(
                        images=[folder.image(below_images(data["image"]))],
                        id=data["example_id"],
                        answers=tuple(data["answers"]),
                        **{key: data.get(key) for key in _FIELDS},
                        metadata=data.get("metadata") or {},
                    ),
                )

    def read(
        self, folder: str | PathLike[str], *, split: str | None = None, manifest: bool = True
    ) -> Iterator[VQAExample]:
        """Read the examples of an exported folder; see `read_export`."""
        return read_export(self, folder, split=split, manifest=manifest)

    def labeled(self, path: str | PathLike[str], examples: Iterable[VQAExample]) -> tuple[VQAExample, ...]:
        """Read the answers that people gave, as examples for `label_conflicts`, `audit_labels` or training.

        Args:
            path: What Label Studio exported, as JSON or JSON_MIN.
            examples: The examples that were exported.

        Returns:
            The examples that people answered, with their answers in place of the old ones: those of every person, in
            the order of the file, repetitions kept.

        Raises:
            DataError: If the file is not such an export, or names an unknown example.
        """
        given: dict[str, list[str]] = {}
        known = {example.id: example for example in examples}
        for task in _tasks(path, known):
            texts = [text for result in task.results("answer") for text in _texts(result, "text")]
            given.setdefault(task.example_id, []).extend(text.strip() for text in texts if text.strip())
        return tuple(replace(known[key], answers=tuple(answers)) for key, answers in given.items() if answers)

    def ratings(self, path: str | PathLike[str], examples: Iterable[VQAExample]) -> tuple[HumanLabel, ...]:
        """Read the levels that people chose, as labels for `calibrate`.

        Args:
            path: What Label Studio exported, as JSON or JSON_MIN.
            examples: The examples that were exported.

        Returns:
            A label for each person's rating of an answer.

        Raises:
            DataError: If the file is not such an export, names an unknown example or level, or has no rated answer.
        """
        labels = []
        known = {example.id: example for example in examples}
        for task in _tasks(path, known):
            for level in (level for result in task.results("level") for level in _texts(result, "choices")):
                if self.levels and level not in self.levels:
                    message = f"{level!r} is none of the levels {', '.join(self.levels)}"
                    raise DataError(message, path=fspath(path), example_id=task.example_id)
                if not isinstance(task.data.get("given"), str):
                    raise DataError("the task has no rated answer", path=fspath(path), example_id=task.example_id)
                answered = AnsweredExample(example=known[task.example_id], answer=task.data["given"])
                labels.append(HumanLabel(answered=answered, level=level))
        return tuple(labels)

    def _task(self, row: Row, folder: ExportFolder) -> dict[str, Any]:
        (example,) = row.examples
        fields = {name: value for name in _FIELDS if (value := getattr(example, name)) is not None}
        data = {
            "example_id": example.id,
            "image": self.images_at + folder.write_image(row.images[0]),
            **fields,
            "answers": list(example.answers),
            **({"metadata": dict(example.metadata)} if example.metadata else {}),
        }
        if self.levels:
            return {"data": {**data, "given": self.answers[example.id]}}
        value = {"text": list(example.answers)}
        result = {"id": "answer", "from_name": "answer", "to_name": "image", "type": "textarea", "value": value}
        return {"data": data, "predictions": [{"model_version": "vqaft", "result": [result]}]}

    def _config(self) -> str:
        choices = "".join(f"    <Choice value={quoteattr(level)}/>\n" for level in self.levels)
        rating = (
            '  <Text name="given" value="$given"/>\n'
            '  <Choices name="level" toName="image" choice="single" required="true">\n'
            f"{choices}  </Choices>\n"
        )
        answering = '  <TextArea name="answer" toName="image" editable="true" required="true"/>\n'
        return (
            '<View>\n  <Image name="image" value="$image" zoom="true"/>\n  <Text name="question" value="$question"/>\n'
            f"{rating if self.levels else answering}</View>\n"
        )


@dataclass(frozen=True, kw_only=True)
class _Task:
    """A task as people left it, whichever of the two formats it was exported in."""

    example_id: str
    data: Mapping[str, Any]
    annotations: tuple[Mapping[str, Any], ...]

    def results(self, name: str) -> Iterator[Any]:
        """Yield the values of a control, by all people who did not skip the task."""
        for annotation in self.annotations:
            if not annotation.get("was_cancelled"):
                yield from (each["value"] for each in annotation["result"] if each.get("from_name") == name)


def _tasks(path: str | PathLike[str], known: Mapping[str, VQAExample]) -> Iterator[_Task]:
    file = location_of(path)
    tasks = ExportFolder(parent_of(file)).read_json(name_of(file))
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
        raise DataError("the file is not a list of tasks, as Label Studio exports them", path=path)
    for number, task in enumerate(tasks, start=1):
        try:
            data = task.get("data", task)
            example_id = str(data["example_id"])
            annotations = tuple(task["annotations"]) if "annotations" in task else (_minimal(task),)
        except (KeyError, TypeError, AttributeError) as error:
            message = f"task {number} is not one of an exported project: no {error}"
            raise DataError(message, path=path) from None
        if example_id not in known:
            raise DataError("the file has a task of an example that was not given", path=path, example_id=example_id)
        yield _Task(example_id=example_id, data=data, annotations=annotations)


def _minimal(task: Mapping[str, Any]) -> dict[str, Any]:
    """Return the annotation of a task in JSON_MIN, where controls are keys beside the data."""
    return {"result": [{"from_name": name, "value": task[name]} for name in ("answer", "level") if name in task]}


def _texts(value: Any, key: str) -> list[str]:
    found = value.get(key, []) if isinstance(value, Mapping) else value
    return [found] if isinstance(found, str) else [str(each) for each in found]


def _is_text_by_id(answers: object) -> bool:
    return isinstance(answers, Mapping) and all(isinstance(each, str) for each in answers.values())
