"""A comparison's result in words."""

from __future__ import annotations

from vqaft.evaluation.slice_comparison import PairedTest, SliceFigures, Verdict
from vqaft.evaluation.statistics.interval import Estimate, Interval
from vqaft.evaluation.tables import p_text, points, points_range


def decide(difference: Estimate, test: PairedTest | None, *, confidence: float) -> Verdict:
    """Decide what the data say.

    A difference counts where the (adjusted) test finds it and the interval leaves zero out.

    Args:
        difference: Tuned minus base with its interval.
        test: The test of no difference.
        confidence: 1 minus the level of the test.
    """
    if difference.value is None:
        return Verdict.NO_DATA
    found = test is not None and test.p_adjusted <= 1 - confidence
    if not found or difference.interval is None or 0.0 in difference.interval:
        return Verdict.NO_DIFFERENCE
    return Verdict.BETTER if difference.value > 0 else Verdict.WORSE


def decide_by_margin(verdict: Verdict, interval: Interval | None, *, margin: float | None) -> Verdict:
    """Decide whether a difference that was not found, or is a loss, is small enough not to matter.

    D. J. Schuirmann, J. Pharmacokinetics and Biopharmaceutics 15 (1987): two one-sided tests, read off the interval.

    Args:
        verdict: The verdict without the margin; a gain stays one.
        interval: The interval of the difference at level 2 * confidence - 1.
        margin: The largest difference that does not matter, as a share of 1; None where nothing was asked.
    """
    if margin is None or interval is None or verdict in {Verdict.BETTER, Verdict.NO_DATA}:
        return verdict
    if interval.low <= -margin:
        return verdict
    return Verdict.EQUIVALENT if interval.high < margin else Verdict.NOT_WORSE


def in_words(figures: SliceFigures, verdict: Verdict, test: PairedTest | None, *, margin: float | None = None) -> str:
    """Say the result in a sentence.

    Args:
        figures: The figures behind it.
        verdict: The result.
        test: The test of no difference, corrected for the number of slices.
        margin: The largest difference that does not matter, where one was given.
    """
    if verdict is Verdict.NO_DATA:
        return "nothing to compare: no example has a score from both models."
    found = _figures(figures, test)
    if verdict in {Verdict.EQUIVALENT, Verdict.NOT_WORSE}:
        than = "as good" if verdict is Verdict.EQUIVALENT else "not worse"
        reach = figures.margin_interval
        ends = f", {100 * reach.confidence:.0f} % interval {points_range(reach)}" if reach else ""
        return f"the tuned model is {than}, within {100 * (margin or 0):.1f} points ({found}{ends})."
    if verdict is Verdict.NO_DIFFERENCE:
        return f"no detectable difference ({found}).{_limits(figures)}"
    return f"the tuned model is {verdict} ({found})."


def _limits(figures: SliceFigures) -> str:
    interval, least = figures.difference.interval, figures.detectable
    unconfirmed = interval is not None and 0.0 not in interval
    doubt = " The interval leaves zero out, but the exact test does not confirm it." if unconfirmed else ""
    unseen = least is not None and abs(figures.difference.value or 0.0) < least
    return doubt + (f" A gain below about {100 * (least or 0):.0f} points cannot be seen here." if unseen else "")


def _figures(figures: SliceFigures, test: PairedTest | None) -> str:
    difference = figures.difference
    found = f"{points(difference.value)} points on {figures.n} examples"
    if difference.interval is not None:
        found += f", {100 * difference.interval.confidence:.0f} % interval {points_range(difference.interval)}"
    return found if test is None else f"{found}, p {_p_words(test.p_adjusted)}"


def _p_words(p_value: float) -> str:
    text = p_text(p_value)
    return text.replace("<", "< ") if text.startswith("<") else f"= {text}"
