"""The log is bounded, a record is a line, and no client can write what acts on a terminal or looks like a record."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from vqaft.server.serve import RECORDS_A_MINUTE, EscapingFormatter, RateLimit, server_log


def record(text: str, *, line: int = 1, error: Exception | None = None) -> logging.LogRecord:
    info = None if error is None else (type(error), error, None)
    return logging.LogRecord("name", logging.WARNING, "file.py", line, "%s", (text,), info)


def test_a_place_is_quiet_after_some_records_and_says_how_many_were_left_out() -> None:
    now = 0.0
    limit = RateLimit(clock=lambda: now)
    assert sum(limit.filter(record("a")) for _ in range(10_000)) == RECORDS_A_MINUTE
    assert limit.filter(record("b", line=2))
    now = 60.0
    later = record("a")
    assert limit.filter(later)
    assert later.getMessage() == "a (9990 more of these before)"
    now = 200.0
    assert limit.filter(after := record("a"))
    assert after.getMessage() == "a"


def test_a_record_is_one_line_of_printable_text() -> None:
    shown = EscapingFormatter("%(levelname)s %(message)s").format(record("a\nERROR forged\x1b[31m\u202e"))
    assert shown == "WARNING a\\nERROR forged\\x1b[31m\\u202e"


def test_a_traceback_is_indented_and_cut() -> None:
    error = ValueError("x\nERROR forged\x1b" + "y" * 50_000)
    shown = EscapingFormatter("%(levelname)s %(message)s").format(record("a", error=error))
    first, *rest = shown.splitlines()
    assert first == "WARNING a"
    assert all(line.startswith("    ") for line in rest)
    assert "\x1b" not in shown
    assert len(shown) < 20_000


@pytest.fixture
def handlers() -> Iterator[list[logging.Handler]]:
    before = [*logging.getLogger().handlers]
    yield before
    assert logging.getLogger().handlers == before


def test_the_log_is_written_to_standard_error(
    capsys: pytest.CaptureFixture[str], handlers: list[logging.Handler]
) -> None:
    with server_log():
        logging.getLogger("vqaft.server").warning("hello %s", "\x1b")
        assert len(logging.getLogger().handlers) == len(handlers) + 1
    assert capsys.readouterr().err.endswith("WARNING vqaft.server: hello \\x1b\n")
