"""A comparison's result in words."""

from __future__ import annotations

from vqaft.evaluation.figures import p_text, points, points_range
from vqaft.evaluation.interval import Estimate
from vqaft.evaluation.slice_comparison import PairedTest, Verdict


def decide(difference: Estimate, test: PairedTest | None, *, level: float) -> Verdict:
    """Decide what the data say.

    A difference counts where the (adjusted) test finds it and the interval leaves zero out.

    Args:
        difference: Tuned minus base with its interval.
        test: The test of no difference.
        level: 1 minus the level of the test.
    """
    if difference.value is None:
        return Verdict.NO_DATA
    found = test is not None and test.p_adjusted <= 1 - level
    if not found or difference.interval is None or 0.0 in difference.interval:
        return Verdict.NO_DIFFERENCE
    return Verdict.BETTER if difference.value > 0 else Verdict.WORSE


def in_words(
    verdict: Verdict, *, difference: Estimate, test: PairedTest | None, n: int, detectable: float | None
) -> str:
    """Say the result in a sentence.

    Args:
        verdict: The result.
        difference: Tuned minus base with its interval.
        test: The test of no difference.
        n: The number of paired examples.
        detectable: The least gain that could have been found.
    """
    if verdict is Verdict.NO_DATA:
        return "nothing to compare: no example has a score from both models."
    figures = f"{points(difference.value)} points on {n} examples"
    if difference.interval is not None:
        figures += f", {100 * difference.interval.level:.0f} % interval {points_range(difference.interval)}"
    if test is not None:
        figures += f", p {_p_words(test.p_adjusted)}"
    if verdict is Verdict.NO_DIFFERENCE:
        limit = f" A gain below about {100 * detectable:.0f} points cannot be seen here." if detectable else ""
        return f"no detectable difference ({figures}).{limit}"
    return f"the tuned model is {verdict} ({figures})."


def _p_words(p_value: float) -> str:
    text = p_text(p_value)
    return text.replace("<", "< ") if text.startswith("<") else f"= {text}"
