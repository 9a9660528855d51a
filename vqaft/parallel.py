"""Concurrent calls by threads: results in order, memory bounded, and an end within a second of Ctrl-C."""

from __future__ import annotations

import itertools
import math
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from types import TracebackType
from typing import Generic, Self, TypeVar

from vqaft.errors import DataError, shown

Item = TypeVar("Item")
Result = TypeVar("Result")

PROBED = 3
SLOW_S = 0.001
GRACE_S = 1.0
"""Seconds for which calls that are running are waited for after an interrupt; then their threads are left behind."""
WAITING_WORKERS = 32
"""Threads that wait for a service, where the caller does not say how many."""


def worker_count(max_workers: int | None, *, waiting: bool = False) -> int:
    """Return how many threads to use, by the one rule for every `max_workers`.

    Args:
        max_workers: What the caller asks for, at least 1. None: as many as there are processors, or 32 where they wait
            for a service.
        waiting: Whether the threads wait for a service.

    Raises:
        DataError: If it is not a number of at least 1.
    """
    if max_workers is None:
        return WAITING_WORKERS if waiting else os.cpu_count() or 1
    given: object = max_workers
    if isinstance(given, bool) or not isinstance(given, int) or given < 1:
        raise DataError(f"max_workers is {shown(max_workers)}, not a number of at least 1, or None")
    return given


def ordered_map(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    max_workers: int,
    window: int | None = None,
    shortcut: Callable[[Item], Result | None] | None = None,
    stop: threading.Event | None = None,
) -> Generator[Result]:
    """Apply a function to items in threads and yield the results in the order of the items.

    Unlike `Executor.map` it reads its input only as far ahead as the window, so a stream of large items stays a
    stream. An error in the function is raised when its result's turn comes; what has not been started is dropped, and
    what is running is waited for. After Ctrl-C, and where the caller takes no more results, it is waited for a second
    only: the threads are daemons, which do not keep the process.

    Args:
        function: What to apply; called from several threads concurrently.
        items: The inputs, read lazily.
        max_workers: How many threads, at least 1. With 1 no thread is started.
        window: How many items may be running or waiting; `2 * max_workers` by default.
        shortcut: Asked first, in the caller's own thread: a result that costs less than handing the item to a thread,
            or None.
        stop: Set as soon as no more results are wanted (at the end, by an error, by Ctrl-C), for the function to heed.

    Yields:
        The results, in the order of the items.
    """
    if max_workers <= 1:
        yield from map(function, items)
        return
    quick = shortcut or _none
    pool = _DaemonPool(max_workers)
    pending: deque[Future[Result]] = deque()
    wait_s: float | None = None
    try:
        for item in items:
            ready = quick(item)
            pending.append(pool.submit(function, item) if ready is None else _done(ready))
            if len(pending) >= (window or 2 * max_workers):
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    except (KeyboardInterrupt, GeneratorExit):
        wait_s = GRACE_S
        raise
    finally:
        (stop or threading.Event()).set()
        pool.shut_down(wait_s=wait_s)


def adaptive_map(
    function: Callable[[Item], Result], items: Iterable[Item], *, max_workers: int, window: int | None = None
) -> Generator[Result]:
    """Apply a function to items as `ordered_map`, in threads only if it takes a millisecond or more.

    Handing an item to a thread costs more than a short call that holds the interpreter lock. The first three calls,
    made in the thread of the caller, show how long they take.

    Args:
        function: What to apply; called from several threads concurrently if it is slow.
        items: The inputs, read lazily.
        max_workers: How many threads, at least 1.
        window: As for `ordered_map`.

    Yields:
        The results, in the order of the items.
    """
    rest = iter(items)
    fastest_s = math.inf
    for item in itertools.islice(rest, PROBED):
        start = time.perf_counter()
        result = function(item)
        fastest_s = min(fastest_s, time.perf_counter() - start)
        yield result
    yield from ordered_map(function, rest, max_workers=max_workers if fastest_s >= SLOW_S else 1, window=window)


class _DaemonPool:
    """Threads that call functions; unlike those of `ThreadPoolExecutor`, they do not keep a process from ending."""

    def __init__(self, max_workers: int) -> None:
        self._most = max_workers
        self._waiting: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._threads: list[threading.Thread] = []
        self._is_shut = False

    def submit(self, function: Callable[[Item], Result], item: Item) -> Future[Result]:
        future: Future[Result] = Future()

        def work() -> None:
            if self._is_shut:
                future.cancel()
                return
            try:
                future.set_result(function(item))
            except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
                future.set_exception(error)

        self._waiting.put(work)
        if not self._idle.acquire(blocking=False) and len(self._threads) < self._most:
            self._start_thread()
        return future

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._run, name="vqaft", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the machine gives no more threads: those that there are do the work
            if not self._threads:
                raise
            self._most = len(self._threads)
            return
        self._threads.append(thread)

    def shut_down(self, *, wait_s: float | None) -> None:
        """Drop what has not been started, and wait for what is running; no longer than `wait_s` where it is given."""
        self._is_shut = True
        for _ in self._threads:
            self._waiting.put(None)
        end = None if wait_s is None else time.monotonic() + wait_s
        for thread in self._threads:
            thread.join(None if end is None else max(0.0, end - time.monotonic()))

    def _run(self) -> None:
        while (work := self._waiting.get()) is not None:
            work()
            self._idle.release()


def _none(_: object) -> None:
    return None


def _done(result: Result) -> Future[Result]:
    future: Future[Result] = Future()
    future.set_result(result)
    return future


class BackgroundWriter(Generic[Item]):
    """Work that follows its caller in a thread of its own, item by item in their order.

    The end of the `with` block waits for what is left. An error of the work is raised by the next call, or by the end
    of the block, and nothing is worked on after it.

    Args:
        work: What to do with each item.
        window: How many items may be running or waiting; a caller that is further ahead waits.
    """

    def __init__(self, work: Callable[[Item], object], *, window: int = 2) -> None:
        self._work = work
        self._window = window
        self._is_sound = True
        self._pending: deque[Future[object]] = deque()
        self._pool = _DaemonPool(1)

    def __call__(self, item: Item) -> None:
        """Add an item; returns before it is worked on."""
        if len(self._pending) >= self._window:
            self._pending.popleft().result()
        self._pending.append(self._pool.submit(self._step, item))

    def _step(self, item: Item) -> None:
        if self._is_sound:
            self._is_sound = False
            self._work(item)
            self._is_sound = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            while self._pending and error is None:
                self._pending.popleft().result()
        finally:
            self._pool.shut_down(wait_s=GRACE_S if isinstance(error, KeyboardInterrupt) else None)
