"""The server's side of the answering process: started when it is first asked, shared by a base and its adapters."""

from __future__ import annotations

import itertools
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from vqaft.engines.engine import ChatAnswer, ChatTurn
from vqaft.engines.transformers.launch import rank_environment
from vqaft.errors import DataError, StateError

WORKER_MODULE = "vqaft.engines.transformers.worker"
DEFAULT_MAX_TOKENS = 512
"""Tokens of an answer where a request sets no limit."""

LAST_ANSWERS_S = 30.0
"""Seconds that a process which is to stop may take to answer what it was asked."""

Reply = Mapping[str, Any]


class Asker(Protocol):
    """Where requests are answered."""

    def ask(self, request: Mapping[str, Any]) -> Iterator[Reply]:
        """Ask; the last reply holds the whole answer."""
        ...


class AnswerProcess:
    """Starts the process that answers, hands it requests, and hands their replies back.

    Args:
        base: Folder of the base model.
        log: File that the process's messages are appended to; None discards them.
    """

    def __init__(self, base: Path, *, log: Path | None = None) -> None:
        self._base, self._log = base, log
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._running: _Running | None = None

    def ask(self, request: Mapping[str, Any]) -> Iterator[Reply]:
        """Ask; the last reply holds the whole answer.

        Args:
            request: What `vqaft.engines.transformers.worker` takes, without its id.

        Raises:
            DataError: If the request cannot be answered: an image, a message, a schema.
            StateError: If the process failed.
        """
        for attempt in (1, 2):
            number = next(self._numbers)
            running = self._started()
            replies = running.send({**request, "id": number}, number)
            reply = replies.get()
            if reply is not None or not running.stopped or attempt == 2:  # noqa: PLR2004 - the last
                break  # else it was stopped between the start of this question and its sending
        while reply is not None:
            if "error" in reply:
                kind = DataError if reply.get("fault") == "request" else StateError
                raise kind(reply["error"], hint=reply.get("hint"))
            yield reply
            if "text" in reply:
                return
            reply = replies.get()
        raise StateError("the answering process ended", hint=running.last_words())

    def stop(self) -> None:
        """End the process once it has answered what it was asked; the next question starts another one."""
        with self._lock:
            running, self._running = self._running, None
        if running is not None:
            running.stop()

    @property
    def pid(self) -> int | None:
        """Id of the running process; None where none runs."""
        running = self._running
        return None if running is None or not running.alive else running.pid

    def _started(self) -> _Running:
        with self._lock:
            if self._running is None or not self._running.alive:
                self._running = _Running(self._base, self._log)
            return self._running


class _Running:
    """One process and the requests that it has not answered yet."""

    def __init__(self, base: Path, log: Path | None) -> None:
        self._log = log
        with (Path(os.devnull) if log is None else log).open("ab") as errors:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, by this interpreter
                [sys.executable, "-m", WORKER_MODULE, str(base)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, **rank_environment(1)},
                start_new_session=True,  # Ctrl-C is for the server
            )
        self._waiting: dict[int, queue.Queue[Reply | None]] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._ended = False
        self.stopped = False
        self._idle = threading.Condition(self._lock)
        self._failure: Reply | None = None
        threading.Thread(target=self._listen, name="vqaft-answers", daemon=True).start()

    @property
    def alive(self) -> bool:
        return not self._ended and self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, request: Mapping[str, Any], number: int) -> queue.Queue[Reply | None]:
        replies: queue.Queue[Reply | None] = queue.Queue()
        with self._lock:
            if self._ended:
                replies.put(self._failure)
                return replies
            self._waiting[number] = replies
        try:
            with self._writing:
                assert self._process.stdin is not None  # noqa: S101 - it is a pipe
                self._process.stdin.write(json.dumps(request).encode() + b"\n")
                self._process.stdin.flush()
        except (OSError, ValueError):  # it has ended, which the listener notices too
            replies.put(self._failure)
        return replies

    def _listen(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        for line in self._process.stdout:
            reply = json.loads(line)
            if reply["id"] == 0:
                self._failure = reply if "error" in reply else None
                continue
            with self._lock:
                replies = self._waiting.get(reply["id"])
                if "text" in reply or "error" in reply:
                    self._waiting.pop(reply["id"], None)
                    self._idle.notify_all()
            if replies is not None:
                replies.put(reply)
        self._process.wait()
        with self._lock:
            self._ended = True
            for replies in self._waiting.values():
                replies.put(self._failure)
            self._waiting.clear()
            self._idle.notify_all()

    def last_words(self) -> str | None:
        if self._log is None:
            return None
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else None

    def stop(self) -> None:
        with self._idle:
            self._idle.wait_for(lambda: not self._waiting, timeout=LAST_ANSWERS_S)
            self.stopped = True
        with self._writing:
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


@dataclass(frozen=True, kw_only=True)
class OpenWeightModel:
    """A base model, or an adapter on it, that answers.

    Attributes:
        process: The process that answers.
        adapter: Folder of the adapter; None for the base alone.
        max_pixels: Width × height that images are shrunk to, as in training.
    """

    process: Asker
    adapter: Path | None
    max_pixels: int

    def answer(self, turn: ChatTurn) -> ChatAnswer:
        """Answer a conversation; requests that arrive together are answered in one batch.

        Raises:
            DataError: If an image or a message cannot be used.
            StateError: If the answering process failed.
        """
        *_, last = self.process.ask(self._request(turn, stream=False))
        return _answer(last)

    def stream(self, turn: ChatTurn) -> Iterator[str | ChatAnswer]:
        """Answer a conversation piece by piece.

        Yields:
            Pieces of the text, then the whole answer.

        Raises:
            DataError: If an image or a message cannot be used.
            StateError: If the answering process failed.
        """
        for reply in self.process.ask(self._request(turn, stream=True)):
            yield _answer(reply) if "text" in reply else str(reply["delta"])

    def _request(self, turn: ChatTurn, *, stream: bool) -> dict[str, Any]:
        return {
            "adapter": None if self.adapter is None else str(self.adapter),
            "messages": [message.model_dump(mode="json", exclude_none=True) for message in turn.messages],
            "max_tokens": turn.max_tokens or DEFAULT_MAX_TOKENS,
            "temperature": turn.temperature or 0.0,
            "seed": turn.seed,
            "schema": None if turn.response_schema is None else dict(turn.response_schema),
            "max_image_pixels": self.max_pixels,
            "stream": stream,
        }


def _answer(reply: Reply) -> ChatAnswer:
    return ChatAnswer(
        text=reply["text"],
        finish_reason=reply["finish_reason"],
        prompt_tokens=reply["prompt_tokens"],
        completion_tokens=reply["completion_tokens"],
    )
