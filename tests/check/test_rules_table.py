"""The page about the check lists the rules that there are."""

from __future__ import annotations

from pathlib import Path

from vqaft.check import RULES, rules_table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "check.md"


def test_the_page_lists_every_rule_as_it_is() -> None:
    assert rules_table() in PAGE.read_text(encoding="utf-8")


def test_the_table_has_a_line_for_each_rule() -> None:
    assert rules_table().count("\n") == len(RULES) + 1
