"""Slow reads of large files in one background thread; their results are kept as long as the file is the same."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias

from vqaft.errors import StateError, VqaftError

Status: TypeAlias = Literal["waiting", "running", "done", "failed"]
Report: TypeAlias = Callable[[int], object]
"""What a reader tells how many bytes it has read; it raises where the reading is to end."""
MAX_RESULTS = 24
"""Results that are kept; the one that was asked for longest ago goes first."""
CLOSE_S = 1.0


@dataclass(kw_only=True)
class Reading:
    """The state of one slow read.

    Attributes:
        status: How far it is.
        value: What it gave, once it is done.
        error: Why it failed, in words.
        size_bytes: The length of the file.
        read_bytes: How much of it was read, as far as the reader says it.
        finished: Set when it is done or has failed.
    """

    status: Status = "waiting"
    value: Any = None
    error: str = ""
    size_bytes: int = 0
    read_bytes: int = 0
    finished: threading.Event = field(default_factory=threading.Event)

    @property
    def share(self) -> float | None:
        """How much of the file was read, 0 to 1; None where nothing is known."""
        return min(1.0, self.read_bytes / self.size_bytes) if self.read_bytes and self.size_bytes else None


class BackgroundReader:
    """Reads files one after the other, each for as many askers as there are; `close` ends it.

    Args:
        max_results: How many results are kept.
    """

    def __init__(self, *, max_results: int = MAX_RESULTS) -> None:
        self._max_results = max_results
        self._lock = threading.Lock()
        self._readings: OrderedDict[tuple[Any, ...], Reading] = OrderedDict()
        self._queue: queue.SimpleQueue[tuple[Reading, Callable[[Report], Any]] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def ask(self, what: str, path: Path, read: Callable[[Report], Any], *, settings: tuple[Any, ...] = ()) -> Reading:
        """Return the state of a read, which starts with the first one who asks.

        Args:
            what: What is read, e.g. "check".
            path: The file.
            read: Reads it; called in the background.
            settings: What else the result depends on.

        Raises:
            StateError: If the file is gone.
        """
        key = (what, str(path), *file_identity(path), *settings)
        with self._lock:
            reading = self._readings.get(key)
            if reading is None:
                reading = self._readings[key] = Reading(size_bytes=key[4])
                self._queue.put((reading, read))
                self._start()
            self._readings.move_to_end(key)
            self._forget()
            return reading

    def known(self, what: str, path: Path, *, settings: tuple[Any, ...] = ()) -> Reading | None:
        """Return the state of a read that someone has asked for; None where nobody has.

        Args:
            what: What is read.
            path: The file.
            settings: What else the result depends on.
        """
        with self._lock, contextlib.suppress(StateError):
            return self._readings.get((what, str(path), *file_identity(path), *settings))
        return None

    def close(self) -> None:
        """End the thread and wait for it, at most a second; a read in progress ends where it next reports."""
        self._closed.set()
        self._queue.put(None)
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(CLOSE_S)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="vqaft-workbench-reader", daemon=True)
            self._thread.start()

    def _forget(self) -> None:
        done = [key for key, reading in self._readings.items() if reading.finished.is_set()]
        for key in done[: max(0, len(self._readings) - self._max_results)]:
            del self._readings[key]

    def _run(self) -> None:
        while (task := self._queue.get()) is not None and not self._closed.is_set():
            reading, read = task
            reading.status = "running"
            try:
                reading.value = read(partial(self._note, reading))
                reading.status = "done"
            except VqaftError as error:
                reading.status, reading.error = "failed", str(error)
            except _ClosedError:
                return
            except Exception as error:  # noqa: BLE001 - shown to the person who asked; the thread goes on
                reading.status, reading.error = "failed", f"{type(error).__name__}: {error}"
            finally:
                reading.finished.set()

    def _note(self, reading: Reading, done: int) -> None:
        if self._closed.is_set():
            raise _ClosedError
        reading.read_bytes = done


class _ClosedError(Exception):
    """Ends a read whose server stops."""


def file_identity(path: Path) -> tuple[int, int, int, int]:
    """Return device, inode, length and time of change of a file.

    Args:
        path: The file.

    Raises:
        StateError: If it is gone.
    """
    try:
        state = os.stat(path)  # noqa: PTH116 - one call
    except OSError as error:
        raise StateError(f"the file cannot be read: {error.strerror}", path=path) from error
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns
