"""What was really done, and would be on the bill."""

from __future__ import annotations

import re
import threading
from collections import Counter
from dataclasses import dataclass
from typing import Literal, TypeAlias

from vqaft.typed import typed

Work: TypeAlias = Literal["completion", "job", "file", "upload", "part", "upload-completed", "batch"]

ROUTES: tuple[tuple[str, Work], ...] = (
    (r"/v1/chat/completions", "completion"),
    (r"/v1/fine_tuning/jobs", "job"),
    (r"/v1/files", "file"),
    (r"/v1/uploads", "upload"),
    (r"/v1/uploads/[^/]+/parts", "part"),
    (r"/v1/uploads/[^/]+/complete", "upload-completed"),
    (r"/v1/batches", "batch"),
)


@dataclass(frozen=True, kw_only=True)
@typed
class Billed:
    """One piece of work.

    Attributes:
        work: What was done.
        request: SHA-256 of the request's body, in hexadecimal; equal for two requests that are the same.
        answer: The body of the answer, whether or not it arrived.
    """

    work: Work
    request: str
    answer: bytes


class BillingJournal:
    """The only witness of "paid twice": written by the server when work is done, whatever becomes of the answer."""

    def __init__(self) -> None:
        self._entries: list[Billed] = []
        self._lock = threading.Lock()

    def note(self, method: str, path: str, *, request: str, answer: bytes) -> None:
        """Write down a request that was carried out, where it is one that makes something.

        Args:
            method: The request's method.
            path: Its path.
            request: The hash of its body.
            answer: The body of its answer.
        """
        work = next((work for pattern, work in ROUTES if re.fullmatch(pattern, path)), None)
        if method == "POST" and work is not None:
            with self._lock:
                self._entries.append(Billed(work=work, request=request, answer=answer))

    def entries(self, work: Work | None = None) -> tuple[Billed, ...]:
        """Return what was done, in order; of one kind, or all."""
        with self._lock:
            return tuple(entry for entry in self._entries if work in {None, entry.work})

    def count(self, work: Work) -> int:
        """Count how often something was done."""
        return len(self.entries(work))

    def repeated(self, work: Work) -> int:
        """Count how often something was repeated by the same request."""
        counts = Counter(entry.request for entry in self.entries(work))
        return sum(count - 1 for count in counts.values())

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
