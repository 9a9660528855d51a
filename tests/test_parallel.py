"""Results in order, input read only as far as the window, errors where they belong."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqaft.errors import DataError
from vqaft.parallel import BackgroundWriter, adaptive_map, ordered_map, worker_count


@given(st.lists(st.integers(), max_size=30), st.integers(1, 5), st.integers(1, 7))
def test_equals_map(items: list[int], max_workers: int, window: int) -> None:
    assert list(ordered_map(str, items, max_workers=max_workers, window=window)) == list(map(str, items))


def test_reads_no_further_ahead_than_the_window() -> None:
    read: list[int] = []

    def source() -> Iterator[int]:
        for number in range(100):
            read.append(number)
            yield number

    results = ordered_map(lambda number: number, source(), max_workers=2, window=4)
    next(results)
    assert len(read) <= 4
    results.close()


def test_runs_at_the_same_time() -> None:
    meeting = threading.Barrier(3, timeout=10)
    assert len(list(ordered_map(lambda _: meeting.wait(), range(3), max_workers=3, window=3))) == 3


def test_an_error_comes_in_its_turn() -> None:
    def invert(number: int) -> float:
        return 1 / number

    results = ordered_map(invert, [1, 2, 0, 4], max_workers=2)
    assert [next(results), next(results)] == [1, 0.5]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_a_shortcut_spares_the_threads() -> None:
    asked: list[int] = []

    def slowly(number: int) -> str:
        asked.append(number)
        return str(number)

    def quickly(number: int) -> str | None:
        return str(number) if number % 2 else None

    assert list(ordered_map(slowly, range(9), max_workers=2, shortcut=quickly)) == list(map(str, range(9)))
    assert sorted(asked) == [0, 2, 4, 6, 8]


@pytest.mark.parametrize("seconds", [0.0, 0.003])
def test_threads_are_started_for_slow_calls_alone(seconds: float) -> None:
    def work(number: int) -> tuple[int, int]:
        time.sleep(seconds)
        return number, threading.get_ident()

    found = list(adaptive_map(work, range(12), max_workers=2))
    assert [number for number, _ in found] == list(range(12))
    mine = [thread == threading.get_ident() for _, thread in found]
    assert all(mine[:3])
    if seconds:
        assert not any(mine[3:])


@given(st.lists(st.integers(), max_size=30), st.integers(1, 5))
def test_work_behind_keeps_the_order(items: list[int], window: int) -> None:
    done: list[int] = []
    with BackgroundWriter(done.append, window=window) as add:
        for item in items:
            add(item)
    assert done == items


def test_work_behind_stops_at_its_first_error() -> None:
    done: list[float] = []

    def invert(number: int) -> None:
        done.append(1 / number)

    def run() -> None:
        with BackgroundWriter(invert, window=5) as add:
            for number in (1, 0, 2, 4):
                add(number)

    with pytest.raises(ZeroDivisionError):
        run()
    assert done == [1]


def test_an_error_of_the_caller_is_the_one_that_is_raised() -> None:
    def run() -> None:
        with BackgroundWriter(int) as add:
            add("no number")
            raise KeyError("the caller's own")

    with pytest.raises(KeyError):
        run()


def test_one_rule_says_how_many_threads_there_are() -> None:
    assert worker_count(None) == os.cpu_count()
    assert worker_count(None, waiting=True) == 32
    assert worker_count(3) == worker_count(3, waiting=True) == 3
    for wrong in (0, -1, True, 1.5, "4"):
        with pytest.raises(DataError, match="max_workers is"):
            worker_count(wrong)  # type: ignore[arg-type]
