"""A comparison's result in words."""

from __future__ import annotations

from vqaft.data import MIN_CLUSTERS
from vqaft.evaluation.slice_comparison import PairedTest, SliceFigures, Verdict
from vqaft.evaluation.statistics.interval import Estimate, Interval
from vqaft.evaluation.tables import p_text, points, points_range


def decide(difference: Estimate, test: PairedTest | None, *, alpha: float) -> Verdict:
    """Return what the data say.

    A difference counts where the (adjusted) test finds it and the interval leaves zero out.

    Args:
        difference: Tuned minus base with its interval.
        test: The test of no difference.
        alpha: The level of the test.
    """
    if difference.value is None:
        return Verdict.NO_DATA
    found = test is not None and test.p_adjusted <= alpha
    if not found or difference.interval is None or 0.0 in difference.interval:
        return Verdict.NO_DIFFERENCE
    return Verdict.BETTER if difference.value > 0 else Verdict.WORSE


def decide_by_margin(verdict: Verdict, interval: Interval | None, *, margin: float | None) -> Verdict:
    """Return whether a difference that was not found, or is a loss, is small enough not to matter.

    D. J. Schuirmann, J. Pharmacokinetics and Biopharmaceutics 15 (1987): two one-sided tests, read off the interval.

    Args:
        verdict: The verdict without the margin; a gain stays one.
        interval: The interval of the difference at confidence 2 * confidence - 1.
        margin: The largest difference that does not matter, as a share of 1; None where nothing was asked.
    """
    if margin is None or interval is None or verdict in {Verdict.BETTER, Verdict.NO_DATA}:
        return verdict
    if interval.low <= -margin:
        return verdict
    return Verdict.EQUIVALENT if interval.high < margin else Verdict.NOT_WORSE


def could_turn(figures: SliceFigures, verdict: Verdict, *, margin: float | None = None) -> bool:
    """Return whether missing answers, were they known, could turn the verdict.

    Args:
        figures: The figures behind the verdict.
        verdict: The result.
        margin: The largest difference that does not matter, where one was given.
    """
    missing = figures.missing
    if not missing.base_missing + missing.tuned_missing:
        return False
    low, high = missing.worst.interval, missing.best.interval
    if low is None or high is None:
        return False
    ends = {
        Verdict.BETTER: low.low <= 0,
        Verdict.WORSE: high.high >= 0,
        Verdict.NOT_WORSE: low.low <= -(margin or 0),
        Verdict.EQUIVALENT: low.low <= -(margin or 0) or high.high >= (margin or 0),
    }
    return ends.get(verdict, False)


def in_words(figures: SliceFigures, verdict: Verdict, *, margin: float | None = None) -> str:
    """Return the result as a sentence.

    Args:
        figures: The figures behind it, the test corrected for the number of slices and scorers.
        verdict: The result.
        margin: The largest difference that does not matter, where one was given.
    """
    if verdict is Verdict.NO_DATA:
        return "nothing to compare: no example has a score from both models."
    found = _figures(figures)
    if verdict is Verdict.NO_DIFFERENCE:
        return f"no detectable difference ({found}{_counted(figures)}).{_limits(figures)}"
    doubt = ", but the missing answers could turn this" if could_turn(figures, verdict, margin=margin) else ""
    if verdict in {Verdict.EQUIVALENT, Verdict.NOT_WORSE}:
        than = "as good" if verdict is Verdict.EQUIVALENT else "not worse"
        reach = figures.margin_interval
        ends = f", {100 * reach.confidence:.0f} % interval {points_range(reach)}" if reach else ""
        within = f"within {100 * (margin or 0):.1f} points"
        return f"the tuned model is {than}, {within}{doubt} ({found}{ends}{_counted(figures)})."
    return f"the tuned model is {verdict}{doubt} ({found}{_counted(figures)})."


def _counted(figures: SliceFigures) -> str:
    missing, difference = figures.missing, figures.counted_wrong.difference
    if not missing.base_missing + missing.tuned_missing or difference.value is None:
        return ""
    return f"; with missing answers counted as wrong {points(difference.value)} ({points_range(difference.interval)})"


def _limits(figures: SliceFigures) -> str:
    interval, least = figures.difference.interval, figures.detectable
    unconfirmed = interval is not None and 0.0 not in interval
    doubt = " The interval leaves zero out, but the test does not confirm it." if unconfirmed else ""
    if least is None:
        lost = figures.clusters >= MIN_CLUSTERS and figures.informative > 0
        none_left = " Even the gain of a perfect model would be missed in more than one of five tests."
        return doubt + (none_left if lost else "")
    return f"{doubt} A gain below about {100 * least:.0f} points would be missed in more than one of five tests."


def _figures(figures: SliceFigures) -> str:
    difference, test = figures.difference, figures.test
    found = f"{points(difference.value)} points on {figures.n} examples"
    if difference.interval is not None:
        found += f", {100 * difference.interval.confidence:.0f} % interval {points_range(difference.interval)}"
    return found if test is None else f"{found}, p {_p_words(test.p_adjusted)}"


def _p_words(p_value: float) -> str:
    text = p_text(p_value)
    return text.replace("<", "< ") if text.startswith("<") else f"= {text}"
