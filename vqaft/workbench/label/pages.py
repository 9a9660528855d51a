"""Pages of labeling: the choice of what to label, one answer at a time, and the agreement."""

from __future__ import annotations

import contextlib
import hashlib
from collections import OrderedDict
from pathlib import Path
from typing import Any

from starlette.datastructures import FormData, QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from vqaft.errors import DataError, ImageError
from vqaft.images import is_web_address
from vqaft.workbench.background import Reading
from vqaft.workbench.folder import FileKind, FoundFile, ProjectFolder
from vqaft.workbench.label.items import load_task
from vqaft.workbench.label.session import LabelSession, SessionFiles, tables_of
from vqaft.workbench.label.table import MAX_PERSON, PREFIX, VerdictTable
from vqaft.workbench.site import PREFIX as ROOT
from vqaft.workbench.site import Section, Site
from vqaft.workbench.thumbnails import MIME, ThumbnailCache

ANSWERS: tuple[FileKind, ...] = ("comparison", "evaluation", "predictions")
SIDES = {"large": 1600, "": 900}
"""The longest side in pixels of a picture beside its question, and of one that fills the window."""
MAX_TASKS = 6
MAX_TABLES = 32
MAX_CORRECTED = 2_000
_UNDO = "undo"


def label_section(site: Site) -> Section:
    """Return the section.

    Args:
        site: What its pages are built with.
    """
    pages = _Pages(site)
    routes = (
        site.get("/label", pages.choose),
        site.get("/label/rate", pages.rate),
        site.post("/label/rate", pages.say),
        site.get("/label/picture", pages.picture),
        site.get("/label/agreement", pages.agreement),
    )
    return Section(name="label", title="Label", routes=routes)


