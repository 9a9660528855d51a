"""What the sections share: templates with escaping, routes with a bound of their own, and cheap polling."""

from __future__ import annotations

import inspect
import secrets
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from vqaft.report import template_environment
from vqaft.version import __version__
from vqaft.workbench.background import MAX_RESULTS, BackgroundReader
from vqaft.workbench.folder import ProjectFolder
from vqaft.workbench.page_filters import PAGE_FILTERS
from vqaft.workbench.server_data import ServerData

PREFIX = "/workbench"
TEMPLATES = Path(__file__).parent / "templates"
PAGES_AT_ONCE = 8
"""Pages built concurrently, in threads of their own, so that requests of the API do not wait for them."""
KEPT_FRAGMENTS = 64
FRAGMENT_HEADER = "vqaft-fragment"
"""Requests of the pages' script have it."""

Handler: TypeAlias = Callable[[Request], Response] | Callable[[Request], Awaitable[Response]]


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
        self._fragments: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._lock = threading.Lock()

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
        return Route(PREFIX + path, self._endpoint(handler), methods=["POST"])

    def polled(self, path: str, build: Callable[[Request], str]) -> Route:
        """Return the route of a fragment that browsers ask for again and again.

        It is built once for all browsers as long as no document of the server has changed, and a browser that has it
        is answered by 304 without a thread, a query or a template. It must depend on nothing but the address and the
        documents.

        Args:
            path: Its path below `/workbench`.
            build: Returns the fragment; runs in a thread.
        """

        async def endpoint(request: Request) -> Response:
            tag = f'"{self._start}-{self.data.version}"'
            headers = {"etag": tag}
            if request.headers.get("if-none-match") == tag:
                return Response(status_code=304, headers=headers)
            return HTMLResponse(await self._fragment(request, tag, build), headers=headers)

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

    async def _fragment(self, request: Request, tag: str, build: Callable[[Request], str]) -> str:
        address = f"{request.url.path}?{request.url.query}"
        with self._lock:
            kept = self._fragments.get(address)
        if kept is not None and kept[0] == tag:
            return kept[1]
        built = cast("str", await self.in_thread(lambda: build(request)))
        with self._lock:
            self._fragments[address] = tag, built
            self._fragments.move_to_end(address)
            while len(self._fragments) > KEPT_FRAGMENTS:
                self._fragments.popitem(last=False)
        return built


def _environment() -> Any:
    environment = template_environment(TEMPLATES, extra="workbench")
    environment.filters |= PAGE_FILTERS
    environment.globals |= {"sections": (), "version": __version__}
    return environment
