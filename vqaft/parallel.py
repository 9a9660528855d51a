"""Many calls at once by threads, results in order, memory bounded."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Self, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def ordered_map(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    workers: int,
    window: int | None = None,
    shortcut: Callable[[Item], Result | None] | None = None,
    stop: threading.Event | None = None,
) -> Generator[Result]:
    """Apply a function to items in threads and yield the results in the order of the items.

    Unlike `Executor.map` it reads its input only as far ahead as the window, so a stream of large items stays a
    stream. An error in the function is raised when its result's turn comes; what has not been started is dropped.

    Args:
        function: What to apply; called from several threads at once.
        items: The inputs, read lazily.
        workers: How many threads, at least 1. With 1 no thread is started.
        window: How many items may be under way or waiting at once; `2 * workers` by default.
        shortcut: Asked first, in the caller's own thread: a result that costs less than handing the item to a thread,
            or None.
        stop: Set as soon as no more results are wanted (at the end, by an error, by Ctrl-C), for the function to heed.

    Yields:
        The results, in the order of the items.
    """
    if workers <= 1:
        yield from map(function, items)
        return
    quick = shortcut or _none
    pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="vqaft")
    pending: deque[Future[Result]] = deque()
    try:
        for item in items:
            ready = quick(item)
            pending.append(pool.submit(function, item) if ready is None else _done(ready))
            if len(pending) >= (window or 2 * workers):
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        (stop or threading.Event()).set()
        pool.shutdown(wait=True, cancel_futures=True)


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
        window: How many items may be under way or waiting; a caller that is further ahead waits.
    """

    def __init__(self, work: Callable[[Item], object], *, window: int = 2) -> None:
        self._work = work
        self._window = window
        self._sound = True
        self._pending: deque[Future[object]] = deque()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="vqaft-behind")

    def __call__(self, item: Item) -> None:
        """Add an item; returns before it is worked on."""
        if len(self._pending) >= self._window:
            self._pending.popleft().result()
        self._pending.append(self._pool.submit(self._step, item))

    def _step(self, item: Item) -> None:
        if self._sound:
            self._sound = False
            self._work(item)
            self._sound = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            while self._pending and error is None:
                self._pending.popleft().result()
        finally:
            self._pool.shutdown(wait=True, cancel_futures=True)
