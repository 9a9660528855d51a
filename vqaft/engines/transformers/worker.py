"""Answering process: one base model in memory, many adapters, waiting requests answered in batches.

`python -m vqaft.engines.transformers.worker BASE` reads requests and writes replies as JSON lines; it ends when its
standard input does.

    {"id": 1, "adapter": null, "messages": […], "max_tokens": 64, "max_image_pixels": 1003520, "stream": false}
    {"id": 1, "delta": "a cat"}                                          while it streams
    {"id": 1, "text": "a cat", "finish_reason": "stop", "prompt_tokens": 47, "completion_tokens": 3}
    {"id": 1, "error": "…", "hint": null, "fault": "request"}            or "server"
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from vqaft.engines.transformers.generation import Generator, Request
from vqaft.engines.transformers.task import claim_stdout
from vqaft.errors import DataError, VqaftError

MAX_BATCH = 16
"""Requests that are answered together."""
WAIT_S = 0.02
"""How long a request waits for others to be answered with."""


class Replies:
    """Writes replies as JSON lines, from any thread.

    Args:
        stream: Where to.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._lock = stream, threading.Lock()

    def send(self, **values: Any) -> None:
        """Write one reply."""
        with self._lock:
            self._stream.write(json.dumps(values) + "\n")
            self._stream.flush()

    def refuse(self, number: int, error: Exception) -> None:
        """Write why a request is not answered."""
        fault = "request" if isinstance(error, DataError) else "server"
        words = error.message if isinstance(error, VqaftError) else f"{type(error).__name__}: {error}"
        self.send(id=number, error=words, hint=getattr(error, "hint", None), fault=fault)


def main() -> None:
    """Load the base model named on the command line and answer until standard input ends."""
    replies = Replies(claim_stdout())
    try:
        generator = Generator.load(Path(sys.argv[1]))
    except Exception as error:  # noqa: BLE001 - whatever it is, the server must hear of it
        traceback.print_exc()
        replies.refuse(0, error)
        sys.exit(1)
    replies.send(id=0, ready=True)
    waiting: queue.Queue[Request] = queue.Queue()
    threading.Thread(target=_read, args=(waiting, replies), daemon=True).start()
    for batch in _batches(waiting):
        _answer(generator, batch, replies)


def _read(waiting: queue.Queue[Request], replies: Replies) -> None:
    for line in sys.stdin.buffer:
        try:
            waiting.put(Request.parse(line))
        except Exception as error:  # noqa: BLE001 - one bad request must not end the others
            replies.refuse(json.loads(line)["id"], error)
    os._exit(0)  # no request is waiting; torch would take seconds to shut down


def _batches(waiting: queue.Queue[Request]) -> Iterator[list[Request]]:
    """Group requests that wait; the order of the others is kept."""
    held: Request | None = None
    while True:
        first = held or waiting.get()
        held = None
        batch = [first]
        while len(batch) < MAX_BATCH:
            try:
                following = waiting.get(timeout=WAIT_S)
            except queue.Empty:
                break
            if not first.joins(following):
                held = following
                break
            batch.append(following)
        yield batch


def _answer(generator: Generator, batch: list[Request], replies: Replies) -> None:
    try:
        for reply in generator.answer(batch, on_delta=lambda number, text: replies.send(id=number, delta=text)):
            replies.send(**reply)
    except Exception as error:  # noqa: BLE001 - the next batch must have its turn
        traceback.print_exc()
        _answer_singly(generator, batch, replies, error)


def _answer_singly(generator: Generator, batch: list[Request], replies: Replies, error: Exception) -> None:
    """Answer the requests of a batch that failed one by one, so that only the one at fault fails."""
    if len(batch) == 1:
        replies.refuse(batch[0].id, error)
        return
    for request in batch:
        _answer(generator, [request], replies)


if __name__ == "__main__":
    main()
