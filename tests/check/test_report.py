"""A report for people, for programs and for scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.records.pictures import example
from vqaft.check import check_file, check_files
from vqaft.errors import DataError, RecordError
from vqaft.records import MessageBuilder, write_jsonl

BAD = b'{"messages": [{"role": "user", "content": "<b>?</b>"}, {"role": "assistant", "content": ""}], "<x>": 1}\n'


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.jsonl"
    rows = MessageBuilder().records(map(example, range(9)))
    path.write_bytes(write_jsonl(tmp_path / "good.jsonl", rows).path.read_bytes() + BAD)
    return path


def test_the_first_error_is_raised_with_its_place(bad: Path) -> None:
    report = check_file(bad)
    with pytest.raises(RecordError, match=r"structure.unknown-key.*and 1 more errors") as caught:
        report.raise_for_errors()
    assert (caught.value.path, caught.value.line) == (str(bad), 10)
    assert (report.ok, report.exit_code) == (False, 1)


def test_a_sound_file_raises_nothing(tmp_path: Path) -> None:
    rows = MessageBuilder().records(map(example, range(12)))
    report = check_file(write_jsonl(tmp_path / "good.jsonl", rows).path)
    assert "<table" not in report._repr_html_()  # heads without rows say nothing
    report.raise_for_errors()
    assert (report.ok, report.exit_code, report.rows) == (True, 0, 12)


def test_programs_read_the_same(bad: Path) -> None:
    report = check_file(bad)
    read = json.loads(report.to_json())
    assert [problem["code"] for problem in read["problems"]] == [problem.code for problem in report.problems]
    assert read["unchecked"] == list(report.unchecked)
    assert "max_row_tokens" in read["unchecked"]


def test_people_see_a_table_without_markup_of_strangers(bad: Path) -> None:
    report = check_file(bad)
    assert "&lt;x&gt;" in report._repr_html_()
    assert "<x>" not in report._repr_html_()
    assert "text.empty-answer" in str(report)


def test_of_several_files_each_line_names_its_own(bad: Path) -> None:
    report = check_files({"train": bad, "test": bad.with_name("good.jsonl")})
    assert "good.jsonl:1" in str(report)
    assert report.counts["files.same-row"] == 9
    with pytest.raises(DataError, match="not one of train, validation, test"):
        check_files({"dev": bad})


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        check_file(tmp_path / "missing.jsonl")
