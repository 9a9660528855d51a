"""Work in a child process that may be killed, and what the works of the kill tests have in common."""

# ruff: noqa: T201 - the child says on standard error what went wrong

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import tqdm.auto  # noqa: F401 - loaded once, here, instead of in each child

from vqaft.data import VQAExample
from vqaft.errors import StateError

STATE_ERROR = 3


class Builder:
    """The question as the only message."""

    def request_json(self, example: VQAExample) -> bytes:
        return orjson.dumps([{"role": "user", "content": example.question}])


def examples(count: int) -> list[VQAExample]:
    return [VQAExample(id=f"e{number}", image=b"x", question=f"q{number}") for number in range(count)]


def write_result(folder: Path, result: list[Any]) -> None:
    (folder / "result.json").write_text(json.dumps(result))


def in_child(work: Callable[[], None], *, kill_after_s: float | None = None) -> int:
    """Do work in a child; return its exit code, `STATE_ERROR` for that kind and negative where a signal ended it."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - the child must never return
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(STATE_ERROR if isinstance(error, StateError) else 1)
        os._exit(0)
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
