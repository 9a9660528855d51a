"""All rules that are looked for where nothing else is asked for."""

from __future__ import annotations

from vqaft.records.check.rule import Rule
from vqaft.records.check.rules import (
    EXTRAS_RULES,
    FILE_RULES,
    FILES_RULES,
    IMAGE_RULES,
    LINE_RULES,
    ROLES_RULES,
    ROWS_RULES,
    STRUCTURE_RULES,
    TEXT_RULES,
    TOKEN_RULES,
    URL_RULES,
)

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
