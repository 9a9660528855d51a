"""The workbench: pages in front of the server's API, on the same address."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from urllib.parse import urlsplit

from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vqaft.errors import DataError, ServiceError, StateError, VqaftError
from vqaft.server import ApiError, Served
from vqaft.workbench.files import files_section
from vqaft.workbench.folder import ProjectFolder
from vqaft.workbench.guard import SESSION_S, Login, PageGuard, session_cookie, session_token
from vqaft.workbench.jobs import jobs_section
from vqaft.workbench.label import label_section
from vqaft.workbench.reports import reports_section
from vqaft.workbench.server_data import ServerData
from vqaft.workbench.site import PREFIX, Section, Site
from vqaft.workbench.try_it import try_section

STATIC = Path(__file__).parent / "static"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


class Assets:
    """The files of the folder `static`, read once."""

    def __init__(self) -> None:
        contents = {path.name: path.read_bytes() for path in sorted(STATIC.iterdir()) if path.suffix in TYPES}
        self._files = {
            name: (content, f'"{hashlib.sha256(content).hexdigest()[:32]}"', TYPES[Path(name).suffix])
            for name, content in contents.items()
        }

    def answer(self, request: Request) -> Response:
        """Return a file, or 304 where the browser has it."""
        found = self._files.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404, "There is no such file.")
        content, tag, kind = found
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"etag": tag})
        return Response(content, media_type=kind, headers={"etag": tag})


SECTIONS: Sequence[Callable[[Site], Section]] = (
    jobs_section,
    files_section,
    try_section,
    label_section,
    reports_section,
)
"""The sections in the order of the navigation; the first one is where a user arrives."""
STATUSES: Mapping[type[Exception], int] = {ServiceError: 400, DataError: 400, StateError: 503}
"""Status of an error's page, by its kind."""
MAX_CODE = 200


class Workbench:
    """ASGI application that answers the pages itself, and gives every other request to the API.

    Example:
        >>> serve(folder, api_key=key, wrap=Workbench)  # doctest: +SKIP

    Args:
        served: The server that the pages show.
        project: A folder whose training files, evaluations and reports the pages show too; people's verdicts are
            written into it.

    Raises:
        MissingExtraError: If jinja2 is not installed.
        StateError: If the project's folder is not a folder.
    """

    def __init__(self, served: Served, *, project: Path | None = None) -> None:
        self._served = served
        self._login = Login()
        self._site = Site(ServerData(served), project=None if project is None else ProjectFolder(project))
        self._assets = Assets()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; before the server has stopped, end what is read in the background."""
        if scope["type"] == "lifespan":
            await self._served.app(scope, receive, partial(self._closing, send))
            return
        is_page = scope["type"] == "http" and (scope["path"] == "/" or f"{scope['path']}/".startswith(f"{PREFIX}/"))
        await (self._pages if is_page else self._served.app)(scope, receive, send)

    async def _closing(self, send: Send, message: Message) -> None:
        if message["type"] == "lifespan.shutdown.complete":
            await to_thread.run_sync(self._site.close)
        await send(message)

    def login_url(self, base_url: str) -> str:
        """Return a link that signs a browser in, once, within five minutes.

        Args:
            base_url: The address of the API or of the server, e.g. `http://127.0.0.1:8000/v1`.
        """
        parts = urlsplit(base_url)
        # An address that means "all of this machine's" is none that a browser can open everywhere.
        place = parts.netloc.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]")  # noqa: S104
        # The code is the fragment, which browsers send to no server and so stands in no log.
        return f"{parts.scheme}://{place}/#code={self._login.new_code()}"

    @cached_property
    def _pages(self) -> ASGIApp:
        sections = [make(self._site) for make in SECTIONS]
        self._site.show(sections)
        first = f"{PREFIX}/{sections[0].name}"
        pages = Starlette(
            routes=[
                Route("/", lambda _: RedirectResponse(first, 303)),
                Route(PREFIX, lambda _: RedirectResponse(first, 303)),
                Route(f"{PREFIX}/static/{{name}}", self._assets.answer),
                Route(f"{PREFIX}/login", self._sign_in, methods=["POST"]),
                Route(f"{PREFIX}/logout", self._sign_out, methods=["POST"]),
                Route(f"{PREFIX}/link", self._link, methods=["POST"]),
                *(route for section in sections for route in section.routes),
            ],
            exception_handlers={VqaftError: self._on_error, HTTPException: self._on_http_error},
        )
        return PageGuard(app=pages, signed_out=self._signed_out, login=self._login, hosts=self._served.hosts)

    async def _signed_out(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = self._site.page("login.html.jinja", title="Sign in", status=401, problem="")
        await page(scope, receive, send)

    async def _sign_in(self, request: Request) -> Response:
        async with request.form(max_files=0, max_fields=5) as form:
            code = str(form.get("code", ""))[:MAX_CODE].strip()
        # People also paste the whole link.
        token = self._login.redeem(code.rpartition("#code=")[2])
        if token is None:
            problem = "That code is wrong, was used already, or is older than five minutes."
            return self._site.page("login.html.jinja", title="Sign in", status=403, problem=problem)
        response = RedirectResponse("/", 303)
        response.set_cookie(
            session_cookie(request.scope), token, max_age=int(SESSION_S), httponly=True, samesite="strict"
        )
        return response

    async def _sign_out(self, request: Request) -> Response:
        self._login.end(session_token(request.scope))
        response = RedirectResponse("/", 303)
        response.delete_cookie(session_cookie(request.scope), httponly=True, samesite="strict")
        return response

    async def _link(self, request: Request) -> Response:
        """Give the code of a new link to whoever has the server's key: the command line."""
        sent = request.headers.get("authorization", "")
        if not hmac.compare_digest(sent.encode(), f"Bearer {self._served.api_key}".encode()):
            return JSONResponse({"error": {"message": "Incorrect API key provided."}}, status_code=401)
        return JSONResponse({"code": self._login.new_code()})

    def _on_error(self, request: Request, error: Exception) -> Response:
        status = next((code for kind, code in STATUSES.items() if isinstance(error, kind)), 500)
        return self._problem(request, str(error), error.status if isinstance(error, ApiError) else status)

    def _on_http_error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - starlette's handlers are typed for any exception
        return self._problem(request, error.detail, error.status_code)

    def _problem(self, request: Request, message: str, status: int) -> Response:
        template = "problem.html.jinja" if self._site.wants_fragment(request) else "error.html.jinja"
        return self._site.page(template, title="Something is wrong", status=status, message=message)
