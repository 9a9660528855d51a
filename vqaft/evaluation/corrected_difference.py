"""The difference between two models as people would see it, from a judge and a few people's scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from pydantic import NonNegativeInt

from vqaft.errors import EvaluationError
from vqaft.evaluation.comparison import Comparison
from vqaft.evaluation.statistics.clustered_mean import difference_interval
from vqaft.evaluation.statistics.clusters import cluster_codes, cluster_sums
from vqaft.evaluation.statistics.interval import Estimate
from vqaft.evaluation.statistics.prediction_powered import prediction_powered_mean
from vqaft.evaluation.tables import points, points_range
from vqaft.typed import Share, typed, typed_call


@dataclass(frozen=True, kw_only=True)
@typed
class CorrectedDifference:
    """Tuned minus base, three ways.

    Attributes:
        n: Examples with a score of the judge for both models.
        labeled: Those of them with people's scores for both.
        judged: The difference by the judge alone, as narrow as it is biased.
        human: The difference by people alone, on the labeled examples.
        corrected: The judge's difference, freed of its bias by the labeled examples; that by people alone where
            fewer than 40 images have labels.
    """

    n: NonNegativeInt
    labeled: NonNegativeInt
    judged: Estimate
    human: Estimate
    corrected: Estimate

    def __str__(self) -> str:
        rows = (("judge alone", self.judged), ("people alone", self.human), ("corrected", self.corrected))
        lines = [f"{name}: {points(part.value)} points ({points_range(part.interval)})" for name, part in rows]
        return f"{self.n} examples, {self.labeled} labeled by people\n" + "\n".join(lines)


@typed_call
def correct_difference(
    comparison: Comparison,
    human: Mapping[str, tuple[float, float]],
    *,
    scorer: str | None = None,
    weight: Share | None = None,
) -> CorrectedDifference:
    """Correct a judge's difference between two models by people's scores of some of the examples.

    Args:
        comparison: The comparison by the judge.
        human: People's scores by example id: of the base model's answer and of the tuned model's, 0 to 1 each. The
            examples must have been drawn at random.
        scorer: The judge's name in the comparison; the first scorer by default.
        weight: See `prediction_powered_mean`.

    Raises:
        EvaluationError: If fewer than two examples with people's scores have the judge's, or an id is unknown.
    """
    name, confidence = comparison.overall(scorer).scorer, comparison.settings.confidence
    unknown = human.keys() - {row.example_id for row in comparison.rows}
    if unknown:
        raise EvaluationError("people's scores are of an example that was not compared", example_id=min(unknown))
    pairs = [(row, row.base.value(name), row.tuned.value(name)) for row in comparison.rows]
    scored = [(row, new - old) for row, old, new in pairs if old is not None and new is not None]
    codes = cluster_codes([row.group for row, _ in scored])
    judged = np.array([difference for _, difference in scored])
    truth = np.array([_difference(human.get(row.example_id)) for row, _ in scored])
    known = ~np.isnan(truth)
    if known.sum() < 2:  # noqa: PLR2004 - one label says nothing of the judge's error
        raise EvaluationError("at least two examples need people's scores and the judge's")
    by_judge, by_people = cluster_sums(judged, codes), cluster_sums(truth[known], codes[known])
    return CorrectedDifference(
        n=len(scored),
        labeled=int(known.sum()),
        judged=Estimate(value=by_judge.mean, interval=difference_interval(by_judge, confidence=confidence)),
        human=Estimate(value=by_people.mean, interval=difference_interval(by_people, confidence=confidence)),
        corrected=prediction_powered_mean(truth, judged, codes, weight=weight, confidence=confidence),
    )


def _difference(scores: tuple[float, float] | None) -> float:
    return float("nan") if scores is None else scores[1] - scores[0]
