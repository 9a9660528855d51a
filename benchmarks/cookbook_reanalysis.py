"""The figures of OpenAI's cookbook on vision fine-tuning, put through vqaft: which of its claims stand.

    python -m benchmarks.cookbook_reanalysis

The notebook "Vision Fine-tuning on GPT-4o for Visual Question Answering" prints accuracies, not answers. The counts
are the whole numbers that give its percentages: of 190 closed questions 172 right after tuning and 167 before, of 295
open ones 189 (201 by the lenient rule) and 136. Which examples were won and lost is not known, and neither is which
questions belong to one image, so each claim is tried under the pairing that is kindest to it (nothing lost), under
independence, and under the one that is hardest. All examples are taken as independent, which flatters the cookbook:
its pairs come from 100 images.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.scored import evaluation
from vqaft.evaluation import (
    Comparison,
    compare,
    percent,
    percent_range,
    points,
    points_range,
)
from vqaft.evaluation.statistics.clustered_mean import clopper_pearson


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Two counts of right answers, and what the notebook makes of them."""

    name: str
    said: str
    n: int
    base: int
    tuned: int


CLAIMS = (
    Claim(name="closed", said="outperforms (strict rule against the lenient one)", n=190, base=167, tuned=172),
    Claim(name="open", said="17.97 points better (strict rule against the lenient one)", n=295, base=136, tuned=189),
    Claim(name="open, one rule", said="22.07 points better (both lenient)", n=295, base=136, tuned=201),
)
MODELS = "gpt-4o", "fine-tuned"


def pairing(claim: Claim, lost: int) -> Comparison:
    """Compare two models with these counts, of which the tuned one loses so many examples of the base model's."""
    won = claim.tuned - claim.base + lost
    outcomes = [(0, 1)] * won + [(1, 0)] * lost + [(1, 1)] * (claim.base - lost)
    outcomes += [(0, 0)] * (claim.n - len(outcomes))
    base, tuned = (
        evaluation(values, model=name) for name, values in zip(MODELS, zip(*outcomes, strict=True), strict=True)
    )
    return compare(base, tuned, slice_by=None)


def report(claim: Claim) -> None:
    """Print what becomes of a claim."""
    print(f"\n{claim.name}, {claim.n} questions. The notebook: {claim.said}.")
    for name, count in (("base", claim.base), ("tuned", claim.tuned)):
        print(
            f"  {name:6s} {percent(count / claim.n)} ({percent_range(clopper_pearson(count, claim.n))}), {count} right"
        )
    independent = round(claim.base * (claim.n - claim.tuned) / claim.n)
    hardest = min(claim.base, claim.n - claim.tuned)
    verdicts = set()
    for name, lost in (("kindest", 0), ("independent", independent), ("hardest", hardest)):
        found = pairing(claim, lost).overall()
        verdicts.add(found.verdict)
        reach = points_range(found.difference.interval)
        p_value = found.test.p_value if found.test else 1.0
        print(
            f"  {name:12s} won {found.won:3d}, lost {found.lost:3d}: {points(found.difference.value)} points "
            f"({reach}), exact McNemar p = {p_value:.4f}: {found.verdict}"
        )
    stands = "stands" if verdicts == {"better"} else "does not stand" if "better" not in verdicts else "is open"
    print(f"  The claim {stands}.")


def main() -> None:
    """Try every claim."""
    for claim in CLAIMS:
        report(claim)
    print(
        "\nThe first two compare a strict rule with a lenient one that counts substrings (no in know, art in smart), "
        "which helps the base model;\nno interval, no test and one run stand behind any of them, and questions about "
        "one cover are not independent: the true intervals are wider."
    )


if __name__ == "__main__":
    main()
