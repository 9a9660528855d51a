"""Many requests handed over at once, answered within a day: the seam to a Batch API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from vqaft.tuning import FilesBackend, Page

FINAL_STATUSES = frozenset({"completed", "failed", "expired", "cancelled"})


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A batch as the service last described it.

    Attributes:
        id: The service's id.
        status: An open set; see `is_final`.
        output_file: Id of the file with the answers; one that expired or was cancelled may have one too.
        error_file: Id of the file with the requests that failed.
        metadata: What was kept with the batch.
        done: How many requests are answered or failed, as far as said.
        total: How many there are, as far as said.
        problem: What was wrong with the whole batch, in the service's words.
    """

    id: str
    status: str
    output_file: str | None = None
    error_file: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    done: int | None = None
    total: int | None = None
    problem: str | None = None

    @property
    def is_final(self) -> bool:
        """Whether the status never changes again; unknown ones are taken as still going."""
        return self.status in FINAL_STATUSES


class BatchBackend(FilesBackend, Protocol):
    """What a service must be able to do to take batches; each method makes one request and never repeats it."""

    def create_batch(self, input_file: str, *, metadata: Mapping[str, str]) -> Batch:
        """Hand over a file of requests. Repeating this call makes a second, paid batch."""
        ...

    def retrieve_batch(self, batch_id: str) -> Batch:
        """Describe a batch."""
        ...

    def list_batches(self, *, after: str | None = None) -> Page[Batch]:
        """Give a page of the account's batches, newest first."""
        ...
