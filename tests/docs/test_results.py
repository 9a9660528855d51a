"""The tables of the documentation are those that the benchmarks printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import lenient_match
from benchmarks.paste_tables import MARK, RESULTS, pasted, tables

ROOT = Path(__file__).resolve().parents[2]
PAGES = [page for page in sorted((ROOT / "docs").rglob("*.md")) if MARK.search(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tables_are_those_of_the_results(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert pasted(text) == text, "run python -m benchmarks.paste_tables"


def test_a_changed_figure_is_found() -> None:
    page = "<!-- table: lenient_match 1 -->\n\n| rule | precision |\n|---|---|\n| `LenientMatch` | 0.999 |\n\nText"
    assert pasted(page) != page
    assert pasted(page).endswith("\n\nText")
    assert pasted(pasted(page)) == pasted(page)


def test_no_table_of_the_page_on_trust_is_written_by_hand() -> None:
    text = (ROOT / "docs" / "explanation" / "trust.md").read_text(encoding="utf-8")
    assert len(tables(text)) == len(MARK.findall(text))


def test_lenient_match_does_what_its_table_says(capsys: pytest.CaptureFixture[str]) -> None:
    lenient_match.main()
    assert capsys.readouterr().out == (RESULTS / "lenient_match.md").read_text(encoding="utf-8")
