"""Bytes that are on the disk when the call returns."""

from __future__ import annotations

import itertools
import os
import signal

CRASH_VARIABLE = "VQAFT_CRASH_AT"
"""For tests alone: "7:torn" kills the process in its seventh durable write, half-way; also ":before" and ":after"."""

_writes = itertools.count(1)


def write_durably(descriptor: int, content: bytes, *, sync: bool = True) -> None:
    """Append bytes to an open file in one go and, where wanted, wait until the disk has them.

    Every write of a log passes through here, so that a test can kill a process in each of them.

    Args:
        descriptor: A file open for appending.
        content: What to write.
        sync: Whether to wait for the disk; else a power cut can take the bytes, though no kill can.

    Raises:
        OSError: If the disk is full or fails; then the file is as long as before.
    """
    crash = _crash_here()
    if crash == "before":
        _kill()
    before = os.fstat(descriptor).st_size
    try:
        _write_all(descriptor, content[: len(content) // 2] if crash == "torn" else content)
    except OSError:
        os.ftruncate(descriptor, before)
        raise
    if crash in {"torn", "after"}:
        _kill()
    if sync:
        os.fsync(descriptor)


def crash_point() -> None:
    """Count a step that makes a file appear as one of the durable writes."""
    if _crash_here():
        _kill()


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _crash_here() -> str | None:
    wanted = os.environ.get(CRASH_VARIABLE)
    if not wanted:
        return None
    number, _, place = wanted.partition(":")
    return (place or "after") if next(_writes) == int(number) else None


def _kill() -> None:  # pragma: no cover - the process is gone before coverage is written
    os.kill(os.getpid(), signal.SIGKILL)