class _Pages:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._tasks = site.background_reader(max_results=MAX_TASKS)
        self._pictures = ThumbnailCache()
        self._tables: OrderedDict[Path, VerdictTable] = OrderedDict()

    def choose(self, _: Request) -> Response:
        project = self._site.project
        found = () if project is None else project.files()
        examples = [file for file in found if file.kind == "examples"]
        return self._site.page(
            "label/choose.html.jinja",
            title="Label",
            section="label",
            folder=None if project is None else str(project.path),
            answers=[file for file in found if file.kind in ANSWERS],
            examples=[file for file in examples if not Path(file.name).name.startswith(PREFIX)],
            tables=[file for file in examples if Path(file.name).name.startswith(PREFIX)],
            max_person=MAX_PERSON,
        )

    def rate(self, request: Request) -> Response:
        files = self._files(request.query_params)
        reading = self._reading(files)
        if reading.status != "done":
            return self._waiting(files, reading, title="Label")
        session = self._session(files, reading)
        at = self._place(request.query_params, session)
        if at is None:
            return RedirectResponse(f"{ROOT}/label/agreement?{files.query}", 303)
        last = session.place_of(request.query_params.get("last", ""))
        return self._site.page(
            "label/rate.html.jinja",
            title=f"Label {at + 1}",
            section="label",
            files=files,
            session=session,
            task=session.task,
            at=at,
            item=session.task.items[at],
            verdict=session.verdict(session.task.items[at]),
            done=self._done(session),
            last=None if last is None else session.task.items[last],
            last_verdict=None if last is None else session.verdict(session.task.items[last]),
            following=session.next_place(at),
        )

    async def say(self, request: Request) -> Response:
        async with request.form(max_files=0, max_fields=10) as form:
            sent = form
        answer: Response = await self._site.in_thread(lambda: self._said(request.query_params, sent))
        return answer

    def picture(self, request: Request) -> Response:
        """Answer an image of an example as a picture: pixels alone."""
        files = self._files(request.query_params)
        reading = self._reading(files)
        session = self._session(files, reading) if reading.status == "done" else None
        at = None if session is None else session.place_of(request.query_params.get("key", ""))
        images = () if session is None or at is None else session.task.items[at].example.images
        with contextlib.suppress(ValueError):
            number = int(request.query_params.get("image", "0")[:4])
            if 0 <= number < len(images):
                return self._picture(request, images[number])
        raise HTTPException(404, "There is no such image.")

    def agreement(self, request: Request) -> Response:
        files = self._files(request.query_params)
        reading = self._reading(files)
        if reading.status != "done":
            return self._waiting(files, reading, title="Agreement")
        session = self._session(files, reading)
        return self._site.page(
            "label/agreement.html.jinja",
            title="Agreement",
            section="label",
            files=files,
            task=session.task,
            table=session.table.path.name,
            done=self._done(session),
            left=session.next_place(),
            found=session.agreement(tables_of(self._project, files.answers)),
        )

    @property
    def _project(self) -> ProjectFolder:
        if self._site.project is None:
            raise HTTPException(404, "The server was started without a project's folder.")
        return self._site.project

    def _files(self, query: QueryParams) -> SessionFiles:
        """Return what a request names, or refuse it."""
        project = self._project

        def found(name: str, kinds: tuple[FileKind, ...]) -> FoundFile | None:
            wanted = query.get(name, "")
            file = project.file(wanted, kinds) if wanted else None
            if wanted and file is None:
                raise HTTPException(404, f"The file of the {name} is gone.")
            return file

        answers = found("answers", ANSWERS)
        if answers is None:
            raise HTTPException(404, "No answers were chosen.")
        second = found("second", ("evaluation", "predictions"))
        if second is not None and answers.kind == "comparison":
            raise DataError("a comparison holds two models already", hint="Choose no second file beside it.")
        files = SessionFiles(
            answers=answers,
            second=None if second is None or second.id == answers.id else second,
            examples=found("examples", ("examples", "training")),
            person=query.get("person", "").strip(),
        )
        files.table_path(project)  # refuses names that no file can have
        return files

    def _waiting(self, files: SessionFiles, reading: Reading, *, title: str) -> Response:
        return self._site.page("label/waiting.html.jinja", title=title, section="label", files=files, reading=reading)

    def _reading(self, files: SessionFiles) -> Reading:
        sources = files.task_files(self._project)
        others = tuple(str(path) for path in (sources.second, *sources.examples) if path is not None)
        return self._tasks.ask("task", sources.answers, lambda _: load_task(sources), settings=others)

    def _session(self, files: SessionFiles, reading: Reading) -> LabelSession:
        path = files.table_path(self._project)
        table = self._tables.pop(path, None) or VerdictTable(path, person=files.person)
        self._tables[path] = table
        while len(self._tables) > MAX_TABLES:
            self._tables.popitem(last=False)
        return LabelSession(task=reading.value, table=table)

    def _said(self, query: QueryParams, form: FormData) -> Response:
        files = self._files(query)
        reading = self._reading(files)
        place = f"{ROOT}/label/rate?{files.query}"
        if reading.status != "done":
            return RedirectResponse(place, 303)
        session = self._session(files, reading)
        value, key = str(form.get("verdict", "")), str(form.get("key", ""))
        if value == _UNDO:
            undone = session.table.undo()
            back = None if undone is None else session.place_of_verdict(undone)
            return RedirectResponse(place if back is None else f"{place}&at={back + 1}", 303)
        at = session.place_of(key)
        if at is None:
            raise HTTPException(404, "There is no such answer.")
        item = session.task.items[at]
        session.say(item, value, corrected=str(form.get("corrected", ""))[:MAX_CORRECTED])
        following = session.next_place(at)
        if following is None:
            return RedirectResponse(f"{ROOT}/label/agreement?{files.query}", 303)
        return RedirectResponse(f"{place}&at={following + 1}&last={item.key}", 303)

    def _place(self, query: QueryParams, session: LabelSession) -> int | None:
        """Return the place that an address names, counted from 1 there; by default the next without a verdict."""
        with contextlib.suppress(ValueError, KeyError):
            return min(len(session.task.items), max(1, int(query["at"][:9]))) - 1
        return session.next_place()

    def _done(self, session: LabelSession) -> int:
        done = session.table.verdicts
        return sum((item.example.id, item.answer) in done for item in session.task.items)

    def _picture(self, request: Request, image: Any) -> Response:
        side = SIDES.get(request.query_params.get("size", ""), SIDES[""])
        if is_web_address(image):
            raise HTTPException(404, "The image is elsewhere, and is not fetched.")
        try:
            made = self._pictures.picture_of(image, side=side)
        except ImageError as error:
            raise HTTPException(415, f"This image cannot be shown: {error.message}.") from error
        tag = f'"{hashlib.sha256(made).hexdigest()[:32]}"'
        headers = {"etag": tag, "cache-control": "private, no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(made, media_type=MIME, headers=headers)
