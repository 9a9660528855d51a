"""What the sections share: templates with escaping and filters, routes with a bound of their own, and cheap polling."""

from __future__ import annotations

import asyncio
import inspect
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias, cast

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from vqaft.report import template_environment
from vqaft.version import __version__
from vqaft.workbench.background import MAX_RESULTS, BackgroundReader
from vqaft.workbench.folder import ProjectFolder
from vqaft.workbench.server_data import ServerData

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
STATES: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "validating_files": ("◌", "Checking files", "waiting"),
        "queued": ("◷", "Queued", "waiting"),
        "running": ("▶", "Training", "going"),
        "paused": ("‖", "Paused", "waiting"),
        "succeeded": ("✓", "Succeeded", "good"),
        "failed": ("✗", "Failed", "bad"),
        "cancelled": ("⊘", "Cancelled", "ended"),
    }
)
"""Sign, words and class of a job's states; the sign and the words say it without color."""


def moment(seconds: int | None) -> Any:
    """Return a time as a `<time>` element, which the page's script shows in the reader's own zone and words.

    Args:
        seconds: Seconds since 1970; None where it is not known.
    """
    from markupsafe import Markup

    if seconds is None:
        return "–"
    at = datetime.fromtimestamp(seconds, tz=UTC)
    return Markup('<time datetime="{}" data-relative>{}</time>').format(at.isoformat(), f"{at:%Y-%m-%d %H:%M} UTC")


def duration(seconds: float | None) -> str:
    """Return a duration in words, e.g. "1 h 20 min", with at most two units.

    Args:
        seconds: At least 0; None where it is not known.
    """
    if seconds is None:
        return "–"
    whole = round(seconds)
    if whole < MINUTE_S:
        return f"{whole} s"
    if whole < HOUR_S:
        return f"{whole // MINUTE_S} min {whole % MINUTE_S} s"
    if whole < DAY_S:
        return f"{whole // HOUR_S} h {whole % HOUR_S // MINUTE_S} min"
    return f"{whole // DAY_S} d {whole % DAY_S // HOUR_S} h"


def number(value: object) -> str:
    """Return a number for reading: whole ones with separators, others with four significant digits.

    Args:
        value: A number, or anything else, which is returned as text.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def state(status: str) -> Any:
    """Return a job's state as a badge.

    Args:
        status: As a `JobView` has it.
    """
    from markupsafe import Markup

    sign, words, kind = STATES.get(status, ("?", status, "ended"))
    badge = '<span class="state {}"><span aria-hidden="true">{}</span> {}</span>'
    return Markup(badge).format(kind, sign, words)  # noqa: S704 - the parts are escaped


PAGE_FILTERS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {"moment": moment, "duration": duration, "number": number, "state": state}
)
"""The filters by the names that templates have for them."""

PREFIX = "/workbench"
TEMPLATES = Path(__file__).parent / "templates"
PAGES_AT_ONCE = 8
"""Pages built concurrently, in threads of their own, so that requests of the API do not wait for them."""
KEPT_FRAGMENTS = 64
FRESH_S = 1.0
"""A polled fragment is built at most once in so many seconds, however often the server's documents change."""
FRAGMENT_HEADER = "vqaft-fragment"
"""Requests of the pages' script have it."""

Handler: TypeAlias = Callable[[Request], Response] | Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, kw_only=True)
class _Fragment:
    tag: str
    html: str
    built_s: float


@dataclass(frozen=True, kw_only=True)
class Section:
    """One entry of the navigation.

    Attributes:
        name: Its first page is `/workbench/{name}`.
        title: Its words in the navigation.
        routes: Its pages, made by `Site.get`, `Site.post` and `Site.polled`.
    """

    name: str
    title: str
    routes: Sequence[Route]


