"""One page of a list that the service gives in pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

Entry = TypeVar("Entry")


@dataclass(frozen=True, kw_only=True)
class Page(Generic[Entry]):
    """A piece of a list, newest first as the services give it.

    Attributes:
        entries: What is on the page.
        after: What to ask the next page by; None on the last page.
    """

    entries: tuple[Entry, ...]
    after: str | None = None


def paginate(fetch: Callable[[str | None], Page[Entry]]) -> Iterator[Entry]:
    """Go through a list page by page.

    A page that was seen already ends the list: a service that loops must not make its client loop.

    Args:
        fetch: Gives the page after the given mark; the first one for None.

    Yields:
        The entries, newest first.
    """
    seen: set[str | None] = set()
    after: str | None = None
    while after not in seen:
        seen.add(after)
        page = fetch(after)
        yield from page.entries
        if page.after is None:
            return
        after = page.after
