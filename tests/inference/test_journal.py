"""The journal keeps in memory where an answer stands, and finds it wherever it stands now."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest

from vqaft import Prediction
from vqaft.errors import StateError
from vqaft.inference import Failure, Journal


def answered(number: int) -> Prediction:
    return Prediction(example_id=f"e{number}", model="m", answer=f"answer {number} \u00e9 \ud800", prompt_tokens=number)


def found(journal: Journal, number: int) -> Prediction | None:
    return journal.find(f"k{number}", example_id=f"e{number}")


def test_answers_are_found_in_the_run_and_in_the_next_one(tmp_path: Path) -> None:
    failed = Prediction(example_id="e9", model="m", failure=Failure(kind="refused", message="no"))
    for _ in range(2):
        with Journal(tmp_path / "j") as journal:
            if not len(journal):
                for number in range(3):
                    journal.keep(f"k{number}", answered(number))
                journal.keep("k9", failed)
            assert [found(journal, number) for number in range(3)] == [answered(number) for number in range(3)]
            assert found(journal, 9) == failed
            assert found(journal, 4) is None
            assert len(journal) == 4
    assert found(journal, 1) == answered(1)  # closed


def test_a_file_that_was_put_back_with_its_lines_elsewhere_is_read_where_they_are(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with Journal(path) as journal:
        for number in range(4):
            journal.keep(f"k{number}", answered(number))
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(reversed(lines)))  # the same file, as some editors save
        assert [found(journal, number) for number in range(4)] == [answered(number) for number in range(4)]
        journal.keep("k4", answered(4))
        assert found(journal, 4) == answered(4)
        os.truncate(path, len(lines[3]))
        assert found(journal, 3) == answered(3)
        with pytest.raises(StateError, match="no longer holds the answer"):
            found(journal, 0)


def test_a_thousand_long_answers_take_little_memory(tmp_path: Path) -> None:
    long = "a long answer " * 200
    with Journal(tmp_path / "j") as journal:
        journal.keep("first", Prediction(example_id="e", model="m", answer=long))
        tracemalloc.start()
        for number in range(1000):
            journal.keep(f"{number:032x}", Prediction(example_id="e", model="m", answer=f"{number} {long}"))
        grown, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert grown < 400_000