class Site:
    """What every section builds its pages with.

    Args:
        data: The server behind the pages.
        project: The folder whose files the pages show beside the server's; None for none.

    Attributes:
        data: The server behind the pages.
        project: The folder whose files the pages show; None for none.
        reader: Reads large files in the background.

    Raises:
        MissingExtraError: If jinja2 is not installed.
    """

    def __init__(self, data: ServerData, *, project: ProjectFolder | None = None) -> None:
        self.data = data
        self.project = project
        self._readers: list[BackgroundReader] = []
        self.reader = self.background_reader()
        self._environment = _environment()
        self._limiter = CapacityLimiter(PAGES_AT_ONCE)
        self._start = secrets.token_hex(4)
        self._fragments: OrderedDict[str, _Fragment] = OrderedDict()
        self._building: dict[str, asyncio.Task[_Fragment]] = {}
        self._forms = 0

    def show(self, sections: Sequence[Section]) -> None:
        """Set the entries of the navigation."""
        self._environment.globals["sections"] = tuple((section.name, section.title) for section in sections)

    def background_reader(self, *, max_results: int = MAX_RESULTS) -> BackgroundReader:
        """Return a reader that `close` ends.

        Args:
            max_results: How many results it keeps.
        """
        reader = BackgroundReader(max_results=max_results)
        self._readers.append(reader)
        return reader

    def close(self) -> None:
        """End all background reading."""
        for reader in self._readers:
            reader.close()

    def get(self, path: str, handler: Handler) -> Route:
        """Return the route of a page.

        Args:
            path: Its path below `/workbench`.
            handler: Builds the response; a plain function runs in a thread.
        """
        return Route(PREFIX + path, self._endpoint(handler), methods=["GET"])

    def post(self, path: str, handler: Handler) -> Route:
        """Return the route of a form; the guard has checked that one of the server's own pages sent it.

        Args:
            path: Its path below `/workbench`.
            handler: Does what it asks for; a plain function runs in a thread.
        """
        endpoint = self._endpoint(handler)

        async def change(request: Request) -> Response:
            try:
                return await endpoint(request)
            finally:
                self._forms += 1  # whoever changed something sees it at once
                self._fragments.clear()
                self._building.clear()

        return Route(PREFIX + path, change, methods=["POST"])

    def polled(self, path: str, build: Callable[[Request], str]) -> Route:
        """Return the route of a fragment that browsers ask for again and again.

        It is built once for all browsers as long as no document of the server has changed, and at most once in
        `FRESH_S`, except after a form of these pages. A browser that has it is answered by 304 without a thread, a
        query or a template. It must depend on nothing but the address and the documents.

        Args:
            path: Its path below `/workbench`.
            build: Returns the fragment; runs in a thread.
        """

        async def endpoint(request: Request) -> Response:
            known, tag = request.headers.get("if-none-match"), self._tag()
            if known == tag:
                return Response(status_code=304, headers={"etag": tag})
            fragment = await self._fragment(request, tag, build)
            headers = {"etag": fragment.tag}
            if known == fragment.tag:
                return Response(status_code=304, headers=headers)
            return HTMLResponse(fragment.html, headers=headers)

        return Route(PREFIX + path, endpoint, methods=["GET"])

    def page(self, template: str, *, title: str, section: str = "", status: int = 200, **values: Any) -> HTMLResponse:
        """Return a page.

        Args:
            template: The template's file, which extends `page.html.jinja`.
            title: Its title.
            section: The name of the section it belongs to.
            status: The HTTP status.
            values: What the template shows.
        """
        return HTMLResponse(self.render(template, title=title, section=section, **values), status_code=status)

    def render(self, template: str, **values: Any) -> str:
        """Return a template's HTML.

        Args:
            template: The template's file.
            values: What it shows.
        """
        found: str = self._environment.get_template(template).render(**values)
        return found

    def wants_fragment(self, request: Request) -> bool:
        """Return whether the page's script asks, which puts a fragment into the page that is open."""
        return FRAGMENT_HEADER in request.headers

    def fragment(self, html: str) -> HTMLResponse:
        """Return a fragment for the page's script."""
        return HTMLResponse(html)

    def markup(self, html: str) -> Any:
        """Return rendered HTML as what it is, so that a template shows it without escaping it again."""
        from markupsafe import Markup

        return Markup(html)  # noqa: S704 - rendered by `render`, which escapes

    async def in_thread(self, work: Callable[[], Any]) -> Any:
        """Run something that takes time, in a thread of the pages."""
        return await to_thread.run_sync(work, limiter=self._limiter)

    def _endpoint(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        if inspect.iscoroutinefunction(handler):
            return handler

        async def call(request: Request) -> Response:
            return cast("Response", await self.in_thread(lambda: handler(request)))

        return call

    def _tag(self) -> str:
        return f'"{self._start}-{self.data.version}"'

    async def _fragment(self, request: Request, tag: str, build: Callable[[Request], str]) -> _Fragment:
        """Return a fragment that is of the newest documents, or young enough; whoever asks while it is built waits."""
        address = f"{request.url.path}?{request.url.query}"
        kept = self._fragments.get(address)
        if kept is not None and (kept.tag == tag or time.monotonic() - kept.built_s < FRESH_S):
            return kept
        task = self._building.get(address)
        if task is None:
            task = self._building[address] = asyncio.ensure_future(self._built(request, address, build))
        return await asyncio.shield(task)

    async def _built(self, request: Request, address: str, build: Callable[[Request], str]) -> _Fragment:
        tag, began, forms = self._tag(), time.monotonic(), self._forms
        try:
            html = cast("str", await self.in_thread(lambda: build(request)))
        finally:
            if forms == self._forms:
                del self._building[address]
        built = _Fragment(tag=tag, html=html, built_s=began)
        if forms == self._forms:
            self._keep(address, built)
        return built

    def _keep(self, address: str, fragment: _Fragment) -> None:
        self._fragments[address] = fragment
        self._fragments.move_to_end(address)
        while len(self._fragments) > KEPT_FRAGMENTS:
            self._fragments.popitem(last=False)


def _environment() -> Any:
    environment = template_environment(TEMPLATES, extra="workbench")
    environment.filters |= PAGE_FILTERS
    environment.globals |= {"sections": (), "version": __version__}
    return environment
