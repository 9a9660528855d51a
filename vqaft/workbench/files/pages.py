"""Pages of the files: the list, the rows of one file as cards, its images, and the rows that show one image."""

from __future__ import annotations

import contextlib
import hashlib
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from vqaft.errors import ImageError
from vqaft.workbench.background import Report
from vqaft.workbench.files.cards import Card, read_cards, read_row
from vqaft.workbench.files.line_index import LineIndex
from vqaft.workbench.files.opened import FileShelf, OpenedFile
from vqaft.workbench.files.reports import FileReports, ask_survey
from vqaft.workbench.files.survey import Survey
from vqaft.workbench.site import Section, Site
from vqaft.workbench.thumbnails import MIME, SIDES, ThumbnailCache

ROWS_A_PAGE = 12
FILES_A_PAGE = 50
MAX_SAME = 24
"""Rows of one image that are shown on one page."""
EAGER_BYTES = 48 * 1024 * 1024
"""A file up to this length is indexed as a whole when it is opened."""
BLOCKS_AT_ONCE = 16
_DIGITS = 15


def files_section(site: Site) -> Section:
    """Return the section.

    Args:
        site: What its pages are built with.
    """
    shelf = FileShelf(site)
    pages = _Pages(site, shelf)
    reports = FileReports(site, shelf)
    routes = (
        site.get("/files", pages.list),
        site.get("/files/{source}/{file}", pages.rows),
        site.get("/files/{source}/{file}/images/{line:int}/{number:int}", pages.image),
        site.get("/files/{source}/{file}/same/{line:int}/{number:int}", pages.same),
        *reports.routes(),
    )
    return Section(name="files", title="Files", routes=routes)


class _Pages:
    def __init__(self, site: Site, shelf: FileShelf) -> None:
        self._site, self._shelf = site, shelf
        self._pictures = ThumbnailCache()

    def list(self, request: Request) -> Response:
        after = request.query_params.get("after") or None
        stored, more = self._site.data.files(after=after, limit=FILES_A_PAGE)
        project = self._site.project
        found = () if project is None or after else project.files({"training"})
        return self._site.page(
            "files/list.html.jinja",
            title="Files",
            section="files",
            found=found[:FILES_A_PAGE],
            left_out=max(0, len(found) - FILES_A_PAGE),
            folder=None if project is None else str(project.path),
            stored=stored,
            after=after,
            older=stored[-1]["id"] if more else None,
        )

    def rows(self, request: Request) -> Response:
        file = self._shelf.opened(request)
        index = self._shelf.index(file)
        if file.size_bytes <= EAGER_BYTES:
            index.extend()
        else:
            self._site.reader.ask("lines", file.path, lambda report: _index_all(index, report))
        asked = _line(request)
        first = (asked - 1) // ROWS_A_PAGE * ROWS_A_PAGE + 1
        if first != asked:
            return RedirectResponse(file.row_url(asked, rows=ROWS_A_PAGE), 303)
        cards = read_cards(index, first, ROWS_A_PAGE)
        following = cards[-1].line + 1 if cards else first
        return self._site.page(
            "files/rows.html.jinja",
            title=file.name,
            section="files",
            tab="rows",
            file=file,
            cards=cards,
            first=first,
            lines=index.lines,
            before=max(1, first - ROWS_A_PAGE) if first > 1 else None,
            following=following if index.has(following) else None,
            same=self._same_counts(file, cards),
        )

    def image(self, request: Request) -> Response:
        """Answer an image of a row as a picture: pixels alone, of bounded size, whatever the file holds."""
        file = self._shelf.opened(request)
        row = read_row(self._shelf.index(file), request.path_params["line"])
        images = () if row is None else row.images
        number = request.path_params["number"]
        content = images[number].content if number < len(images) else None
        if content is None:
            raise HTTPException(404, "There is no such image in the file.")
        side = SIDES[1] if request.query_params.get("size") == "large" else SIDES[0]
        return self._picture(request, content, side)

    def same(self, request: Request) -> Response:
        """Show the other rows of one image; they are known once the file has been read through."""
        file, line = self._shelf.opened(request), request.path_params["line"]
        row = read_row(self._shelf.index(file), line)
        number = request.path_params["number"]
        if row is None or number >= len(row.images):
            raise HTTPException(404, "There is no such image in the file.")
        reading = ask_survey(self._site, file)
        values: dict[str, Any] = {"file": file, "line": line, "number": number, "reading": reading}
        if reading.status == "done":
            survey: Survey = reading.value
            lines = survey.lines_with(row.images[number].key, most=MAX_SAME + 1)
            values["cards"] = self._cards(file, lines[:MAX_SAME])
            values["is_cut"] = survey.images_are_cut or len(lines) > MAX_SAME
        return self._site.page("files/same.html.jinja", title="Rows of one image", section="files", **values)

    def _cards(self, file: OpenedFile, lines: tuple[int, ...]) -> tuple[Card, ...]:
        index = self._shelf.index(file)
        return tuple(card for line in lines for card in read_cards(index, line, 1))

    def _same_counts(self, file: OpenedFile, cards: tuple[Card, ...]) -> dict[tuple[int, int], int]:
        """Return how many other rows show each image, where the file was read through before."""
        reading = self._site.reader.known("survey", file.path)
        if reading is None or reading.status != "done":
            return {}
        survey: Survey = reading.value
        return {
            (card.line, image.number): len(survey.lines_with(image.key, most=MAX_SAME + 1)) - 1
            for card in cards
            for image in card.images
        }

    def _picture(self, request: Request, content: bytes, side: int) -> Response:
        tag = f'"{hashlib.sha256(content).hexdigest()[:32]}-{side}"'
        headers = {"etag": tag, "cache-control": "private, no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        try:
            made = self._pictures.picture(content, side=side)
        except ImageError as error:
            raise HTTPException(415, f"This image cannot be shown: {error.message}.") from error
        return Response(made, media_type=MIME, headers=headers)


def _index_all(index: LineIndex, report: Report) -> None:
    while index.lines is None:
        index.extend(blocks=BLOCKS_AT_ONCE)
        report(index.indexed_bytes)


def _line(request: Request) -> int:
    with contextlib.suppress(ValueError):
        return max(1, int(request.query_params.get("line", "1")[:_DIGITS]))
    return 1
