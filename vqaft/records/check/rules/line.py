"""Rules about a line as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from vqaft.records.check.problem import Severity
from vqaft.records.check.row import CheckedRow, LineFlaw
from vqaft.records.check.rule import Found, RowRule
from vqaft.records.limits import ProviderLimits


def _flaw(kind: LineFlaw, message: str) -> Callable[[CheckedRow, ProviderLimits], Iterable[Found]]:
    def find(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
        return [
            Found("", f"{message}: {details}" if details else message) for flaw, details in row.flaws if flaw == kind
        ]

    return find


def _rule(kind: LineFlaw, message: str, remedy: str, severity: Severity = "error") -> RowRule:
    return RowRule(code=f"line.{kind}", severity=severity, remedy=remedy, find=_flaw(kind, message))


LINE_RULES = (
    _rule("byte-order-mark", "the file begins with a byte order mark", "Save it as UTF-8 without one; fix_file does."),
    _rule("blank", "the line is blank", "Take it out; fix_file does.", "warning"),
    _rule("too-long", "the line is longer than can be read", "Shrink the images, or show fewer in a row."),
    _rule("not-utf8", "the line is not UTF-8", "Save the file as UTF-8."),
    _rule("not-json", "the line is not JSON", "Write every row as one line of JSON."),
    _rule(
        "not-an-object", "the line is JSON, but no object", "Write one {…} a line, without brackets around all rows."
    ),
    _rule("duplicate-key", "a key stands twice in one object", "Keep one; readers disagree about which one counts."),
    _rule("not-a-number", "NaN and Infinity are no JSON", "Leave the value out."),
    _rule("huge-number", "a number has thousands of digits", "Write it as text, or leave it out."),
    _rule("too-deep", "values are nested too deeply to be read", "Flatten the row."),
)
"""Rules about a line as JSON."""
