"""The table of the rules, which the reference shows."""

from __future__ import annotations

from vqaft.check import RULES, rules_table


def test_the_table_has_a_line_for_each_rule() -> None:
    assert rules_table().count("\n") == len(RULES) + 1
