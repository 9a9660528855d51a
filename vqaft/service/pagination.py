"""Cursor pagination: a list that a service gives in pages, bounded against lists that do not end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from vqaft.errors import RequestRefusedError

Entry = TypeVar("Entry")

MAX_PAGES = 500
"""Pages of one list; at 100 entries a page, 50,000 jobs. A longer list counts as endless."""

MAX_ENTRIES = 200_000
"""Entries of one list, whatever the length of its pages."""


@dataclass(frozen=True, kw_only=True)
class Page(Generic[Entry]):
    """A page of a list, newest first as the services give it.

    Attributes:
        entries: What is on the page.
        after: The cursor of the next page; None on the last page.
    """

    entries: tuple[Entry, ...]
    after: str | None = None


def paginate(fetch: Callable[[str | None], Page[Entry]], *, max_pages: int = MAX_PAGES) -> Iterator[Entry]:
    """Yield the entries of a list, page by page.

    A page whose cursor was seen already ends the list, and is not yielded: a service that loops, or ignores cursors,
    must not make its client loop.

    Args:
        fetch: Returns the page after the given cursor; the first one for None.
        max_pages: The most pages to fetch.

    Yields:
        The entries, newest first.

    Raises:
        RequestRefusedError: If there are more pages or entries: from a list that was not read to its end nobody may
            conclude that something is not in it.
    """
    seen: set[str | None] = set()
    after: str | None = None
    count = 0
    hint = "Ask the service's support: its list does not end."
    while after not in seen:
        if len(seen) == max_pages:
            raise RequestRefusedError(f"a list of the service has more than {max_pages} pages", hint=hint)
        seen.add(after)
        page = fetch(after)
        count += len(page.entries)
        if count > MAX_ENTRIES:
            raise RequestRefusedError(f"a list of the service has more than {MAX_ENTRIES} entries", hint=hint)
        if page.after is not None and page.after in seen:
            return  # the same page again: the service does not know cursors
        yield from page.entries
        if page.after is None:
            return
        after = page.after
