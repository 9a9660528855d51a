"""The rules as a table, so that no page about them can be out of date."""

from __future__ import annotations

from collections.abc import Sequence

from vqaft.records.check.default_rules import RULES
from vqaft.records.check.rule import Rule


def rules_table(rules: Sequence[Rule] = RULES) -> str:
    """Give rules as a Markdown table of code, severity and remedy.

    Args:
        rules: The rules, in the order of the table.
    """
    rows = (f"| `{rule.code}` | {rule.severity} | {rule.remedy.replace('|', chr(92) + '|')} |" for rule in rules)
    return "\n".join(("| rule | severity | what to do |", "|---|---|---|", *rows))
