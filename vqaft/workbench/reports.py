"""The section "Reports": the list, what each says in one sentence, and one inside a frame that can reach nothing."""

from __future__ import annotations

import html
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from vqaft.errors import StateError, VqaftError
from vqaft.evaluation import Evaluation, ModelComparison, estimate_text, read_comparison
from vqaft.report import render_report
from vqaft.workbench.background import Report
from vqaft.workbench.folder import FileKind, FoundFile
from vqaft.workbench.site import Section, Site

KINDS: tuple[FileKind, ...] = ("report", "audit", "comparison", "evaluation")
MAX_LISTED = 100
MAX_PAGE_BYTES = 200_000_000
MAX_RENDERED = 4
"""Pages made of comparisons that are kept in memory."""
FRAME_POLICY = (
    "sandbox allow-scripts; default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""A report has an origin of its own: no cookie, no storage, no other page, no request.

Its own policy, in the file, holds beside this one, and names its script by its hash.
"""


def reports_section(site: Site) -> Section:
    """Return the section.

    Args:
        site: What its pages are built with.
    """
    pages = _Pages(site)
    routes = (
        site.get("/reports", pages.list),
        site.get("/reports/{file}", pages.show),
        site.get("/reports/{file}/page", pages.content),
    )
    return Section(name="reports", title="Reports", routes=routes)


class _Pages:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._rendered = site.background_reader(max_results=MAX_RENDERED)

    def list(self, _: Request) -> Response:
        project = self._site.project
        found = () if project is None else project.files(KINDS)
        return self._site.page(
            "reports/list.html.jinja",
            title="Reports",
            section="reports",
            folder=None if project is None else str(project.path),
            found=[(file, headline(file)) for file in found[:MAX_LISTED]],
            left_out=max(0, len(found) - MAX_LISTED),
        )

    def show(self, request: Request) -> Response:
        file = self._opened(request)
        values: dict[str, Any] = {"file": file, "headline": headline(file)}
        if file.kind == "comparison":
            values["reading"] = self._page_of(file)
        if file.kind == "evaluation":
            evaluation = Evaluation.read(file.path)
            values |= {"evaluation": evaluation, "table": evaluation.summary().table()}
        name = "evaluation" if file.kind == "evaluation" else "report"
        return self._site.page(f"reports/{name}.html.jinja", title=file.name, section="reports", **values)

    def content(self, request: Request) -> Response:
        """Answer a report for the frame of its page, under a policy by which it can reach nothing."""
        file = self._opened(request)
        if file.kind == "evaluation":
            raise HTTPException(404, "An evaluation is shown on its page.")
        if file.kind == "comparison":
            reading = self._page_of(file)
            if reading.status != "done":
                raise HTTPException(404, "The page of this comparison is not made yet.")
            return HTMLResponse(reading.value, headers={"content-security-policy": FRAME_POLICY})
        return HTMLResponse(_bytes_of(file), headers={"content-security-policy": FRAME_POLICY})

    def _page_of(self, file: FoundFile) -> Any:
        def render(_: Report) -> bytes:
            return render_report(read_comparison(file.path)).encode(errors="replace")

        return self._rendered.ask("page", file.path, render)

    def _opened(self, request: Request) -> FoundFile:
        project = self._site.project
        found = None if project is None else project.file(request.path_params["file"], KINDS)
        if found is None:
            raise HTTPException(404, "There is no such report, or it is gone.")
        return found


def _bytes_of(file: FoundFile) -> bytes:
    """Return the file's bytes; one that has become a link, or has grown beyond reason, is refused.

    Raises:
        StateError: If it cannot be read.
    """
    if file.size_bytes > MAX_PAGE_BYTES:
        raise StateError(f"the report is larger than {MAX_PAGE_BYTES // 1_000_000} MB", path=file.path)
    try:
        descriptor = os.open(file.path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(descriptor, "rb") as opened:
            return opened.read(MAX_PAGE_BYTES)
    except OSError as error:
        raise StateError(f"the report cannot be read: {error.strerror}", path=file.path) from error


MAX_PARSED_BYTES = 4 * 1024 * 1024
"""JSON results up to this length are parsed for the list."""
_HEAD_BYTES = 64 * 1024
_DESCRIPTION = re.compile(r'<meta name="description" content="([^"]*)">')


@lru_cache(maxsize=500)
def headline(file: FoundFile) -> str:
    """Return what a result says; empty where that is not known. A file is read once as long as it is the same.

    Args:
        file: A report, an audit, a comparison or an evaluation.
    """
    said = _described(file.path) if file.kind in {"report", "audit"} else _parsed(file)
    return said if file.kind == "evaluation" else said[:1].upper() + said[1:]  # which begins with a model's name


def _parsed(file: FoundFile) -> str:
    if file.size_bytes > MAX_PARSED_BYTES:
        return ""
    try:
        return _result(file)
    except VqaftError as error:
        return f"It cannot be read: {error.message}"


def _result(file: FoundFile) -> str:
    if file.kind == "comparison":
        found = read_comparison(file.path)
        if isinstance(found, ModelComparison):
            return f"{len(found.evaluations)} models: {found.pairs[0].words}"
        return found.overall().words
    evaluation = Evaluation.read(file.path)
    means = ", ".join(f"{mean.scorer} {estimate_text(mean.mean)}" for mean in evaluation.summary(None))
    return f"{evaluation.model}: {means}"


def _described(path: Path) -> str:
    try:
        with path.open("rb") as file:
            start = file.read(_HEAD_BYTES).decode(errors="replace")
    except OSError:
        return ""
    found = _DESCRIPTION.search(start)
    return html.unescape(found[1]) if found else ""
