"""What is known of a whole file: its check by rule, its answers, its cost. Read in the background, shown when done."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from vqaft.cost import estimate_cost
from vqaft.providers import load_prices
from vqaft.workbench.background import Reading, Report
from vqaft.workbench.files.findings import PROVIDERS, check_findings
from vqaft.workbench.files.opened import FileShelf, OpenedFile
from vqaft.workbench.files.survey import Survey, survey_file
from vqaft.workbench.site import Site

WAIT_S, REST_S = 1, 30
"""Seconds between two looks of a page, while a file is being read and afterwards."""
TOP_ANSWERS = 50
MAX_EPOCHS = 100
DEFAULT_MODEL = "gpt-4o-2024-08-06"
_TITLES = {"check": "Check", "answers": "Answers", "cost": "Cost"}


class FileReports:
    """The pages that read a whole file.

    Args:
        site: What the pages are built with.
        shelf: Where the files are found.
    """

    def __init__(self, site: Site, shelf: FileShelf) -> None:
        self._site, self._shelf = site, shelf
        self._asks: dict[str, Callable[[OpenedFile, Request], tuple[Reading, dict[str, Any]]]] = {
            "check": self._check,
            "answers": self._answers,
            "cost": self._cost,
        }

    def routes(self) -> list[Route]:
        """Return the routes: a page and its live part for each report."""
        return [
            self._site.get(f"/files/{{source}}/{{file}}/{tab}{suffix}", partial(handler, tab))
            for tab in _TITLES
            for suffix, handler in (("", self.page), ("/live", self.live))
        ]

    def page(self, tab: str, request: Request) -> Response:
        """Show a report, or that it is being made."""
        file = self._shelf.opened(request)
        live, values = self._render(file, tab, request)
        title = f"{_TITLES[tab]}: {file.name}"
        query = f"?{request.url.query}" if request.url.query else ""
        shown = {"file": file, "tab": tab, "live": self._site.markup(live), "query": query, **values}
        return self._site.page(f"files/{tab}.html.jinja", title=title, section="files", **shown)

    def live(self, tab: str, request: Request) -> Response:
        """Return the part of the page that changes."""
        live, _ = self._render(self._shelf.opened(request), tab, request)
        return HTMLResponse(live)

    def _render(self, file: OpenedFile, tab: str, request: Request) -> tuple[str, dict[str, Any]]:
        reading, values = self._asks[tab](file, request)
        wait = REST_S if reading.finished.is_set() else WAIT_S
        return self._site.render(
            f"files/{tab}_live.html.jinja", file=file, reading=reading, next_s=wait, **values
        ), values

    def _check(self, file: OpenedFile, request: Request) -> tuple[Reading, dict[str, Any]]:
        provider = request.query_params.get("provider", "openai")
        provider = provider if provider in PROVIDERS else "openai"

        def read(_: Report) -> Any:
            return check_findings(file.path, provider)

        reading = self._site.reader.ask("check", file.path, read, settings=(provider,))
        return reading, {"provider": provider, "providers": {name: limits.name for name, limits in PROVIDERS.items()}}

    def _answers(self, file: OpenedFile, _: Request) -> tuple[Reading, dict[str, Any]]:
        reading = ask_survey(self._site, file)
        survey: Survey | None = reading.value
        top = () if survey is None else survey.answers[:TOP_ANSWERS]
        return reading, {"top": top, "most": top[0][1] if top else 1}

    def _cost(self, file: OpenedFile, request: Request) -> tuple[Reading, dict[str, Any]]:
        models = sorted(load_prices().models)
        model = request.query_params.get("model", DEFAULT_MODEL)
        model = model if model in models else DEFAULT_MODEL
        epochs = 3
        with contextlib.suppress(ValueError):
            epochs = min(MAX_EPOCHS, max(1, int(request.query_params.get("epochs", "3")[:4])))

        def read(_: Report) -> Any:
            return estimate_cost(file.path, model=model, epochs=epochs)

        reading = self._site.reader.ask("cost", file.path, read, settings=(model, epochs))
        return reading, {"model": model, "models": models, "epochs": epochs}


def ask_survey(site: Site, file: OpenedFile) -> Reading:
    """Return how far a file has been read through for its answers and images.

    Args:
        site: What the pages are built with.
        file: The file.
    """
    return site.reader.ask("survey", file.path, lambda report: survey_file(file.path, on_progress=report))
