"""Many calls at once by threads, results in order, memory bounded."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def ordered_map(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    workers: int,
    window: int | None = None,
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
        stop: Set as soon as no more results are wanted (at the end, by an error, by Ctrl-C), for the function to heed.

    Yields:
        The results, in the order of the items.
    """
    if workers <= 1:
        yield from map(function, items)
        return
    pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="vqaft")
    pending: deque[Future[Result]] = deque()
    try:
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) >= (window or 2 * workers):
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        (stop or threading.Event()).set()
        pool.shutdown(wait=True, cancel_futures=True)
