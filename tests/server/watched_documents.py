"""Documents that note the status of what is changed; imported by tests of batches and of jobs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from vqaft.server.store.documents import Document, Documents


class WatchedDocuments(Documents):
    """Notes the status of a document before and after each write."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.seen: list[tuple[str, str]] = []

    @property
    def status_changes(self) -> list[tuple[str, str]]:
        """The writes that changed the status."""
        return [(old, new) for old, new in self.seen if old != new]

    def change(self, kind: str, name: str, edit: Callable[[Document], Document], **settings: Any) -> Document | None:
        def noted(old: Document) -> Document:
            new = edit(old)
            self.seen.append((old["status"], new["status"]))
            return new

        return super().change(kind, name, noted, **settings)
