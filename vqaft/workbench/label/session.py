"""One person's labeling of some answers: the task, the verdicts so far, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from vqaft.errors import DataError, EvaluationError, VqaftError
from vqaft.evaluation import Calibration, Estimate, HumanVerdict, HumanVerdicts, calibrate
from vqaft.workbench.folder import FoundFile, ProjectFolder
from vqaft.workbench.label.items import LabelItem, LabelTask, TaskFiles
from vqaft.workbench.label.table import PREFIX, VerdictTable, table_path

WRONG_LABEL, UNSURE = "wrong-label", "unsure"
MAX_LEVELS = 8
"""Levels that have a key of their own."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a person can say about an answer.

    Attributes:
        key: The key on the keyboard.
        value: What the form sends.
        words: What the button says.
    """

    key: str
    value: str
    words: str


@dataclass(frozen=True, kw_only=True)
class SessionFiles:
    """What a person chose to label, by the ids of the files; all of it stands in the page's address.

    Attributes:
        answers: The answers.
        second: Other answers to the same examples; None for none.
        examples: The file of the examples; None where it is to be found.
        person: Who labels.
    """

    answers: FoundFile
    second: FoundFile | None
    examples: FoundFile | None
    person: str

    @property
    def query(self) -> str:
        """The part of the address that names all this."""
        values = {"answers": self.answers.id, "person": self.person}
        values |= {"second": self.second.id} if self.second else {}
        return urlencode(values | ({"examples": self.examples.id} if self.examples else {}))

    def task_files(self, project: ProjectFolder) -> TaskFiles:
        """Return the files that the task is made of.

        Args:
            project: Where examples are looked for if none were chosen: those nearest to the answers first.
        """
        found = (self.examples,) if self.examples else tuple(project.files({"examples"}))
        near = sorted(found, key=lambda file: (-_shared_parts(file.name, self.answers.name), len(file.name)))
        examples = [file.path for file in near if not Path(file.name).name.startswith(PREFIX)]
        return TaskFiles(
            answers=self.answers.path,
            kind=self.answers.kind,
            second=None if self.second is None else self.second.path,
            examples=tuple(examples),
        )

    def table_path(self, project: ProjectFolder) -> Path:
        """Return the file of this person's verdicts.

        Args:
            project: Where it is.

        Raises:
            DataError: If the person's name cannot be part of a file's name.
        """
        return table_path(project.path, self.answers.name, self.person)


def _shared_parts(one: str, other: str) -> int:
    count = 0
    for mine, theirs in zip(Path(one).parts[:-1], Path(other).parts[:-1], strict=False):
        if mine != theirs:
            break
        count += 1
    return count


@dataclass(frozen=True, kw_only=True)
class LabelSession:
    """A person at work.

    Attributes:
        task: What is to be labeled.
        table: The person's verdicts.
    """

    task: LabelTask
    table: VerdictTable

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What can be said: the levels by their number, then that the label is wrong; 0 where a person is unsure."""
        levels = self.task.levels[:MAX_LEVELS]
        said = [Choice(key=str(place), value=name, words=name) for place, name in enumerate(levels, start=1)]
        wrong = Choice(key=str(len(levels) + 1), value=WRONG_LABEL, words="The label is wrong")
        return (*said, wrong, Choice(key="0", value=UNSURE, words="Unsure"))

    def verdict(self, item: LabelItem) -> HumanVerdict | None:
        """Return what the person said about an answer; None where nothing yet."""
        return self.table.verdicts.get((item.example.id, item.answer))

    def next_place(self, after: int = -1) -> int | None:
        """Return the place of the next answer without a verdict; None where there is none left.

        Args:
            after: Look behind this place first.
        """
        done, items = self.table.verdicts, self.task.items
        order = [*range(after + 1, len(items)), *range(min(after + 1, len(items)))]
        return next((at for at in order if (items[at].example.id, items[at].answer) not in done), None)

    def place_of(self, key: str) -> int | None:
        """Return the place of an answer; None where there is no such answer.

        Args:
            key: The answer's key.
        """
        return next((at for at, item in enumerate(self.task.items) if item.key == key), None)

    def place_of_verdict(self, verdict: HumanVerdict) -> int | None:
        """Return the place of the answer that a verdict is about; None where there is no such answer."""
        said = verdict.example.id, verdict.answer
        return next((at for at, item in enumerate(self.task.items) if (item.example.id, item.answer) == said), None)

    def say(self, item: LabelItem, value: str, *, corrected: str = "") -> HumanVerdict:
        """Record a verdict; it is on the disk when this returns.

        Args:
            item: The answer.
            value: What the form sent.
            corrected: The right label, where the person wrote one down.

        Raises:
            DataError: If the value is none of the choices.
            StateError: If it cannot be written.
        """
        if value == WRONG_LABEL:
            return self.table.put(item, label="wrong", corrected=corrected.strip() or None)
        if value == UNSURE:
            return self.table.put(item, label="unsure")
        if value not in self.task.levels:
            raise DataError("this is none of the verdicts that can be given")
        return self.table.put(item, level=value)

    def agreement(self, paths: tuple[Path, ...]) -> Agreements:
        """Hold the scorer's ratings against the verdicts of all people.

        Args:
            paths: The files of their verdicts.
        """
        asked = {(item.example.id, item.answer) for item in self.task.items}
        found = [verdict for verdict in _all_verdicts(paths) if (verdict.example.id, verdict.answer) in asked]
        verdicts = HumanVerdicts(verdicts=tuple(found))
        calibration: Calibration | None = None
        problem = ""
        ratings = [rating for rating in verdicts.ratings if rating.level in self.task.levels]
        try:
            if self.task.judge is not None:
                calibration = calibrate(self.task.judge, ratings, max_workers=1)
        except EvaluationError as error:
            problem = error.message
        return Agreements(
            people=tuple(sorted({verdict.person for verdict in verdicts})),
            verdicts=len(verdicts),
            calibration=calibration,
            problem=problem,
            wrong_labels=sum(verdicts.wrong_labels.values()),
            checked_labels=len(verdicts.wrong_labels),
            ceiling=self._ceiling(verdicts),
        )

    def _ceiling(self, verdicts: HumanVerdicts) -> Estimate | None:
        audit = self.task.audit
        known = {} if audit is None else verdicts.wrong_labels
        checked = {name: wrong for name, wrong in known.items() if audit and name in set(audit.example_ids)}
        return audit.ceiling(checked) if audit is not None and checked else None


