"""Pages of the section: the form, several models asked about one image, and collections that take in examples."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, cast

from anyio import CapacityLimiter, to_thread
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from vqaft.data import VQAExample
from vqaft.engines import JUDGE_MODEL
from vqaft.errors import DataError, ImageError, ServiceError
from vqaft.images import EncodedImage, ImageEncoder, InputLimits, data_url_bytes
from vqaft.records import MessageBuilder
from vqaft.workbench.server_data import ServerData
from vqaft.workbench.site import Section, Site
from vqaft.workbench.try_it.collection import Collections

IMAGES_AT_ONCE = 2
"""Images decoded concurrently: each may take 300 MB for a moment."""
MAX_PART_BYTES = 30_000_000
"""The longest field of a form: an image as a data URL."""
COLLECTION = "corrections"
"""The name that is proposed for the first file of examples."""


def try_section(site: Site) -> Section:
    """Return the section.

    Args:
        site: What its pages are built with.
    """
    pages = _Pages(site=site, collections=Collections(site.data.folder), decoding=CapacityLimiter(IMAGES_AT_ONCE))
    routes = (
        site.get("/try", pages.form),
        site.post("/try", pages.ask),
        site.post("/try/examples", pages.take),
        site.get("/try/examples/{name}", pages.download),
        site.post("/try/examples/{name}", pages.use),
    )
    return Section(name="try", title="Try it", routes=routes)


@dataclass(frozen=True, kw_only=True)
class _Pages:
    site: Site
    collections: Collections
    decoding: CapacityLimiter

    async def form(self, request: Request) -> Response:
        return await self._page(chosen=dict(request.query_params))

    async def ask(self, request: Request) -> Response:
        async with _opened(request) as form:
            asked = await self._asked(form)
            chosen = {name: str(form.get(name) or "") for name in ("base", "tuned")}
        models = tuple(dict.fromkeys(model for model in chosen.values() if model))
        answers = await ask_all(self.site.data, asked, models)
        said = next((answer.text for answer in reversed(answers) if answer.text), "")
        values = {"asked": asked, "answers": answers, "said": said}
        return await self._answered("try_it/answers.html.jinja", values, request, chosen=chosen)

    async def take(self, request: Request) -> Response:
        async with _opened(request) as form:
            asked = await self._asked(form)
            answer, name = read_text(form, "answer"), read_text(form, "file")
        record = asked.builder().record(asked.example(answer))
        taken = await self.site.in_thread(lambda: self.collections.append(name, record))
        return await self._answered("try_it/taken.html.jinja", {"taken": taken}, request)

    def download(self, request: Request) -> Response:
        path = self.collections.path(request.path_params["name"])
        if not path.is_file():
            raise HTTPException(404, "There is no such file of examples.")
        return FileResponse(path, media_type="application/jsonl", filename=path.name)

    async def use(self, request: Request) -> Response:
        """Store a collection as a training file of the server."""
        path = self.collections.path(request.path_params["name"])
        if not path.is_file():
            raise HTTPException(404, "There is no such file of examples.")
        file = await self.site.in_thread(lambda: self.site.data.store_file(path))
        return await self._answered("try_it/used.html.jinja", {"file": file, "name": path.name}, request)

    async def _asked(self, form: FormData) -> Asked:
        content = await read_image(form)
        image = await to_thread.run_sync(ENCODER.encode, content, limiter=self.decoding)
        return Asked(image=image, question=read_text(form, "question"), system=read_text(form, "system", needed=False))

    async def _answered(
        self, template: str, values: Mapping[str, Any], request: Request, *, chosen: Mapping[str, str] | None = None
    ) -> Response:
        """Return a fragment to the page's script, and to a browser without scripts the whole page."""
        listed = await self.site.in_thread(self.collections.all)
        fragment = self.site.render(template, collections=listed, collection=_newest(listed), **values)
        if self.site.wants_fragment(request):
            return self.site.fragment(fragment)
        return await self._page(chosen=chosen or {}, result=self.site.markup(fragment), asked=values.get("asked"))

    async def _page(self, *, chosen: Mapping[str, str], result: Any = "", asked: Asked | None = None) -> Response:
        models, listed = await asyncio.gather(self.site.data.models(), self.site.in_thread(self.collections.all))
        base, tuned = _sorted(models)
        return self.site.page(
            "try_it/form.html.jinja",
            title="Try it",
            section="try",
            base=base,
            tuned=tuned,
            chosen=_chosen(chosen, base, tuned),
            collections=listed,
            collection=_newest(listed),
            result=result,
            asked=asked,
        )


