"""Files that the pages open: those of the server, by their ids, and the training files of the project's folder."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from starlette.exceptions import HTTPException
from starlette.requests import Request

from vqaft.workbench.background import file_identity
from vqaft.workbench.files.line_index import LineIndex
from vqaft.workbench.site import PREFIX, Site

Source: TypeAlias = Literal["folder", "server"]
MAX_INDEXES = 16


@dataclass(frozen=True, kw_only=True)
class OpenedFile:
    """A file that a page shows.

    Attributes:
        source: Where it was found.
        id: What requests name it by.
        name: Its name for people.
        path: Where it is.
        size_bytes: Its length.
    """

    source: Source
    id: str
    name: str
    path: Path
    size_bytes: int

    @property
    def url(self) -> str:
        """The address of its first page."""
        return f"{PREFIX}/files/{self.source}/{self.id}"

    def row_url(self, line: int, *, rows: int) -> str:
        """Return the address of the page that shows a line.

        Args:
            line: The line, from 1.
            rows: How many rows a page has.
        """
        return f"{self.url}?line={(line - 1) // rows * rows + 1}#line-{line}"


class FileShelf:
    """Finds files by what requests say, and keeps the indexes of those that were opened last.

    Args:
        site: What the pages are built with.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._lock = threading.Lock()
        self._indexes: OrderedDict[tuple[str, int, int, int, int], LineIndex] = OrderedDict()

    def opened(self, request: Request) -> OpenedFile:
        """Return the file that a request names.

        Args:
            request: The request, with `source` and `file` in its path.

        Raises:
            HTTPException: 404 if there is none.
        """
        source, name = request.path_params["source"], request.path_params["file"]
        found = self._of_server(name) if source == "server" else self._of_folder(name) if source == "folder" else None
        if found is None:
            raise HTTPException(404, "There is no such file, or it is gone.")
        return found

    def index(self, file: OpenedFile) -> LineIndex:
        """Return the lines of a file as it is now.

        Args:
            file: The file.

        Raises:
            StateError: If it cannot be read.
        """
        key = (str(file.path), *file_identity(file.path))
        with self._lock:
            index = self._indexes.pop(key, None) or LineIndex(file.path)
            self._indexes[key] = index
            while len(self._indexes) > MAX_INDEXES:
                self._indexes.popitem(last=False)
        return index

    def _of_server(self, name: str) -> OpenedFile | None:
        document = self._site.data.file(name)
        path = self._site.data.file_path(name)
        if document is None or not path.is_file():
            return None
        filename, size = str(document["filename"]), int(document["bytes"])
        return OpenedFile(source="server", id=name, name=filename, path=path, size_bytes=size)

    def _of_folder(self, name: str) -> OpenedFile | None:
        project = self._site.project
        found = None if project is None else project.file(name, {"training"})
        if found is None:
            return None
        return OpenedFile(source="folder", id=name, name=found.name, path=found.path, size_bytes=found.size_bytes)
