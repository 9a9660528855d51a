"""Check report of a file by rule, small enough to be kept: of each rule its first findings and their number."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from vqaft.check import CheckReport, Problem, check_file
from vqaft.providers import AZURE, FIREWORKS, OPENAI, TOGETHER, ProviderLimits

Severity: TypeAlias = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
PROVIDERS: dict[str, ProviderLimits] = {
    "openai": OPENAI,
    "azure": AZURE,
    "together": TOGETHER,
    "fireworks": FIREWORKS,
}
MAX_SHOWN = 100
"""Findings of one rule that are kept."""


@dataclass(frozen=True, kw_only=True)
class RuleFindings:
    """What one rule found in a file.

    Attributes:
        code: The rule's name.
        severity: How bad it is.
        remedy: What to do about it.
        count: How often it found something.
        first: Its first findings, in the order of the file.
    """

    code: str
    severity: Severity
    remedy: str
    count: int
    first: tuple[Problem, ...]

    @property
    def more(self) -> int:
        """Findings that are not among the first."""
        return self.count - len(self.first)


@dataclass(frozen=True, kw_only=True)
class Findings:
    """A check report, sorted by rule.

    Attributes:
        provider: Whose limits were checked.
        rows: How many rows were looked at.
        rules: The rules that found something: errors first, then by how often.
        unchecked: The provider's limits that are not known.
    """

    provider: str
    rows: int
    rules: tuple[RuleFindings, ...]
    unchecked: tuple[str, ...]

    def count(self, severity: Severity) -> int:
        """Return how many findings of a severity there are.

        Args:
            severity: The severity.
        """
        return sum(rule.count for rule in self.rules if rule.severity == severity)


def check_findings(path: Path, provider: str) -> Findings:
    """Check a file.

    Args:
        path: The file.
        provider: A name in `PROVIDERS`.

    Raises:
        DataError: If the file cannot be read.
    """
    return by_rule(check_file(path, limits=PROVIDERS[provider]))


def by_rule(report: CheckReport, *, most: int = MAX_SHOWN) -> Findings:
    """Sort a report by rule.

    Args:
        report: The report.
        most: How many findings of one rule to keep.
    """
    counts = Counter(problem.code for problem in report.problems)
    first: dict[str, list[Problem]] = {}
    for problem in report.problems:
        kept = first.setdefault(problem.code, [])
        if len(kept) < most:
            kept.append(problem)
    rules = [
        RuleFindings(
            code=code,
            severity=kept[0].severity,
            remedy=kept[0].remedy,
            count=counts[code],
            first=tuple(kept),
        )
        for code, kept in first.items()
    ]
    rules.sort(key=_weight)
    return Findings(provider=report.provider, rows=report.rows, rules=tuple(rules), unchecked=report.unchecked)


def _weight(rule: RuleFindings) -> tuple[int, int, str]:
    return SEVERITIES.index(rule.severity), -rule.count, rule.code
