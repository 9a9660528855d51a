"""Compare several models on the same examples, pair by pair: base, tuned, teacher, an open-weight one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import combinations
from os import PathLike
from pathlib import Path
from typing import Any, Self

from pydantic import NonNegativeInt

from vqaft.errors import EvaluationError
from vqaft.evaluation.compare import compare, pair_rows
from vqaft.evaluation.comparison import Comparison
from vqaft.evaluation.evaluation import Evaluation
from vqaft.evaluation.json_form import JSONFile, read_one_of
from vqaft.evaluation.rows import ScoredRow, Slicer
from vqaft.evaluation.slice_comparison import PairedTest, Verdict
from vqaft.evaluation.statistics.interval import Estimate
from vqaft.evaluation.statistics.paired_tests import holm
from vqaft.evaluation.summary import SliceMean
from vqaft.evaluation.tables import Table, estimate_text, p_text, paragraph, percent, points, points_range
from vqaft.evaluation.verdict import decide
from vqaft.serialization import validated
from vqaft.typed import typed, typed_call


@dataclass(frozen=True, kw_only=True)
@typed
class ModelPair:
    """Two of several models on the examples that both have a score for.

    Attributes:
        first: The name of the one that stands first.
        second: The name of the other.
        n: Examples with a score from both.
        difference: Second minus first.
        won: Examples on which the second scores higher.
        lost: Examples on which it scores lower.
        test: The test of no difference, `p_adjusted` corrected for the number of pairs; None where nothing can be
            tested.
        verdict: What the data say of the second.
    """

    first: str
    second: str
    n: NonNegativeInt
    difference: Estimate
    won: NonNegativeInt
    lost: NonNegativeInt
    test: PairedTest | None
    verdict: Verdict

    @property
    def words(self) -> str:
        """The result as a sentence, e.g. "tuned is better than base, by 4.2 points."."""
        gap = f"{100 * abs(self.difference.value or 0):.1f} points"
        return {
            Verdict.BETTER: f"{self.second} is better than {self.first}, by {gap}.",
            Verdict.WORSE: f"{self.second} is worse than {self.first}, by {gap}.",
            Verdict.NO_DATA: f"{self.second} and {self.first} have no scored example in common.",
        }.get(self.verdict, f"No difference between {self.second} and {self.first} was found.")


@dataclass(frozen=True, kw_only=True)
@typed
class ModelComparison(JSONFile):
    """Several models on the same examples.

    Attributes:
        scorer: The scorer that decides.
        evaluations: The evaluations by the name that each model has here, in the given order.
        means: Each model's mean over its own scored answers, in the same order.
        pairs: Every two models, their tests corrected for the number of pairs by Holm.
        main: The first two models compared in full: by every scorer, slice by slice.
    """

    FORMAT = "vqaft.model_comparison"
    VERSION = 1

    scorer: str
    evaluations: Mapping[str, Evaluation] = field(hash=False)
    means: Mapping[str, SliceMean] = field(hash=False)
    pairs: tuple[ModelPair, ...]
    main: Comparison

    @cached_property
    def others(self) -> Mapping[str, Mapping[str, ScoredRow]]:
        """The rows of the models after the first two, by the model's name and the example's id."""
        rest = list(self.evaluations.items())[2:]
        return {name: {row.example_id: row for row in evaluation.rows} for name, evaluation in rest}

    @property
    def verdict(self) -> str:
        """The result in sentences, one for each pair."""
        return "\n".join(pair.words for pair in self.pairs)

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as a dictionary that JSON can hold: figures, pairs, and every evaluation, uncut.

        It names its format and version; `vqaft/report/comparison.schema.json` describes it in JSON Schema.
        """
        return {
            "format": self.FORMAT,
            "version": self.VERSION,
            "scorer": self.scorer,
            "models": [
                {"name": name, "mean": asdict(self.means[name]), "evaluation": evaluation.to_dict()}
                for name, evaluation in self.evaluations.items()
            ],
            "pairs": [asdict(pair) for pair in self.pairs],
            "comparison": {**self.main.to_dict(), "rows": []},  # the evaluations have them
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return the comparison that `to_dict` made a dictionary of.

        Args:
            content: The dictionary.

        Raises:
            ValueError: If it is not one; it names the field.
        """
        evaluations = {model["name"]: Evaluation.from_dict(model["evaluation"]) for model in content["models"]}
        first, second, *_ = evaluations.values()
        return cls(
            scorer=content["scorer"],
            evaluations=evaluations,
            means=validated(dict[str, SliceMean], {model["name"]: model["mean"] for model in content["models"]}),
            pairs=validated(tuple[ModelPair, ...], content["pairs"]),
            main=replace(Comparison.from_dict(content["comparison"]), rows=pair_rows(first, second)),
        )

    def __str__(self) -> str:
        return "\n\n".join(table.text() for table in self._tables())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        corrected = paragraph(f"p-values are corrected for {len(self.pairs)} pairs (Holm), the intervals are not.")
        return "".join(table.html() for table in self._tables()) + corrected

    def _tables(self) -> tuple[Table, Table]:
        means = [
            (name, str(mean.n), str(mean.failed), estimate_text(mean.mean), percent(mean.counted_wrong.value))
            for name, mean in self.means.items()
        ]
        pairs = [
            (
                f"{pair.second} − {pair.first}",
                str(pair.n),
                f"{pair.won}/{pair.lost}",
                points(pair.difference.value),
                points_range(pair.difference.interval),
                p_text(pair.test.p_adjusted if pair.test else None),
                str(pair.verdict),
            )
            for pair in self.pairs
        ]
        columns = ("model", ">n", ">failed", f">{self.scorer}", ">failed as wrong")
        pair_columns = ("pair", ">n", ">won/lost", ">points", ">interval", ">p", "result")
        return Table(columns=columns, rows=means), Table(columns=pair_columns, rows=pairs)


@typed_call
def compare_models(
    evaluations: Mapping[str, Evaluation],
    *,
    scorer: str | None = None,
    slice_by: Slicer | Sequence[Slicer] | None = ("kind", "question_type"),
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
    margin: float | None = None,
) -> ModelComparison:
    """Compare every two of several models on the same examples and by the same scorers.

    Each pair is compared as `compare` does it, on the examples that both have a score for. The tests of all pairs are
    one family: their p-values are corrected by Holm, so that the probability of even one false alarm among them stays
    at 1 - confidence. A verdict rests on the corrected p-value.

    Args:
        evaluations: The evaluations by the name that each model gets, e.g. {"base": …, "tuned": …, "teacher": …}; at
            least two. The first two are also compared slice by slice.
        scorer: The name of the scorer that decides; the first one by default.
        slice_by: What to slice the first pair by; see `compare`.
        confidence: Confidence level of the intervals, 0 to 1.
        resamples: Bootstrap draws behind the intervals.
        seed: Seed of the draws.
        margin: The largest difference that does not matter, for the first pair; see `compare`.

    Raises:
        EvaluationError: If there are fewer than two evaluations, or two of them cannot be compared.
    """
    names = tuple(evaluations)
    if len(names) < 2:  # noqa: PLR2004 - a pair
        raise EvaluationError(f"{len(names)} evaluations cannot be compared", hint="Give two or more, by name.")
    first, second = names[:2]
    main = compare(
        evaluations[first],
        evaluations[second],
        slice_by=slice_by,
        confidence=confidence,
        resamples=resamples,
        seed=seed,
        margin=margin,
    )
    decides = main.overall(scorer).scorer
    found = {(first, second): main}
    for one, other in combinations(names, 2):
        if (one, other) not in found:
            both = evaluations[one], evaluations[other]
            found[one, other] = compare(*both, slice_by=None, confidence=confidence, resamples=resamples, seed=seed)
    means = {name: _mean(evaluation, decides, confidence) for name, evaluation in evaluations.items()}
    return ModelComparison(
        scorer=decides,
        evaluations=dict(evaluations),
        means=means,
        pairs=_corrected(found, decides, alpha=1 - confidence),
        main=main,
    )


def _mean(evaluation: Evaluation, scorer: str, confidence: float) -> SliceMean:
    return next(mean for mean in evaluation.summary(None, confidence=confidence) if mean.scorer == scorer)


def _corrected(
    comparisons: Mapping[tuple[str, str], Comparison], scorer: str, *, alpha: float
) -> tuple[ModelPair, ...]:
    parts = {names: comparison.overall(scorer) for names, comparison in comparisons.items()}
    tests = {names: part.test for names, part in parts.items() if part.test is not None}
    adjusted = dict(zip(tests, holm([test.p_value for test in tests.values()]), strict=True))
    pairs = []
    for names, part in parts.items():
        test = replace(part.test, p_adjusted=adjusted[names]) if part.test is not None else None
        pair = ModelPair(
            first=names[0],
            second=names[1],
            n=part.n,
            difference=part.difference,
            won=part.won,
            lost=part.lost,
            test=test,
            verdict=decide(part.difference, test, alpha=alpha),
        )
        pairs.append(pair)
    return tuple(pairs)


@typed_call
def read_comparison(path: str | PathLike[str]) -> Comparison | ModelComparison:
    """Read a comparison of two models, or of several, by what the file says it is.

    Args:
        path: What `Comparison.write` or `ModelComparison.write` wrote.

    Raises:
        StateError: If the file is not there, is neither, or of another version of its format.
    """
    kinds: tuple[type[Comparison | ModelComparison], ...] = (Comparison, ModelComparison)
    return read_one_of(Path(path), kinds)
