"""Asking models about one image: the form as it was filled in, and the answers with the time each took."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.datastructures import FormData, UploadFile

from vqaft.data import VQAExample
from vqaft.errors import DataError, ImageError, ServiceError
from vqaft.images import EncodedImage, ImageEncoder, InputLimits, data_url_bytes
from vqaft.records import MessageBuilder
from vqaft.workbench.server_data import ServerData

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