def _opened(request: Request) -> AbstractAsyncContextManager[FormData]:
    form = request.form(max_files=1, max_fields=20, max_part_size=MAX_PART_BYTES)
    return cast("AbstractAsyncContextManager[FormData]", form)


def _newest(collections: Sequence[Any]) -> str:
    return max(collections, key=lambda each: each.changed_s).name if collections else COLLECTION


def _sorted(models: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[str]]:
    """Return the names of the base models and of the tuned ones, the newest first; a judge answers no questions."""
    names = [(str(model["id"]), model["owned_by"] == "vqaft") for model in models if model["id"] != JUDGE_MODEL]
    return [name for name, own in names if own], [name for name, own in names if not own]


def _chosen(wanted: Mapping[str, str], base: Sequence[str], tuned: Sequence[str]) -> dict[str, str]:
    """Return which models are chosen at first: the newest tuned one, and the one that it was made of."""
    second = wanted.get("tuned", tuned[0] if tuned else "")
    made_of = next((name for name in base if second.startswith(f"ft:{name}:")), base[0] if base else "")
    return {"base": wanted.get("base", made_of), "tuned": second}


MAX_IMAGE_BYTES = 20_000_000
MAX_TEXT = 20_000
"""Characters of a question, of instructions, of an answer."""
ENCODER = ImageEncoder(max_side=2048, accepted=InputLimits(max_bytes=MAX_IMAGE_BYTES, max_pixels=40_000_000))


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One question about one image.

    Attributes:
        image: The image, as training rows and requests hold it.
        question: The question.
        system: The instructions; empty for none.
    """

    image: EncodedImage = field(repr=False)
    question: str
    system: str

    def builder(self) -> MessageBuilder:
        """Return what builds its request and its training row."""
        return MessageBuilder(system=self.system or None, encoder=ENCODER)

    def example(self, *answers: str) -> VQAExample:
        """Return it as an example.

        Args:
            answers: The answer to train on; none to ask.
        """
        return VQAExample(id="tried", image=self.image.data, question=self.question, answers=answers)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one model said.

    Attributes:
        model: Its name.
        text: The answer; None where there is none.
        problem: Why there is none.
        seconds: How long it took.
    """

    model: str
    text: str | None
    problem: str | None = None
    seconds: float


async def read_image(form: FormData) -> bytes:
    """Return the bytes of the image that a form carries: a file, or a `data:` URL that an earlier answer brought.

    Raises:
        ImageError: If there is none.
    """
    sent = form.get("image")
    if isinstance(sent, UploadFile) and sent.size:
        return await sent.read(MAX_IMAGE_BYTES + 1)
    if url := form.get("image_url"):
        return data_url_bytes(str(url), ENCODER.accepted)
    raise ImageError("there is no image", hint="Choose a file, drop one, or paste one.")


def read_text(form: FormData, name: str, *, needed: bool = True) -> str:
    """Return a text field of a form, without the space around it and with plain line breaks.

    Raises:
        DataError: If it is empty and needed, or too long.
    """
    text = str(form.get(name) or "").replace("\r\n", "\n").strip()
    if needed and not text:
        raise DataError(f"the {name} is empty", hint="Fill it in.")
    if len(text) > MAX_TEXT:
        raise DataError(f"the {name} has {len(text):,} characters, more than {MAX_TEXT:,}")
    return text


async def ask_all(data: ServerData, asked: Asked, models: Sequence[str]) -> tuple[Answer, ...]:
    """Ask models one after the other, so that none slows another down; a failure is an answer without a text.

    Args:
        data: The server.
        asked: The question.
        models: Their names.
    """
    messages = asked.builder().request_json(asked.example())
    answers = []
    for model in models:
        began = time.perf_counter()
        text, problem = None, None
        try:
            text = await data.ask(model, messages)
        except ServiceError as error:
            problem = str(error)
        answers.append(Answer(model=model, text=text, problem=problem, seconds=time.perf_counter() - began))
    return tuple(answers)
