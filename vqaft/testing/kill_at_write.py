"""Kill injection: the process kills itself in one of its durable writes, as a power cut or `kill -9` would."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
from collections.abc import Iterator
from typing import Any, Literal, NoReturn, TypeAlias
from unittest import mock

Place: TypeAlias = Literal["before", "torn", "after"]


@contextlib.contextmanager
def kill_at_write(number: int, place: Place = "after") -> Iterator[None]:
    """Kill this process in its n-th write to a log, or renaming of a file that was written atomically.

    Args:
        number: Which write, counted from 1 within the block.
        place: Before anything is written, when half of it is, or after all of it.

    Yields:
        Once, for the block in which writes are counted.
    """
    counter = itertools.count(1)
    write, replace = os.write, os.replace

    def write_or_die(descriptor: int, content: Any) -> int:
        if next(counter) != number:
            return write(descriptor, content)
        view = memoryview(content)
        written = {"before": 0, "torn": len(view) // 2, "after": len(view)}[place]
        write(descriptor, view[:written])
        return _die()

    def replace_or_die(source: Any, target: Any) -> None:
        is_here = next(counter) == number
        if not is_here or place == "after":
            replace(source, target)
        if is_here:
            _die()

    with mock.patch.object(os, "write", write_or_die), mock.patch.object(os, "replace", replace_or_die):
        yield


def _die() -> NoReturn:  # pragma: no cover - the process is gone before coverage is written
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError
