"""What a client asks of a service that stores files: its protocol, its lists page by page, and what is no backend."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Generic, Protocol, TypeAlias, TypeVar

from vqaft.errors import DataError, RequestRefusedError, ServiceError
from vqaft.typed import typed

Entry = TypeVar("Entry")

MAX_PAGES = 500
"""Pages of one list; at 100 entries a page, 50,000 jobs. A longer list counts as endless."""

MAX_ENTRIES = 200_000
"""Entries of one list, whatever the length of its pages."""


@dataclass(frozen=True, kw_only=True)
@typed
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


@dataclass(frozen=True, kw_only=True)
@typed
class RemoteFile:
    """A file stored by the provider.

    Attributes:
        id: The provider's id.
        filename: Its name there.
        size_bytes: Its size there; None where the provider does not say.
        status: What the provider made of it, e.g. "processed" or "error"; None where it does not say.
    """

    id: str
    filename: str
    size_bytes: int | None = None
    status: str | None = None


OnBytes: TypeAlias = Callable[[int], None]


class FilesBackend(Protocol):
    """What a service must be able to do to store files; each method makes one request and never repeats it."""

    @property
    def account(self) -> str:
        """Whose files and jobs these are, without any secret, and the same as long as it is the same account."""
        ...

    def upload_file(
        self, path: Path, *, filename: str, purpose: str = "fine-tune", on_bytes: OnBytes | None = None
    ) -> RemoteFile:
        """Send a JSONL file under a name; `on_bytes` is called with the bytes sent since its last call."""
        ...

    def list_files(self, *, purpose: str = "fine-tune", after: str | None = None) -> Page[RemoteFile]:
        """Return a page of the account's files of a purpose, newest first."""
        ...

    def retrieve_file(self, file_id: str) -> RemoteFile:
        """Describe a file."""
        ...

    def download_file(self, file_id: str) -> bytes:
        """Fetch a file's content."""
        ...


def check_backend(backend: object, methods: Iterable[str], *, user: str) -> None:
    """Refuse what is not a backend, such as the SDK's client itself.

    Args:
        backend: What was passed.
        methods: What it must be able to do.
        user: Who needs it, for the message.

    Raises:
        DataError: If a method is missing; with the way to make a backend of what was passed.
    """
    if isinstance(backend, type):
        raise DataError(f"{user} takes a backend, not the class {backend.__name__}", hint="Create an instance of it.")
    missing = [name for name in methods if not callable(getattr(backend, name, None))]
    if not missing:
        return
    given = type(backend).__name__
    client = given.removeprefix("Async")
    wrapper = _WRAPPERS.get(client)
    if wrapper is not None:
        hint = f"Wrap the client: {wrapper}({client}(…))."
        raise DataError(f"{user} takes a backend, not the client {given}", hint=hint)
    hint = "OpenAIBackend, TogetherBackend and FireworksBackend are backends; your own needs these methods."
    raise DataError(f"{user} takes a backend; {given} has no {', '.join(missing)}", hint=hint)


_WRAPPERS = {
    "OpenAI": "OpenAIBackend",
    "AzureOpenAI": "OpenAIBackend",
    "Together": "TogetherBackend",
    "Fireworks": "FireworksBackend",
}


def is_gone(error: ServiceError) -> bool:
    """Whether an error says that the thing that was asked for does not exist, or not any more."""
    return error.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
