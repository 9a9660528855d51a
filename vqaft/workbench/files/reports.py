"""What is known of a whole file: its check by rule, its answers, its cost. Read in the background, shown when done.

A check is kept by rule: of each its first findings and their number.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from vqaft.check import CheckReport, Problem, check_file
from vqaft.cost import estimate_cost
from vqaft.providers import AZURE, FIREWORKS, OPENAI, TOGETHER, ProviderLimits, load_prices
from vqaft.workbench.background import Reading, Report
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


Severity: TypeAlias = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
PROVIDERS: dict[str, ProviderLimits] = {
    "openai": OPENAI,
    "azure": AZURE,
    "together": TOGETHER,
    "fireworks": FIREWORKS,
}
MAX_SHOWN = 100
"""Findings of one rule that are kept."""


@dataclass(frozen=True, kw_only=True)
class RuleFindings:
    """What one rule found in a file.

    Attributes:
        code: The rule's name.
        severity: How bad it is.
        remedy: What to do about it.
        count: How often it found something.
        first: Its first findings, in the order of the file.
    """

    code: str
    severity: Severity
    remedy: str
    count: int
    first: tuple[Problem, ...]

    @property
    def more(self) -> int:
        """Findings that are not among the first."""
        return self.count - len(self.first)


@dataclass(frozen=True, kw_only=True)
class Findings:
    """A check report, sorted by rule.

    Attributes:
        provider: Whose limits were checked.
        rows: How many rows were looked at.
        rules: The rules that found something: errors first, then by how often.
        unchecked: The provider's limits that are not known.
    """

    provider: str
    rows: int
    rules: tuple[RuleFindings, ...]
    unchecked: tuple[str, ...]

    def count(self, severity: Severity) -> int:
        """Return how many findings of a severity there are.

        Args:
            severity: The severity.
        """
        return sum(rule.count for rule in self.rules if rule.severity == severity)


def check_findings(path: Path, provider: str) -> Findings:
    """Check a file.

    Args:
        path: The file.
        provider: A name in `PROVIDERS`.

    Raises:
        DataError: If the file cannot be read.
    """
    return by_rule(check_file(path, limits=PROVIDERS[provider]))


def by_rule(report: CheckReport, *, most: int = MAX_SHOWN) -> Findings:
    """Sort a report by rule.

    Args:
        report: The report.
        most: How many findings of one rule to keep.
    """
    counts = Counter(problem.code for problem in report.problems)
    first: dict[str, list[Problem]] = {}
    for problem in report.problems:
        kept = first.setdefault(problem.code, [])
        if len(kept) < most:
            kept.append(problem)
    rules = [
        RuleFindings(
            code=code,
            severity=kept[0].severity,
            remedy=kept[0].remedy,
            count=counts[code],
            first=tuple(kept),
        )
        for code, kept in first.items()
    ]
    rules.sort(key=_weight)
    return Findings(provider=report.provider, rows=report.rows, rules=tuple(rules), unchecked=report.unchecked)


def _weight(rule: RuleFindings) -> tuple[int, int, str]:
    return SEVERITIES.index(rule.severity), -rule.count, rule.code
