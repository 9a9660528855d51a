"""The page about the check lists the rules that there are."""

from __future__ import annotations

from pathlib import Path

from vqaft.records import RULES
from vqaft.records.check import rules_table

PAGE = Path(__file__).resolve().parents[3] / "docs" / "check.md"


def test_the_page_lists_every_rule_as_it_is() -> None:
    assert rules_table() in PAGE.read_text(encoding="utf-8")


def test_the_table_has_a_line_for_each_rule() -> None:
    assert rules_table().count("\n") == len(RULES) + 1
