"""What a model answered, scored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any, Self

from vqaft.errors import EvaluationError
from vqaft.escape import counted
from vqaft.evaluation.json_form import JSONFile, row_to_dict
from vqaft.evaluation.rows import ScoredRow, Slicer, as_slicers, failure_sentences, first_repeated
from vqaft.evaluation.scorer_facts import ScorerFacts, merged_usage, usage_lines
from vqaft.evaluation.summary import Summary, summarise
from vqaft.evaluation.tables import data_frame, paragraph
from vqaft.serialization import validated
from vqaft.typed import Confidence, typed


@dataclass(frozen=True, kw_only=True)
@typed
class Evaluation(JSONFile):
    """Scored answers of one model: one row an example, in the order of the examples.

    Attributes:
        model: The model that was asked.
        scorers: The scorers by name, as they were used.
        rows: The examples with answer and scores.

    Raises:
        EvaluationError: If two rows have the same example id.
    """

    FORMAT = "vqaft.evaluation"
    VERSION = 1

    model: str
    scorers: Mapping[str, ScorerFacts] = field(hash=False)
    rows: tuple[ScoredRow, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "scorers", MappingProxyType(dict(self.scorers)))
        if (twice := first_repeated([row.example_id for row in self.rows])) is not None:
            raise EvaluationError("two rows are of the same example", example_id=twice)

    def __reduce__(self) -> tuple[Any, ...]:
        # A mapping proxy does not pickle; the plain dict behind it does.
        return _rebuild, (self.model, dict(self.scorers), self.rows)

    @property
    def failed(self) -> tuple[ScoredRow, ...]:
        """The rows without an answer."""
        return tuple(row for row in self.rows if row.answer is None)

    def summary(
        self, slice_by: Slicer | Sequence[Slicer] | None = ("kind", "question_type"), *, confidence: Confidence = 0.95
    ) -> Summary:
        """Return the mean of every scorer with its interval, over everything and slice by slice.

        Args:
            slice_by: What to slice by: "kind" (closed, open), "question_type", a column of the metadata, a function of
                a row, or several of these; None for the overall means alone.
            confidence: The confidence level of the intervals, 0 to 1.

        Returns:
            The means; examples without a score are counted beside each.
        """
        return summarise(
            self.rows, tuple(self.scorers), slicers=as_slicers(slice_by), confidence=confidence, title=self.model
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the evaluation as a dictionary that JSON can hold."""
        return {
            "format": self.FORMAT,
            "version": self.VERSION,
            "model": self.model,
            "scorers": {name: asdict(facts) for name, facts in self.scorers.items()},
            "rows": [row_to_dict(row) for row in self.rows],
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return the evaluation that `to_dict` made a dictionary of.

        Args:
            content: The dictionary.

        Raises:
            ValueError: If it is not one; it names the field.
        """
        return validated(cls, {name: content[name] for name in ("model", "scorers", "rows")})

    @classmethod
    def merge(cls, parts: Iterable[Evaluation]) -> Evaluation:
        """Put evaluations of parts of the data together.

        Args:
            parts: Evaluations of one model by the same scorers, with no example in common.

        Raises:
            EvaluationError: If there is none, they differ in model or scorers, or share an example.
        """
        found = tuple(parts)
        if not found:
            raise EvaluationError("there is no evaluation to merge")
        if any((part.model, part.scorers) != (found[0].model, found[0].scorers) for part in found):
            raise EvaluationError("the evaluations are of several models, or by different scorers")
        rows = tuple(row for part in found for row in part.rows)
        return cls(model=found[0].model, scorers=merged_usage([part.scorers for part in found]), rows=rows)

    def to_pandas(self) -> Any:
        """Return the rows as a data frame: a row an example, a column a scorer.

        Raises:
            MissingExtraError: If pandas is not installed.
        """
        return data_frame([_flat(row, tuple(self.scorers)) for row in self.rows])

    @property
    def scorer_failures(self) -> tuple[str, ...]:
        """What kept scorers from scoring answers, in words: a sentence for each scorer that failed on some."""
        return failure_sentences(self.rows, tuple(self.scorers))

    def __str__(self) -> str:
        head = f"{counted(len(self.rows), 'example')}, {len(self.failed)} without an answer"
        return "\n".join([head, *usage_lines(self.scorers), *self.scorer_failures, str(self.summary())])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_() + "".join(map(paragraph, self.scorer_failures))


def _flat(row: ScoredRow, scorers: tuple[str, ...]) -> dict[str, Any]:
    facts = {
        "example_id": row.example_id,
        "group": row.group,
        "kind": row.kind,
        "question_type": row.question_type,
        "question": row.question,
        "truth": row.answers[0],
        "answer": row.answer,
        "failure": row.failure and row.failure.kind,
    }
    return facts | {name: row.value(name) for name in scorers}


def _rebuild(model: str, scorers: dict[str, ScorerFacts], rows: tuple[ScoredRow, ...]) -> Evaluation:
    return Evaluation(model=model, scorers=scorers, rows=rows)