@dataclass(frozen=True, kw_only=True)
class Agreements:
    """How far a scorer, people and labels agree.

    Attributes:
        people: Whose verdicts there are.
        verdicts: How many there are.
        calibration: The scorer against people, and people against each other; None where too little is known.
        problem: Why there is none.
        wrong_labels: Labels that a person said are wrong.
        checked_labels: Labels that a person looked at.
        ceiling: What a perfect model could score by the labels; None where that is not known.
    """

    people: tuple[str, ...]
    verdicts: int
    calibration: Calibration | None
    problem: str
    wrong_labels: int
    checked_labels: int
    ceiling: Estimate | None


def _all_verdicts(paths: tuple[Path, ...]) -> Iterator[HumanVerdict]:
    for path in paths:
        try:
            yield from HumanVerdicts.read(path)
        except VqaftError:  # another person's file that is damaged says so on that person's page
            continue


def tables_of(project: ProjectFolder, answers: FoundFile) -> tuple[Path, ...]:
    """Return the files of all people's verdicts on some answers.

    Args:
        project: Where they are.
        answers: The answers.
    """
    start = table_path(project.path, answers.name, "x").name.removesuffix("-x.jsonl")
    names = [file.path for file in project.files({"examples"}) if "/" not in file.name]
    return tuple(sorted(path for path in names if path.name.startswith(f"{start}-")))
