"""The default rules, and their table for the documentation."""

from __future__ import annotations

from collections.abc import Sequence

from vqaft.check.rule import Rule
from vqaft.check.rules.duplicates import FILES_RULES, ROWS_RULES
from vqaft.check.rules.fields import EXTRAS_RULES, ROLES_RULES
from vqaft.check.rules.file import FILE_RULES, LINE_RULES
from vqaft.check.rules.images import IMAGE_RULES, URL_RULES
from vqaft.check.rules.structure import STRUCTURE_RULES
from vqaft.check.rules.text import TEXT_RULES, TOKEN_RULES

RULES: tuple[Rule, ...] = (
    *LINE_RULES,
    *STRUCTURE_RULES,
    *EXTRAS_RULES,
    *ROLES_RULES,
    *IMAGE_RULES,
    *URL_RULES,
    *TEXT_RULES,
    *TOKEN_RULES,
    *ROWS_RULES,
    *FILE_RULES,
    *FILES_RULES,
)
"""Every rule; `check_file(path, rules=(*RULES, my_rule))` adds one."""


def rules_table(rules: Sequence[Rule] = RULES) -> str:
    """Return rules as a Markdown table of code, severity and remedy.

    Args:
        rules: The rules, in the order of the table.
    """
    rows = (f"| `{rule.code}` | {rule.severity} | {rule.remedy.replace('|', chr(92) + '|')} |" for rule in rules)
    return "\n".join(("| rule | severity | what to do |", "|---|---|---|", *rows))
